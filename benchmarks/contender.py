"""What the contenders have in common: a meta-step, and the gradient it uses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import msr

Gradients = dict[str, np.ndarray]


@dataclass(frozen=True)
class Contender:
    """One implementation, ready to run on one case.

    Args:
        gradients: the meta-gradient at the present parameters, by the learner's names.
        step: one meta-step: that gradient and an update by Adam.
        steps: how many meta-steps ``step`` makes.
    """

    gradients: Callable[[], Gradients]
    step: Callable[[], object]
    steps: int = 1


def by_autograd(
    parameters: dict[str, torch.Tensor], accumulate: Callable[[], None]
) -> Contender:
    """A contender whose ``accumulate`` adds the meta-gradient to ``.grad``."""
    leaves = list(parameters.values())
    optimizer = torch.optim.Adam(leaves, lr=1e-3, fused=True)

    def gradients() -> Gradients:
        optimizer.zero_grad()
        accumulate()
        return {
            name: (torch.zeros_like(p) if p.grad is None else p.grad)
            .numpy(force=True)
            .copy()
            for name, p in parameters.items()
        }

    def step() -> None:
        optimizer.zero_grad()
        accumulate()
        optimizer.step()

    return Contender(gradients, step)


def ours(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """The package as it is."""
    return by_autograd(
        dict(learner.named_parameters()), lambda: learner(batch).mean().backward()
    )


def ours_by_torch_func(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """The package without its shortcuts: ``torch.func`` all the way."""
    learner.shortcuts = False
    return ours(learner, batch)


def tensors_of(batch: msr.TaskBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs and targets of support and query sets, of tasks with inputs of one tensor."""
    inputs = batch.x_support, batch.x_query
    x, x_query = (t for t in inputs if isinstance(t, Tensor))
    return x, batch.y_support, x_query, batch.y_query
