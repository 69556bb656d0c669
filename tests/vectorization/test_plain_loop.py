"""The plain loop, which defines what a learner computes, against programs without msr.

Adapted values: a deep copy of the model for each task, trained by ``torch.optim.SGD``.
Meta-gradients: central differences of the losses of these copies.
"""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import random_batch, randomize, two_layer_msr
from msr.vectorization import zoo
from msr.vectorization.plain_loop import AutogradLoss

pytestmark = pytest.mark.usefixtures("float64")

STEPS, LR = 2, 0.1


class Tied(nn.Module):
    """Two layers with one weight, and one layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.second(torch.tanh(self.first(self.first(x)))))


def of_zoo(name: str) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(zoo.layers()[name].network(), nn.Linear(3, 2))


def norms() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 2)
    )


MODELS = {
    "networks with U": (two_layer_msr, (4,)),
    "norms, tracking": (norms, (4,)),
    "tied": (Tied, (4,)),
    "recurrent": (of_zoo("GRU"), zoo.SEQUENCE),
    "attention": (of_zoo("TransformerEncoderLayer"), (3, 4)),
}


def by_sgd(model: nn.Module, batch: msr.TaskBatch, adapts: list[str]) -> Tensor:
    """Query losses; running statistics are handed on from copy to copy."""
    losses = []
    tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
    for x, y, x_query, y_query in zip(*tensors):
        own = copy.deepcopy(model)
        named = dict(own.named_parameters())
        optimizer = torch.optim.SGD([named[name] for name in adapts], lr=LR)
        for _ in range(STEPS):
            optimizer.zero_grad()
            F.mse_loss(own(x), y).backward()
            optimizer.step()
        losses.append(F.mse_loss(own(x_query), y_query).detach())
        for buffer, moved in zip(model.buffers(), own.buffers()):
            buffer.copy_(moved)
    return torch.stack(losses)


@pytest.mark.parametrize("name", MODELS)
def test_losses_meta_gradients_and_running_statistics(name, generator) -> None:
    build, x_shape = MODELS[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(3, x_shape, (2,), generator, support=4, query=5)
    inner = msr.GradientDescent(STEPS, lr=LR)
    twin = copy.deepcopy(model)
    learner = msr.MetaLearner(model, inner, vectorize=False)
    adapts = list(learner.adapted)

    losses = learner(batch)
    torch.testing.assert_close(losses, by_sgd(twin, batch, adapts))
    for ours, theirs in zip(model.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)

    parameters = list(model.parameters())
    gradients = torch.autograd.grad(losses.mean(), parameters, materialize_grads=True)
    directions = [torch.randn(p.shape, generator=generator) for p in parameters]
    slope = sum((g * d).sum() for g, d in zip(gradients, directions))

    def moved(t: float) -> Tensor:
        there = copy.deepcopy(twin)
        with torch.no_grad():
            for p, d in zip(there.parameters(), directions):
                p.add_(t * d)
        return by_sgd(there, batch, adapts).mean()

    h = 1e-5
    difference = (moved(h) - moved(-h)) / (2 * h)
    torch.testing.assert_close(difference, slope, rtol=1e-6, atol=1e-9)


def test_without_a_graph_values_are_the_same(generator) -> None:
    model = two_layer_msr()
    learner = msr.MetaLearner(model, msr.GradientDescent(2), vectorize=False)
    batch = random_batch(2, (4,), (2,), generator)
    with torch.no_grad():
        losses = learner(batch)
    assert not losses.requires_grad
    torch.testing.assert_close(losses, learner(batch))


def test_within_torch_func(generator) -> None:
    """Derivatives of the loop by torch.func are those by autograd."""
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2), vectorize=False)
    batch = random_batch(2, (4,), (2,), generator)
    values = dict(learner.named_parameters())
    found = torch.func.grad(
        lambda v: torch.func.functional_call(learner, v, (batch,)).sum()
    )(values)
    expected = torch.autograd.grad(learner(batch).sum(), list(values.values()))
    for name, gradient in zip(values, expected):
        torch.testing.assert_close(found[name], gradient)


def test_a_loss_that_depends_on_nothing_that_adapts(generator) -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x), 2) + 0 * self.weight.detach()

    learner = msr.MetaLearner(Constant(), vectorize=False)
    batch = random_batch(2, (4,), (2,), generator)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    assert torch.equal(adapted["weight"], torch.ones(2, 2))


def test_a_parameter_that_plays_no_part_stays(generator) -> None:
    class Partly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    model = Partly()
    learner = msr.MetaLearner(model, msr.GradientDescent(2), vectorize=False)
    batch = random_batch(2, (4,), (2,), generator)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    for task in range(2):
        assert torch.equal(adapted["unused.weight"][task], model.unused.weight)
    assert not torch.equal(adapted["used.weight"][0], model.used.weight)


@pytest.mark.parametrize("constant", [False, True])
def test_in_first_order_gradients_are_constants(constant) -> None:
    weight = torch.ones(2, requires_grad=True)
    loss = AutogradLoss(
        lambda values: values["w"] ** 2, torch.zeros(2), F.mse_loss, constant=constant
    )
    gradient = loss.gradient({"w": weight})["w"]
    torch.testing.assert_close(gradient, 2 * weight**3)
    assert gradient.requires_grad != constant
