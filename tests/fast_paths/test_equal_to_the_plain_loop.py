"""Every way of computing gives what a plain loop over tasks gives, for every case."""

import copy

import pytest
import torch
from torch import Tensor

import msr
from cases import CASES, NETWORKS, SINGLE_LAYER
from helpers import random_batch, randomize
from msr.fast_paths.choice import FastPaths

pytestmark = pytest.mark.usefixtures("float64")

SETTINGS = [
    {"steps": 0},
    {"steps": 1},
    {"steps": 3},
    {"steps": 3, "first_order": True},
    {"steps": 2, "chunk_size": 1},
    {"steps": 2, "chunk_size": 2},
    {"steps": 3, "max_curvature": 0.05},
    {"steps": 2, "max_curvature": 0.05, "first_order": True},
    {"steps": 2, "max_curvature": 0.05, "chunk_size": 2},
    {"steps": 0, "max_curvature": 0.05},
]


def learner_of(model: torch.nn.Module, settings: dict, **others) -> msr.MetaLearner:
    settings = settings | others
    bound = settings.pop("max_curvature", None)
    inner = msr.GradientDescent(settings.pop("steps"), lr=0.1, max_curvature=bound)
    return msr.MetaLearner(copy.deepcopy(model), inner, **settings)


def meta_gradients(loss: Tensor, learner: msr.MetaLearner) -> list[Tensor]:
    parameters = [p for p in learner.parameters() if p.requires_grad]
    return list(torch.autograd.grad(loss, parameters, materialize_grads=True))


def weighted(losses: Tensor) -> Tensor:
    """A sum in which no two tasks count alike."""
    return (torch.linspace(1, 2, len(losses)) * losses).sum()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("support", [1, 4])
@pytest.mark.parametrize("name", CASES)
def test_losses_gradients_and_adapted_tensors(name, support, settings, generator) -> None:
    build, x_shape, y_shape = CASES[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(3, x_shape, y_shape, generator, support=support)
    one_by_one = settings | {"chunk_size": None, "vectorize": False}
    reference = learner_of(model, one_by_one)
    losses = reference(batch)
    gradients = meta_gradients(weighted(losses), reference)
    adapted = reference.adapt(batch.x_support, batch.y_support)
    for shortcuts in (True, False):
        learner = learner_of(model, settings, shortcuts=shortcuts)
        found = learner(batch)
        torch.testing.assert_close(found, losses)
        torch.testing.assert_close(meta_gradients(weighted(found), learner), gradients)
        torch.testing.assert_close(learner.adapt(batch.x_support, batch.y_support), adapted)
        torch.testing.assert_close(
            learner.losses(adapted, batch.x_query, batch.y_query), losses
        )


@pytest.mark.parametrize("name", CASES)
def test_the_fast_path_that_is_meant_is_taken(name, generator) -> None:
    build, x_shape, y_shape = CASES[name]
    learner = msr.MetaLearner(build())
    paths = FastPaths(learner.model, tuple(learner.adapted), learner.inner, learner.loss)
    batch = random_batch(2, x_shape, y_shape, generator)
    shared = learner.adapted, learner.meta_parameters, False
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    assert (paths.adapt(*shared, *support) is not None) == (name in SINGLE_LAYER)
    by_formula = paths.query_losses(*shared, *support, *query)
    assert (by_formula is not None) == (name in SINGLE_LAYER)
    assert learner.way(batch).startswith("by formula" if by_formula is not None else "side")
    if name not in SINGLE_LAYER:
        in_weight_space = paths.query_losses_side_by_side(*shared, *support, *query)
        assert (in_weight_space is not None) == (name in NETWORKS)
