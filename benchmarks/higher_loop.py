"""The authors' way: a loop over tasks with `higher`, each layer written plainly."""

from collections.abc import Callable
from functools import partial
from typing import cast

import higher
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr

from .contender import Contender, by_autograd, tensors_of

FILTER = "parametrizations.weight.original"


class PlainLayer(nn.Module):
    """A layer that computes W from v in its forward pass.

    `higher` adapts every parameter, so what tasks share are plain tensors here.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        state = {name: p.detach().clone() for name, p in layer.named_parameters()}
        self.bias = nn.Parameter(state.pop("bias")) if "bias" in state else None
        v = "weight" if "weight" in state else FILTER
        self.v = nn.Parameter(state.pop(v))
        self.shared = {name: tensor.requires_grad_() for name, tensor in state.items()}
        self.shape = cast(Tensor, layer.weight).shape
        self.product: Callable[..., Tensor] = F.linear
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            convolve = F.conv1d if isinstance(layer, nn.Conv1d) else F.conv2d
            self.product = partial(convolve, stride=layer.stride, padding=layer.padding)

    def weight(self) -> Tensor:
        """``W = reshape(U v)``."""
        factors = list(self.shared.values())
        if not factors:
            return self.v
        if len(factors) == 1:
            return (factors[0] @ self.v).reshape(self.shape)
        A, B = factors[:2]
        if len(factors) == 2:
            return A @ self.v @ B.T
        m, n = self.shape[:2]
        mixed = (A @ self.v.reshape(m, -1)).reshape(m, n, -1)
        return (B @ (mixed @ factors[2].T)).reshape(self.shape)

    def forward(self, x: Tensor) -> Tensor:
        """As the layer that it was made from."""
        return self.product(x, self.weight(), self.bias)


def plain_network(model: nn.Module) -> tuple[nn.Sequential, dict[str, Tensor]]:
    """The same network of plain layers, and its tensors by their names in the model."""
    chain, tensors = nn.Sequential(), {}
    for name, module in model.named_children():
        if not list(module.parameters()):
            chain.append(module)
            continue
        plain = PlainLayer(module)
        chain.append(plain)
        v = FILTER if plain.shared else "weight"
        tensors[f"model.{name}.{v}"] = cast(Tensor, plain.v)
        if plain.bias is not None:
            tensors[f"model.{name}.bias"] = plain.bias
        for shared, tensor in plain.shared.items():
            tensors[f"model.{name}.{shared}"] = tensor
    return chain, tensors


def loop_with_higher(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """Accumulate the gradients of the mean query loss task by task."""
    network, tensors = plain_network(learner.model)
    lrs = [p.detach().clone().requires_grad_() for p in learner.meta_parameters]
    tensors |= {f"meta_parameters.{i}": lr for i, lr in enumerate(lrs)}
    adapted = [tensors[f"model.{name}"] for name in learner.adapted]
    inner = torch.optim.SGD([{"params": [p], "lr": 0.1} for p in adapted])
    steps = cast(msr.GradientDescent, learner.inner).steps

    x, y, x_query, y_query = tensors_of(batch)

    def accumulate() -> None:
        for i in range(len(batch)):
            with higher.innerloop_ctx(
                network, inner, override={"lr": lrs}, copy_initial_weights=False
            ) as (adapting, optimizer):
                for _ in range(steps):
                    loss = learner.loss(adapting(x[i]), y[i])
                    optimizer.step(loss)
                query = learner.loss(adapting(x_query[i]), y_query[i])
                (query / len(batch)).backward()

    return by_autograd(tensors, accumulate)
