"""The same meta-step in JAX: ``jit`` of ``vmap`` over tasks, and many steps in one loop."""

import math
from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from torch import nn

import msr

from .contender import Contender, tensors_of
from .higher_loop import FILTER

LOOP = 20
Parameters = dict[str, Array]
Forward = Callable[[Parameters, Array], Array]


def jax_jit(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """One compiled function: meta-gradient and Adam."""
    return _contender(learner, batch, 1)


def jax_loop(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """`LOOP` meta-steps in one compiled function."""
    return _contender(learner, batch, LOOP)


def _contender(learner: msr.MetaLearner, batch: msr.TaskBatch, steps: int) -> Contender:
    parameters = {
        n: jnp.asarray(p.numpy(force=True)) for n, p in learner.named_parameters()
    }
    data = tuple(jnp.asarray(t.numpy(force=True)) for t in tensors_of(batch))
    meta_loss = _meta_loss(learner)
    meta_gradient = jax.jit(jax.grad(meta_loss))

    def one_step(state: Any, data: tuple[Array, ...]) -> Any:
        return _adam(state, jax.grad(meta_loss)(state[0], data))

    @jax.jit
    def compiled(state: Any, data: tuple[Array, ...]) -> Any:
        if steps == 1:
            return one_step(state, data)
        return jax.lax.fori_loop(0, steps, lambda _, s: one_step(s, data), state)

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.float32(0))

    def step() -> None:
        nonlocal state
        state = jax.block_until_ready(compiled(state, data))

    def gradients() -> dict[str, np.ndarray]:
        return {n: np.asarray(g) for n, g in meta_gradient(parameters, data).items()}

    return Contender(gradients, step, steps)


def _adam(state: Any, gradient: Parameters) -> Any:
    parameters, first, second, t = state
    t = t + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)

    def move(p: Array, m: Array, v: Array) -> Array:
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return jax.tree.map(move, parameters, first, second), first, second, t


def _meta_loss(
    learner: msr.MetaLearner,
) -> Callable[[Parameters, tuple[Array, ...]], Array]:
    forward = _forward(cast(nn.Sequential, learner.model))
    steps = cast(msr.GradientDescent, learner.inner).steps
    names = [f"model.{name}" for name in learner.adapted]
    squared = learner.loss is msr.mean_squared_error

    def loss(adapted: Parameters, shared: Parameters, x: Array, y: Array) -> Array:
        prediction = forward(adapted | shared, x)
        if squared:
            return jnp.mean((prediction - y) ** 2)
        scores = jax.nn.log_softmax(prediction)
        return -jnp.mean(jnp.take_along_axis(scores, y[:, None], 1))

    def query_loss(parameters: Parameters, *task: Array) -> Array:
        x, y, x_query, y_query = task
        adapted = {name: parameters[name] for name in names}
        shared = {n: p for n, p in parameters.items() if n not in adapted}
        for _ in range(steps):
            gradients = jax.grad(loss)(adapted, shared, x, y)
            adapted = {
                name: adapted[name] - parameters[f"meta_parameters.{i}"] * gradients[name]
                for i, name in enumerate(names)
            }
        return loss(adapted, shared, x_query, y_query)

    def meta_loss(parameters: Parameters, data: tuple[Array, ...]) -> Array:
        return jnp.mean(jax.vmap(query_loss, (None, 0, 0, 0, 0))(parameters, *data))

    return meta_loss


def _forward(model: nn.Sequential) -> Forward:
    """The network as a function of its parameters and one task's inputs."""
    stages = [_stage(f"model.{name}.", module) for name, module in model.named_children()]

    def forward(parameters: Parameters, x: Array) -> Array:
        for stage in stages:
            x = stage(parameters, x)
        return x

    return forward


def _stage(prefix: str, module: nn.Module) -> Forward:
    match module:
        case nn.Linear():
            return lambda p, x: x @ _weight(p, prefix, module).T + p.get(prefix + "bias", 0)
        case nn.Conv1d() | nn.Conv2d():
            return lambda p, x: _convolution(_weight(p, prefix, module), x, module)
        case nn.BatchNorm2d():
            return _batch_norm
        case nn.ReLU():
            return lambda _, x: jax.nn.relu(x)
        case nn.Flatten():
            return lambda _, x: x.reshape(len(x), -1)
        case nn.Unflatten():
            return lambda _, x: x.reshape(len(x), *module.unflattened_size)
    raise TypeError(f"no JAX version of {type(module).__name__}")


def _weight(parameters: Parameters, prefix: str, module: Any) -> Array:
    if prefix + "weight" in parameters:
        return parameters[prefix + "weight"]
    v = parameters[prefix + FILTER]
    dense = parameters.get(prefix + "parametrizations.weight.0.U")
    if dense is not None:
        return (dense @ v).reshape(module.weight.shape)
    factors = [
        parameters[f"{prefix}parametrizations.weight.0.factors.{i}"]
        for i in range(min(v.ndim, 3))
    ]
    mixed = (factors[0] @ v.reshape(len(v), -1)).reshape(*v.shape[:2], -1)
    mixed = jnp.einsum("ij,mjs->mis", factors[1], mixed)
    return (mixed @ factors[2].T if v.ndim > 2 else mixed).reshape(v.shape)


def _convolution(W: Array, x: Array, module: Any) -> Array:
    """By windows and one product: XLA's grouped convolution is much slower here."""
    kernel, stride = module.kernel_size, module.stride
    x = jnp.pad(x, [(0, 0), (0, 0), *[(p, p) for p in module.padding]])
    sizes = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
    shifted = []
    for offset in np.ndindex(*kernel):
        window = [
            slice(o, o + s * (n - 1) + 1, s)
            for o, s, n in zip(offset, stride, sizes, strict=True)
        ]
        shifted.append(x[(slice(None), slice(None), *window)])
    windows = jnp.stack(shifted, 2).reshape(len(x), -1, math.prod(sizes))
    y = jnp.einsum("mn,enp->emp", W.reshape(len(W), -1), windows)
    return y.reshape(len(x), len(W), *sizes)


def _batch_norm(_: Parameters, x: Array) -> Array:
    mean = x.mean((0, 2, 3), keepdims=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5)
