"""What is set after construction is checked as at construction, and takes effect."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import random_batch, two_layer_msr

pytestmark = [pytest.mark.usefixtures("float64"), pytest.mark.bad_input]


class Own:
    """An inner loop of somebody else, with one number to learn."""

    def init(self, adapted):
        return nn.ParameterList([nn.Parameter(torch.tensor(0.1))])

    def adapt(self, loss, adapted, meta_parameters, first_order):
        gradients = loss.gradient(adapted)
        return {n: v - meta_parameters[0] * gradients[n] for n, v in adapted.items()}


class Branching(nn.Module):
    """A loss that vmap cannot run."""

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        off = prediction - target
        return (off**2).mean() if off.sum() > 0 else off.abs().mean()


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("loss", 3, TypeError, r"expected loss to be a function, got 3"),
        ("loss", None, TypeError, r"expected loss to be a function, got None"),
        ("loss", nn.MSELoss, TypeError, r"expected a loss such as .* the class MSELoss"),
        ("loss", nn.TripletMarginLoss(), TypeError, r"to take the arguments \(prediction"),
        ("chunk_size", 0, ValueError, r"expected chunk_size >= 1, got 0"),
        ("chunk_size", 2.0, TypeError, r"chunk_size to be an integer or None, got 2.0"),
        ("inner", None, TypeError, r"expected inner to be a msr.InnerLoop, got None"),
        ("inner", msr.GradientDescent, TypeError, r"inner to be .*, got the class Grad"),
        ("inner", msr.Ridge(0.1), ValueError, r"of the kind GradientDescent, got Ridge"),
        ("vectorize", "yes", ValueError, r'to be "auto" or True or False, got .yes'),
        ("vectorize", None, TypeError, r"expected vectorize to be"),
        ("first_order", 1, TypeError, r"first_order to be True or False, got 1"),
        ("shortcuts", "no", TypeError, r"shortcuts to be True or False, got .no"),
        ("meta_parameters", None, TypeError, r"meta_parameters to be .*ParameterList"),
        (
            "meta_parameters",
            nn.ParameterList([]),
            ValueError,
            r"of shapes \[\(\), \(\)\], as they are, got \[\]",
        ),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(name, value, error, message) -> None:
    learner = msr.MetaLearner(nn.Linear(4, 2))
    before = getattr(learner, name)
    with pytest.raises(error, match=message):
        setattr(learner, name, value)
    assert getattr(learner, name) is before


def test_a_right_value_is_as_good_as_at_construction(generator) -> None:
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(1, 0.2))
    values = {
        "inner": msr.GradientDescent(3, 0.2),
        "loss": F.l1_loss,
        "first_order": True,
        "chunk_size": 2,
        "shortcuts": False,
        "vectorize": False,
    }
    for name, value in values.items():
        setattr(learner, name, value)
        assert getattr(learner, name) is value
    learner.model = learner.model
    other = msr.MetaLearner(learner.model, **values)
    assert torch.equal(learner(batch), other(batch))
    learner.chunk_size = None
    assert torch.equal(learner(batch), other(batch))


def test_a_loss_that_is_a_module_and_one_that_is_none(generator) -> None:
    batch = random_batch(2, (4,), (2,), generator)
    learner = msr.MetaLearner(nn.Linear(4, 2), loss=nn.MSELoss())
    expected = learner(batch)
    learner.loss = F.mse_loss
    assert torch.equal(learner(batch), expected)
    learner.loss = nn.L1Loss()
    assert learner.loss is learner.get_submodule("loss")
    assert not torch.equal(learner(batch), expected)


def test_an_inner_loop_goes_on_with_the_step_sizes() -> None:
    learner = msr.MetaLearner(nn.Linear(4, 2), msr.GradientDescent(1, lr=0.2))
    learner.inner = dataclasses.replace(learner.inner, steps=4, lr=0.7)
    assert set(learner.step_sizes.values()) == {0.2}

    class Two(Own):
        def init(self, adapted):
            return nn.ParameterList([*super().init(adapted), *super().init(adapted)])

    own = msr.MetaLearner(nn.Linear(4, 2), Own())
    own.inner = Own()
    with pytest.raises(ValueError, match=r"of the kind Own, got Two"):
        own.inner = Two()
    changed = Own()
    changed.init = lambda adapted: Two().init(adapted)
    with pytest.raises(
        ValueError, match=r"of shapes \[\(\)\], as they are, got \[\(\), \("
    ):
        own.inner = changed


def test_what_was_tried_is_tried_again(generator) -> None:
    batch = random_batch(2, (4,), (2,), generator)

    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target).square().mean()

    learner = msr.MetaLearner(nn.Linear(4, 2), loss=loss)
    assert learner.way(batch).startswith("side by side")
    learner.loss = Branching()
    assert "vmap fails" in learner.way(batch)
    learner.loss = loss
    assert not learner._ways.tried, "what was told of a loss that is gone may be of another"


def test_an_inner_loop_checks_a_loss_that_is_new(generator) -> None:
    batch = random_batch(2, (4,), (2,), generator)
    learner = msr.MetaLearner(nn.Linear(4, 2), msr.Ridge(0.1))
    learner(batch)
    learner.loss = F.l1_loss
    with pytest.raises(ValueError, match=r"Ridge"):
        learner(batch)
