"""Adapted models as modules of their own, and layers without symmetry matrices."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import msr
from helpers import random_batch, randomize


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)
    ).eval()


def has_parametrizations(model: nn.Module) -> bool:
    return any(map(parametrize.is_parametrized, model.modules()))


def adapted_to(model: nn.Module, generator, x_shape=(2, 3, 3)):
    batch = random_batch(3, x_shape, (2,), generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, 0.1))
    return learner, batch, learner.adapt(batch.x_support, batch.y_support)


@pytest.mark.parametrize("how", [{"filters": 4}, {"factorization": "kronecker"}, None])
def test_predicts_what_the_learner_predicts(how, generator) -> None:
    model = network()
    if how is not None:
        msr.reparameterize(model, **how)
    randomize(model, generator)
    learner, batch, adapted = adapted_to(model, generator)
    before = {name: t.clone() for name, t in learner.state_dict().items()}
    expected = learner.predict(adapted, batch.x_query)
    for task in range(3):
        plain = msr.adapted_model(learner, adapted, task)
        assert not has_parametrizations(plain)
        torch.testing.assert_close(plain(batch.x_query[task]), expected[task])
    torch.testing.assert_close(dict(learner.state_dict()), before)
    assert has_parametrizations(learner.model) == (how is not None)


def test_the_state_loads_into_a_plain_model_and_has_its_order(generator) -> None:
    model = msr.reparameterize(network(), filters=3)
    learner, batch, adapted = adapted_to(model, generator)
    exported = msr.adapted_model(learner, adapted, 1)
    plain = network()
    assert list(exported.state_dict()) == list(plain.state_dict())
    assert repr(exported) == repr(plain)
    plain.load_state_dict(exported.state_dict())
    torch.testing.assert_close(plain(batch.x_query[1]), exported(batch.x_query[1]))


def test_can_be_exported(generator) -> None:
    model = msr.reparameterize(network(), filters=3)
    learner, batch, adapted = adapted_to(model, generator)
    exported = msr.adapted_model(learner, adapted)
    program = torch.export.export(exported, (batch.x_query[0],))
    torch.testing.assert_close(
        program.module()(batch.x_query[0]), exported(batch.x_query[0])
    )


def test_frozen_stays_frozen_and_tied_stays_tied(generator) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
            self.second.weight = self.first.weight
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.second(self.first(x).tanh()))

    model = Tied()
    model.first.bias.requires_grad_(False)
    msr.reparameterize(model.head, filters=2)
    learner, batch, adapted = adapted_to(model, generator, (4,))
    exported = msr.adapted_model(learner, adapted, 2)
    assert exported.first.weight is exported.second.weight
    assert not exported.first.bias.requires_grad
    assert exported.head.weight.requires_grad
    expected = learner.predict(adapted, batch.x_query)[2]
    torch.testing.assert_close(exported(batch.x_query[2]), expected)


def test_weight_normalization_is_computed_once_and_for_all(generator) -> None:
    model = nn.Sequential(weight_norm(nn.Linear(4, 3)), nn.Tanh(), nn.Linear(3, 2))
    learner, batch, adapted = adapted_to(model, generator, (4,))
    exported = msr.adapted_model(learner, adapted, 1)
    assert not has_parametrizations(exported)
    expected = learner.predict(adapted, batch.x_query)[1]
    torch.testing.assert_close(exported(batch.x_query[1]), expected)


def test_baking_leaves_the_random_state_of_spectral_normalization_alone() -> None:
    model = nn.Sequential(spectral_norm(nn.Linear(4, 3)), nn.Linear(3, 2)).eval()
    msr.reparameterize(model[1], filters=2)
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    expected = model(x)
    model.train()
    found = msr.remove_symmetry(model)
    assert parametrize.is_parametrized(found[0])  # not ours: it stays
    torch.testing.assert_close(found.eval()(x), expected)


@pytest.mark.parametrize("how", [{"filters": 4}, {"factorization": "kronecker"}])
def test_removal_keeps_what_the_model_computes(how, generator) -> None:
    model = network()
    msr.reparameterize(model, **how)
    randomize(model, generator)
    x = torch.randn(4, 2, 3, 3, generator=generator)
    expected = model(x)
    plain = msr.remove_symmetry(copy.deepcopy(model))
    assert list(plain.state_dict()) == list(network().state_dict())
    assert type(plain[0]) is nn.Conv2d
    torch.testing.assert_close(plain(x), expected)
    torch.testing.assert_close(model(x), expected)  # the copy alone was changed
    msr.reparameterize(plain, filters=2)  # and it can be given new ones


@pytest.mark.bad_input
def test_wrong_arguments(generator) -> None:
    model = msr.reparameterize(network(), filters=3)
    learner, _, adapted = adapted_to(model, generator)
    name = next(iter(adapted))
    with pytest.raises(ValueError, match=r"without: see msr.reparameterize"):
        msr.remove_symmetry(network())
    for task in (3, -1):
        with pytest.raises(ValueError, match="task"):
            msr.adapted_model(learner, adapted, task)
    with pytest.raises(ValueError, match="expected adapted tensors"):
        msr.adapted_model(learner, {"weight": adapted[name]})
    with pytest.raises(ValueError, match="got none"):
        msr.adapted_model(learner, {})
    with pytest.raises(TypeError, match=r"expected a msr.MetaLearner, got Sequential"):
        msr.adapted_model(network(), adapted)
    twice = msr.reparameterize(nn.Linear(3, 2), filters=2)
    parametrize.register_parametrization(twice, "weight", nn.Identity())
    with pytest.raises(ValueError, match="one parametrization"):
        msr.remove_symmetry(twice)


def test_the_modes_of_modules_within_stay() -> None:
    """Of a module with a parametrized tensor of its own, and a part that is evaluated."""

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Parameter(torch.ones(2, 3))
            self.part = nn.Dropout()

    outer = Outer()
    msr.reparameterize(outer, filters=2, layers="own")
    outer.part.eval()
    msr.remove_symmetry(outer)
    assert outer.training
    assert not outer.part.training


def test_one_of_two_parametrized_tensors(generator) -> None:
    layer = msr.reparameterize(nn.Linear(3, 2), filters=2)
    parametrize.register_parametrization(layer, "bias", nn.Softplus())
    x = torch.randn(4, 3, generator=generator)
    expected, other = layer(x), copy.deepcopy(layer)
    msr.remove_symmetry(other)
    assert not parametrize.is_parametrized(other, "weight")
    assert parametrize.is_parametrized(other, "bias")
    assert parametrize.is_parametrized(layer, "weight")
    torch.testing.assert_close(other(x), expected)
    torch.testing.assert_close(layer(x), expected)
