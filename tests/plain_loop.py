"""What a meta-learner computes, the slow and obvious way: the reference of the fast ones.

A loop over tasks, and in each a loop over inner steps, with plain autograd throughout. No
``vmap``, no ``torch.func.grad``, nothing of msr but the names of what adapts.
"""

import torch
from torch import Tensor
from torch.func import functional_call

import msr


def losses(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Tensor:
    """The query loss of each task after gradient descent on its support set."""
    return torch.stack([_one_task(learner, *rows) for rows in zip(*vars(batch).values())])


def adapted(learner: msr.MetaLearner, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The adapted tensors, with a first axis over tasks."""
    found = [_descend(learner, *rows) for rows in zip(x, y)]
    return {name: torch.stack([one[name] for one in found]) for name in found[0]}


def gradients(loss: Tensor, learner: msr.MetaLearner) -> list[Tensor]:
    """The derivatives of a scalar in everything that is learned; zero where it plays no part."""
    parameters = [p for p in learner.parameters() if p.requires_grad]
    return list(torch.autograd.grad(loss, parameters, materialize_grads=True))


def _one_task(
    learner: msr.MetaLearner, x: Tensor, y: Tensor, x_query: Tensor, y_query: Tensor
) -> Tensor:
    values = _descend(learner, x, y)
    return learner.loss(functional_call(learner.model, values, (x_query,)), y_query)


def _descend(learner: msr.MetaLearner, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    values = dict(learner.adapted)
    for _ in range(learner.inner.steps):
        loss = learner.loss(functional_call(learner.model, values, (x,)), y)
        grads = torch.autograd.grad(loss, list(values.values()), create_graph=True)
        if learner.first_order:
            grads = [g.detach() for g in grads]
        steps = zip(values.items(), grads, learner.meta_parameters, strict=True)
        values = {name: v - lr * g for (name, v), g, lr in steps}
    return values
