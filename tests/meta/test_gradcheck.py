"""The report that compares a learner with the plain loop."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from cases import CASES
from helpers import random_batch, randomize
from msr.fast_paths import least_squares
from msr.vectorization import derivatives

pytestmark = pytest.mark.filterwarnings("error")


def report(model: nn.Module, generator: torch.Generator, **settings) -> msr.GradcheckReport:
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.1), **settings)
    return msr.gradcheck(learner, random_batch(2, (4,), (2,), generator))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "settings", [{}, {"first_order": True}, {"chunk_size": 1}], ids=str
)
def test_every_way_is_equal(name, settings, generator) -> None:
    build, x_shape, y_shape = CASES[name]
    learner = msr.MetaLearner(build(), msr.GradientDescent(2, lr=0.1), **settings)
    before = copy.deepcopy(learner.state_dict())
    found = msr.gradcheck(learner, random_batch(2, x_shape, y_shape, generator))
    assert found.ok, str(found)
    assert found
    assert found.worst.error <= 1e-8
    assert found.gradients.keys() == {
        n for n, p in learner.named_parameters() if p.requires_grad
    }
    assert learner.dtype == torch.float32
    assert all(torch.equal(t, before[n]) for n, t in learner.state_dict().items())
    assert all(p.grad is None for p in learner.parameters())


def test_a_wrong_formula_is_found_and_named(generator, monkeypatch) -> None:
    gradient = least_squares.LeastSquares.gradient

    def wrong(self, adapted):
        found = gradient(self, adapted)
        return found | {"bias": 1.001 * found["bias"]}

    monkeypatch.setattr(least_squares.LeastSquares, "gradient", wrong)
    model = nn.Linear(4, 2)
    randomize(model, generator)  # a derivative near zero would make any error large
    found = report(model, generator)
    assert not found.ok
    assert 1e-5 < found.worst.error < 1e-2
    assert found.way.startswith("by formula")
    text = str(found)
    assert text.startswith(
        "NOT equal to the plain loop (tolerance 1e-08, double precision)"
    )
    assert str(found.worst) == f"{found.worst.parameter}: {found.worst.error:.1e}"
    assert text.splitlines()[3].startswith(found.worst.parameter)
    assert msr.gradcheck(
        msr.MetaLearner(nn.Linear(4, 2)),
        random_batch(2, (4,), (2,), generator),
        tolerance=1.0,
    ).ok


def test_without_its_rule_an_affine_norm_is_found_wrong(generator, monkeypatch) -> None:
    """What the rules of msr.vectorization.derivatives are there for."""
    model = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 2))
    assert report(model, generator).ok
    monkeypatch.delitem(derivatives._BATCHED, F.layer_norm)
    found = report(model, generator)
    assert not found.ok
    assert found.losses < 1e-8, "the losses are right, so that nobody notices"
    assert found.worst.error > 1e-3


def test_dropout_is_switched_off_and_other_randomness_refused(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 2))
    assert report(model, generator).ok
    assert model[1].training

    class Noise(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.randn_like(x)

    with pytest.raises(ValueError, match=r"gives the same outputs twice, got Sequential"):
        report(nn.Sequential(nn.Linear(4, 2), Noise()), generator)


def test_running_statistics_stay(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2))
    found = report(model, generator)
    assert found.ok
    assert "running statistics" in found.way
    assert model[1].num_batches_tracked == 0


def test_ridge(generator) -> None:
    learner = msr.MetaLearner(msr.reparameterize(nn.Linear(4, 2), 3), msr.Ridge(0.1))
    assert msr.gradcheck(learner, random_batch(2, (4,), (2,), generator)).ok


@pytest.mark.bad_input
def test_wrong_arguments(generator) -> None:
    batch = random_batch(2, (4,), (2,), generator)
    with pytest.raises(TypeError, match=r"learner to be a msr.MetaLearner, got Linear"):
        msr.gradcheck(nn.Linear(4, 2), batch)
    with pytest.raises(ValueError, match=r"tolerance >= 0, got -1"):
        msr.gradcheck(msr.MetaLearner(nn.Linear(4, 2)), batch, tolerance=-1)
    frozen = msr.MetaLearner(nn.Linear(4, 2)).requires_grad_(False)
    with pytest.raises(ValueError, match=r"parameters that are learned, got none"):
        msr.gradcheck(frozen, batch)
