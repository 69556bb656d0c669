"""Gradient descent of the weights against that of the filters."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from cases import NETWORKS, normalized
from helpers import random_batch, randomize, two_layer_msr
from msr.fast_paths.weight_space import WeightSpace

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture(params=NETWORKS, ids=str)
def network(request, generator):
    build, x_shape, _ = NETWORKS[request.param]
    model = build()
    randomize(model, generator)
    return model, x_shape


def outcome(model, batch, loss=msr.mean_squared_error, **settings):
    inner = msr.GradientDescent(settings.pop("steps", 3), lr=0.1)
    learner = msr.MetaLearner(copy.deepcopy(model), inner, loss, **settings)
    losses = learner(batch)
    weights = torch.linspace(1, 2, len(losses))
    parameters = [p for p in learner.parameters() if p.requires_grad]
    gradients = torch.autograd.grad((weights * losses).sum(), parameters)
    return learner, [losses, *gradients]


def test_class_labels(generator) -> None:
    model = normalized()
    randomize(model, generator)
    batch = random_batch(2, (2, 3, 3), (2,), generator)
    labels = torch.tensor([[0, 1], [1, 0]]), torch.tensor([[0, 1, 1], [1, 0, 0]])
    batch = msr.TaskBatch(batch.x_support, labels[0], batch.x_query, labels[1])
    pair = [outcome(model, batch, F.cross_entropy, shortcuts=s)[1] for s in (True, False)]
    torch.testing.assert_close(*pair)


class Halved(msr.KroneckerSymmetry):
    def forward(self, v):
        return super().forward(v) / 2


class Shifted(nn.Module):
    def forward(self, weight):
        return weight + 1


def of_a_subclass(model: nn.Sequential) -> None:
    model[0].parametrizations.weight[0].__class__ = Halved


def followed_by_another(model: nn.Sequential) -> None:
    layer = model[0]
    nn.utils.parametrize.register_parametrization(layer, "weight", Shifted(), unsafe=True)


def hooked(model: nn.Sequential) -> None:
    symmetry = model[0].parametrizations.weight[0]
    symmetry.register_forward_hook(lambda module, args, weight: 3 * weight)


def tied_filter(model: nn.Sequential) -> None:
    first, second = (model[i].parametrizations.weight for i in (0, 2))
    second.original = first.original


def filter_used_as_a_weight(model: nn.Sequential) -> None:
    nn.utils.parametrize.remove_parametrizations(model[2], "weight")
    model[2].weight = model[0].parametrizations.weight.original


def shared_symmetry(model: nn.Sequential) -> None:
    model[2].parametrizations.weight[0] = model[0].parametrizations.weight[0]


class Norm(nn.Module):
    """Adds the norm of a layer's filter."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x) + self.layer.parametrizations.weight.original.norm()


def filter_read_elsewhere(model: nn.Sequential) -> None:
    model[0] = Norm(model[0])


class Reading(nn.Linear):
    """Adds the norm of its own filter."""

    def forward(self, x):
        return super().forward(x) + self.parametrizations.weight.original.norm()


def subclass_that_reads_its_filter(model: nn.Sequential) -> None:
    model[0] = Reading(4, 4)
    msr.reparameterize(model[0], factorization="kronecker")


def hook_that_reads_the_filter(model: nn.Sequential) -> None:
    v = model[0].parametrizations.weight
    model[0].register_forward_hook(lambda module, args, y: y + v.original.norm())


OTHERS = [
    subclass_that_reads_its_filter,
    hook_that_reads_the_filter,
    of_a_subclass,
    followed_by_another,
    hooked,
    tied_filter,
    filter_used_as_a_weight,
    shared_symmetry,
    filter_read_elsewhere,
]


@pytest.mark.parametrize("change", OTHERS)
def test_other_symmetries_go_by_their_filters(change, generator) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    msr.reparameterize(model, factorization="kronecker")
    randomize(model, generator)
    change(model)
    batch = random_batch(3, (4,), (4,), generator)
    learner, found = outcome(model, batch)
    shared = learner.adapted, learner.meta_parameters, False
    tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
    parts = learner.model, tuple(learner.adapted), learner.inner, learner.loss
    assert WeightSpace(*parts).query_losses(*shared, *tensors) is None
    torch.testing.assert_close(
        found, outcome(model, batch, shortcuts=False)[1], rtol=0, atol=0
    )


def test_first_order_goes_by_the_filters(network, generator) -> None:
    model, x_shape = network
    batch = random_batch(3, x_shape, (2,), generator)
    pair = [outcome(model, batch, first_order=True, shortcuts=s)[1] for s in (True, False)]
    torch.testing.assert_close(*pair, rtol=0, atol=0)


def test_prediction_fails_without_side_effects(generator, monkeypatch) -> None:
    model = two_layer_msr()
    kinds = [type(U) for _, U in msr.symmetry_matrices(model)]
    assert kinds == [msr.DenseSymmetry, msr.KroneckerSymmetry]
    learner = msr.MetaLearner(model)
    batch = random_batch(3, (4,), (2,), generator)

    def failing(x):
        raise RuntimeError("out of order")

    monkeypatch.setattr(model[1], "forward", failing)
    with pytest.raises(ValueError, match=r"that Sequential takes, .* out of order"):
        learner(batch)
    assert [type(U) for _, U in msr.symmetry_matrices(model)] == kinds
