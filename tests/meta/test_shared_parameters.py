"""Some parameters adapt, others are shared: every way equals a loop written here."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

import msr
from helpers import random_batch, randomize, two_layer_msr

pytestmark = pytest.mark.usefixtures("float64")

STEPS, LR = 2, 0.1
FILTER = "parametrizations.weight.original"


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def single(**how) -> nn.Sequential:
    model = nn.Sequential(nn.Linear(4, 2))
    return msr.reparameterize(model, **how) if how else model


def conv() -> nn.Sequential:
    conv, line = nn.Conv1d(1, 2, 2), nn.Linear(6, 2)
    model = nn.Sequential(nn.Unflatten(1, (1, 4)), conv, nn.ReLU(), nn.Flatten(), line)
    return msr.reparameterize(model, factorization="kronecker")


CASES = {
    "head": (network, "2", {"2.weight", "2.bias"}),
    "body": (network, "0", {"0.weight", "0.bias"}),
    "biases": (network, "*.bias", {"0.bias", "2.bias"}),
    "a weight": (network, ["0.weight", "2.bias"], {"0.weight", "2.bias"}),
    "head of MSR": (two_layer_msr, "2", {f"2.{FILTER}", "2.bias"}),
    "dense body of MSR": (two_layer_msr, "0", {f"0.{FILTER}", "0.bias"}),
    "filters": (two_layer_msr, "*.weight", {f"0.{FILTER}", f"2.{FILTER}"}),
    "biases of MSR": (two_layer_msr, "*bias", {"0.bias", "2.bias"}),
    "first filter": (two_layer_msr, "0.weight", {f"0.{FILTER}"}),
    "convolution": (conv, "1", {f"1.{FILTER}", "1.bias"}),
    "head after convolution": (conv, "4", {f"4.{FILTER}", "4.bias"}),
    "one layer": (single, "*.weight", {"0.weight"}),
    "bias of one layer": (single, "0.bias", {"0.bias"}),
    "filter of one layer": (lambda: single(filters=3), "0.weight", {f"0.{FILTER}"}),
    "bias of one MSR": (lambda: single(filters=3), "0.bias", {"0.bias"}),
    "Kronecker, one layer": (
        lambda: single(factorization="kronecker"),
        "0.weight",
        {f"0.{FILTER}"},
    ),
}
WAYS = [
    {},
    {"shortcuts": False},
    {"vectorize": True},
    {"vectorize": False},
    {"chunk_size": 2},
    {"chunk_size": 2, "vectorize": False},
]


def by_loop(model, names, batch, first_order=False):
    """Losses by a loop over tasks that is written here."""
    parameters = dict(model.named_parameters())
    losses = []
    for x, y, x_query, y_query in zip(
        batch.x_support, batch.y_support, batch.x_query, batch.y_query
    ):
        values = {name: parameters[name] for name in names}
        for _ in range(STEPS):
            loss = F.mse_loss(functional_call(model, values, (x,)), y)
            gradients = torch.autograd.grad(
                loss, list(values.values()), create_graph=not first_order
            )
            values = {name: v - LR * g for (name, v), g in zip(values.items(), gradients)}
        losses.append(F.mse_loss(functional_call(model, values, (x_query,)), y_query))
    return torch.stack(losses)


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_every_way_equals_a_loop(case, first_order, generator) -> None:
    build, adapt, names = CASES[case]
    model = build()
    randomize(model, generator)
    batch = random_batch(3, (4,), (2,), generator)
    expected = by_loop(model, names, batch, first_order)
    weights = torch.tensor([1.0, -2.0, 0.5])
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(expected @ weights, parameters, materialize_grads=True)
    assert all(g.any() for g in gradients)
    for settings in WAYS:
        inner = msr.GradientDescent(STEPS, LR)
        learner = msr.MetaLearner(
            model, inner, adapt=adapt, first_order=first_order, **settings
        )
        assert set(learner.adapted) == names
        assert {id(p) for p in parameters} < {id(p) for p in learner.parameters()}
        losses = learner(batch)
        torch.testing.assert_close(losses, expected)
        found = torch.autograd.grad(losses @ weights, parameters, materialize_grads=True)
        torch.testing.assert_close(found, gradients)
        adapted = learner.adapt(batch.x_support, batch.y_support)
        assert set(adapted) == names
        torch.testing.assert_close(
            learner.losses(adapted, batch.x_query, batch.y_query), expected
        )


def test_bounded_steps_with_a_shared_body(generator) -> None:
    """What bounds the steps is the curvature in what adapts, whichever way is taken."""
    for build in (network, two_layer_msr, single, lambda: single(filters=3)):
        model = build()
        randomize(model, generator, 1.0)
        batch = random_batch(3, (4,), (2,), generator)
        found = []
        for settings in WAYS:
            inner = msr.GradientDescent(STEPS, 2.0, max_curvature=0.5)
            adapt = ["0.weight"]
            learner = msr.MetaLearner(model, inner, adapt=adapt, **settings)
            losses = learner(batch)
            parameters = list(model.parameters())
            found.append((losses, torch.autograd.grad(losses.sum(), parameters)))
        for other in found[1:]:
            torch.testing.assert_close(other, found[0])


def test_gradcheck_of_a_head(generator) -> None:
    learner = msr.MetaLearner(two_layer_msr(), adapt="2")
    assert msr.gradcheck(learner, random_batch(2, (4,), (2,), generator)).ok


def test_tied_parameters_have_all_their_names(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    for adapt in ("0.weight", "2.weight"):
        assert set(msr.MetaLearner(model, adapt=adapt).adapted) == {"0.weight"}
    batch = random_batch(2, (4,), (4,), generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(STEPS, LR), adapt="2")
    values = []
    for settings in ({"vectorize": True}, {"vectorize": False}):
        inner = msr.GradientDescent(STEPS, LR)
        learner = msr.MetaLearner(model, inner, adapt="2", **settings)
        assert set(learner.adapted) == {"0.weight", "2.bias"}
        values.append(learner(batch))
    torch.testing.assert_close(*values)
