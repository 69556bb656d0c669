"""A network's likelihood as a function of one weight: a Gaussian with its curvature.

With the Jacobian J of all outputs by the weight w, at the trained w_0, the outputs are
``f(w) = f(w_0) + J (w - w_0)`` and the negative log likelihood is a quadratic,
``c - b^T w + w^T H w / 2``, with H the generalized Gauss-Newton matrix.
"""

import math
from collections.abc import Iterator
from itertools import chain
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import vmap

from .._utils.arguments import shown
from .._utils.substitution import call_with, other_names
from ..symmetry.candidates import Weight
from .problem import LEAST_NOISE, Block, Problem

Likelihood = Literal["gaussian", "categorical"]

MOST_ENTRIES = 6400  # of the weight: H has their square
NUMBERS_AT_ONCE = 2**24
RANK = 1e-13  # eigenvalues of H below, relative to the largest, are rounding


def linearized(
    model: nn.Module,
    weight: Weight,
    x: Float[Tensor, "examples *inputs"],
    y: Shaped[Tensor, "examples *outputs"],
    likelihood: Likelihood,
) -> Problem:
    """The regression on one weight that has the network's quadratic likelihood.

    Raises:
        TypeError, ValueError: as for `msr.compare_layer_symmetries`.
    """
    value = weight.parameter.detach()
    if value.numel() > MOST_ENTRIES:
        raise ValueError(
            f"expected a weight of at most {MOST_ENTRIES} entries, got {value.numel()}"
        )
    w = value.reshape(-1).double().cpu().numpy()
    H, b, squares, constant = np.zeros((len(w),) * 2), np.zeros(len(w)), 0.0, 0.0
    outputs = 0
    for inputs, targets in _batches(model, value, x, y):
        f, J = _outputs(model, weight, inputs, targets, likelihood)
        outputs = f.shape[1]
        if likelihood == "gaussian":
            gap = targets.reshape(len(f), -1).cpu().double() - f + J @ torch.from_numpy(w)
            H += _products(J)
            b += torch.einsum("eki,ek->i", J, gap).numpy()
            squares += float(gap.square().sum())
        else:
            labels = targets.cpu()
            if not 0 <= int(labels.min()) <= int(labels.max()) < outputs:
                worst = max(labels.tolist(), key=lambda i: abs(2 * i + 1 - outputs))
                raise ValueError(f"expected classes 0 to {outputs - 1}, got {worst}")
            p = f.softmax(1)
            slope = p - nn.functional.one_hot(labels, outputs)  # of the loss, by f
            root = p.sqrt()[..., None] * (J - torch.einsum("ek,eki->ei", p, J)[:, None])
            H += _products(root)
            b -= torch.einsum("eki,ek->i", J, slope).numpy()
            constant += float(f.log_softmax(1).gather(1, labels[:, None]).sum())
    if likelihood == "categorical":
        constant -= float(b @ w + 0.5 * w @ H @ w)
        b += H @ w
    return _problem(H, b, squares, constant, len(x), outputs, value, likelihood)


def _problem(
    H: Float[np.ndarray, "w w"],
    b: Float[np.ndarray, " w"],
    squares: float,
    constant: float,
    examples: int,
    outputs: int,
    value: Tensor,
    likelihood: Likelihood,
) -> Problem:
    """A regression of one output on all entries of the weight, in coordinates of H."""
    curvatures, axes = np.linalg.eigh(H)
    kept = curvatures > RANK * curvatures[-1]
    if not kept.any() or not curvatures[-1] > 0:
        raise ValueError("expected a weight that outputs depend on, got none")
    sizes = np.sqrt(curvatures[kept])
    targets = axes[:, kept].T @ b / sizes
    explained = float(targets @ targets)
    count, rest = examples * outputs, max(squares - explained, 0.0)
    if likelihood == "categorical":
        count, rest = len(sizes), 0.0
        constant += 0.5 * explained + 0.5 * count * math.log(2 * math.pi)
    size = math.sqrt((explained + rest) / count)
    rounding = max(LEAST_NOISE, 8 * torch.finfo(value.dtype).eps)
    return Problem(
        blocks=(Block(sizes, axes[:, kept].T, targets[:, None, None], rest),),
        shape=(1, len(b)),
        examples=examples,
        count=count,
        mean=np.zeros((1, 1, len(b))),
        least_noise=rounding * size,
        single=True,
        sizes=f"{examples} examples, a weight of {len(b)} entries",
        like=value.new_empty(()),
        constant=constant,
        weight_shape=tuple(value.shape),
    )


def _products(J: Float[Tensor, "examples outputs w"]) -> Float[np.ndarray, "w w"]:
    rows = J.flatten(0, 1)
    return (rows.mT @ rows).numpy()


def _batches(
    model: nn.Module,
    value: Tensor,
    x: Float[Tensor, "examples *inputs"],
    y: Shaped[Tensor, "examples *outputs"],
) -> Iterator[tuple[Tensor, Tensor]]:
    """Examples in parts, whose Jacobians are not too large."""
    with torch.no_grad():
        outputs = model(x[:1])
    if not isinstance(outputs, Tensor) or len(outputs) != 1 or not outputs.numel():
        raise ValueError(
            f"expected a model that gives a row per example, got {shown(outputs)}"
        )
    size = max(1, NUMBERS_AT_ONCE // (value.numel() * outputs.numel()))
    return zip(x.split(size), y.split(size))


def _outputs(
    model: nn.Module,
    weight: Weight,
    x: Float[Tensor, "batch *inputs"],
    y: Shaped[Tensor, "batch *outputs"],
    likelihood: Likelihood,
) -> tuple[Float[Tensor, "batch outputs"], Float[Tensor, "batch outputs w"]]:
    """What the model gives, and its Jacobian by the weight, in double precision.

    Every example gets a copy of the weight, so that one backward pass for each output does
    for all examples.
    """
    names, own = other_names(model), weight.parameter.detach()
    tensors = {
        n: p.detach() for n, p in chain(model.named_parameters(), model.named_buffers())
    }

    def output(copy: Tensor, example: Tensor) -> Tensor:
        values = tensors | {weight.name: copy}
        return call_with(model, values, names, example[None]).reshape(-1)

    copies = own.expand(len(x), *own.shape).clone().requires_grad_()
    try:
        f = vmap(output)(copies, x)
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"expected a model that torch.func.vmap can run, got: {first}"
        ) from None
    with torch.no_grad():
        together = model(x)
    shape = together.shape if likelihood == "gaussian" else together.shape[:1]
    if y.shape != shape or (likelihood == "categorical" and together.ndim != 2):
        raise ValueError(
            f"expected y of shape {tuple(shape)} for outputs of shape "
            f"{tuple(together.shape)}, got {tuple(y.shape)}"
        )
    tolerance = 1e3 * torch.finfo(f.dtype).eps * float(together.abs().max())
    if not torch.allclose(f.detach(), together.reshape(f.shape), atol=tolerance):
        raise ValueError(
            "expected a model whose outputs for an example do not depend on the others, "
            "got one whose do"
        )
    rows = [
        torch.autograd.grad(f[:, k].sum(), copies, retain_graph=True)[0].flatten(1)
        for k in range(f.shape[1])
    ]
    return f.detach().cpu().double(), torch.stack(rows, 1).cpu().double()
