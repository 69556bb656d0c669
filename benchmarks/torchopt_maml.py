"""MAML with TorchOpt's functional optimizer, all tasks at once by ``torch.func.vmap``."""

from functools import partial
from typing import cast

import torch
import torchopt
from torch import Tensor
from torch.func import functional_call, grad, vmap

import msr

from .contender import Contender, by_autograd, tensors_of


def torchopt_functional(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Contender:
    """One SGD optimizer per tensor, since each has a learned step size of its own."""
    lrs = list(learner.meta_parameters)
    optimizers = {
        name: torchopt.sgd(lr=partial(_constant, lr))
        for name, lr in zip(learner.adapted, lrs, strict=True)
    }
    steps = cast(msr.GradientDescent, learner.inner).steps

    def loss(adapted: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return learner.loss(functional_call(learner.model, adapted, (x,)), y)

    def query_loss(x: Tensor, y: Tensor, x_query: Tensor, y_query: Tensor) -> Tensor:
        adapted = learner.adapted
        states = {name: o.init((adapted[name],)) for name, o in optimizers.items()}
        for _ in range(steps):
            gradients = grad(loss)(adapted, x, y)
            moved = {}
            for name, optimizer in optimizers.items():
                updates, states[name] = optimizer.update(
                    (gradients[name],), states[name], inplace=False
                )
                (moved[name],) = torchopt.apply_updates(
                    (adapted[name],), updates, inplace=False
                )
            adapted = moved
        return loss(adapted, x_query, y_query)

    def accumulate() -> None:
        losses = vmap(query_loss)(*tensors_of(batch))
        torch.mean(losses).backward()

    return by_autograd(dict(learner.named_parameters()), accumulate)


def _constant(lr: Tensor, step: Tensor) -> Tensor:
    """A schedule that stays at a learned step size."""
    return lr
