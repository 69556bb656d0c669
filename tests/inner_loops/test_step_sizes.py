"""Step sizes by tensor and by step."""

import copy

import pytest
import torch
from torch import Tensor, nn

import msr
from cases import CASES
from helpers import random_batch, randomize, tiny_learner, tiny_tasks

pytestmark = pytest.mark.usefixtures("float64")


def by_hand(
    model: nn.Module, batch: msr.TaskBatch, sizes: dict[str, list[Tensor]]
) -> Tensor:
    """A loop over tasks and steps, with a step size for each step and tensor."""
    losses = []
    everything = dict(model.named_parameters())
    for i in range(len(batch)):
        v = {name: everything[name] for name in sizes}
        for t in range(len(next(iter(sizes.values())))):
            output = torch.func.functional_call(model, v, (batch.x_support[i],))
            loss = (output - batch.y_support[i]).square().mean()
            gradients = torch.autograd.grad(loss, list(v.values()), create_graph=True)
            v = {n: v[n] - sizes[n][t] * g for n, g in zip(sizes, gradients)}
        output = torch.func.functional_call(model, v, (batch.x_query[i],))
        losses.append((output - batch.y_query[i]).square().mean())
    return torch.stack(losses)


WAYS = [{}, {"shortcuts": False}, {"vectorize": False}, {"chunk_size": 2}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_are_those_of_a_loop(name, per_step, way, generator) -> None:
    build, x_shape, y_shape = CASES[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(3, x_shape, y_shape, generator)
    inner = msr.GradientDescent(3, 0.1, per_step=per_step)
    learner = msr.MetaLearner(copy.deepcopy(model), inner, **way)
    reference = copy.deepcopy(model)
    alphas = []
    with torch.no_grad():
        for lr in learner.meta_parameters:
            assert lr.shape == ((3,) if per_step else ())
            lr.mul_(1 + torch.rand(lr.shape, generator=generator))
            alphas.append(lr.clone().requires_grad_())
    sizes = {n: list(a) if per_step else [a] * 3 for n, a in zip(learner.adapted, alphas)}
    expected = by_hand(reference, batch, sizes)
    wanted = [p for p in reference.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(expected.sum(), [*wanted, *alphas])
    losses = learner(batch)
    learned = [p for p in learner.model.parameters() if p.requires_grad]
    found = torch.autograd.grad(losses.sum(), [*learned, *learner.meta_parameters])
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(found, gradients)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    again = learner.losses(adapted, batch.x_query, batch.y_query)
    torch.testing.assert_close(again, expected)


def test_steps_of_one_quadratic_function_keep_one_size() -> None:
    """They commute, so that the loss is symmetric in them."""
    learner = tiny_learner(inner=msr.GradientDescent(3, 0.1, per_step=True))
    msr.meta_train(learner, tiny_tasks(), 4, 4, progress=False)
    (sizes,) = learner.step_sizes.values()
    assert sizes[0] != pytest.approx(0.1)
    assert sizes[1:] == pytest.approx(sizes[:1] * 2)


def test_starts_by_name_and_pattern() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    inner = msr.GradientDescent(2, lr={"2": 0.5, "*.bias": 0.3, "*": 0.1})
    learner = msr.MetaLearner(model, inner)
    assert learner.step_sizes == {
        "0.weight": pytest.approx(0.1),
        "0.bias": pytest.approx(0.3),
        "1.weight": pytest.approx(0.1),
        "1.bias": pytest.approx(0.3),
        "2.weight": pytest.approx(0.5),
        "2.bias": pytest.approx(0.5),
    }
    msr.reparameterize(model, filters=2)
    inner = msr.GradientDescent(3, lr={"2.weight": 0.5, "*": 0.1}, per_step=True)
    sizes = msr.MetaLearner(model, inner).step_sizes
    assert sizes["2.parametrizations.weight.original"] == [0.5] * 3
    assert sizes["2.bias"] == [pytest.approx(0.1)] * 3


def test_each_step_is_learned_and_resumes(tmp_path) -> None:
    inner = msr.GradientDescent(3, 0.1, per_step=True)
    settings = {"progress": False, "checkpoint": tmp_path / "run.pt"}

    def build() -> msr.MetaLearner:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 6))
        return msr.MetaLearner(model, inner)

    learner = build()
    msr.meta_train(learner, tiny_tasks(), 4, 4, **settings)
    assert all(len(set(sizes)) == 3 for sizes in learner.step_sizes.values())
    resumed = build()
    msr.meta_train(resumed, tiny_tasks(), 4, 4, **settings)
    assert resumed.step_sizes == learner.step_sizes
    assert msr.gradcheck(learner, tiny_tasks().batch("train", [0, 1])).ok


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("lr", "message"),
    [
        ({"wieght": 0.1, "*": 0.1}, "did you mean 'weight'"),
        ({"weight": 0.1}, "got none for 'bias'"),
        ({"weight": -0.1}, r"positive, finite lr\['weight'\]"),
        ({}, "got an empty dict"),
    ],
)
def test_starts_that_fit_no_tensor(lr, message) -> None:
    with pytest.raises(ValueError, match=message):
        msr.MetaLearner(nn.Linear(3, 2), msr.GradientDescent(lr=lr))


@pytest.mark.bad_input
def test_too_few_step_sizes() -> None:
    inner = msr.GradientDescent(3, per_step=True)
    learner = msr.MetaLearner(nn.Linear(3, 2), inner)
    with pytest.raises(ValueError, match="per_step"):
        msr.GradientDescent(max_curvature=1.0, per_step=True)
    with pytest.raises(ValueError, match="shapes"):
        learner.inner = msr.GradientDescent(5, per_step=True)
    batch = random_batch(2, (3,), (2,), torch.Generator().manual_seed(0))
    learner.meta_parameters = nn.ParameterList(
        nn.Parameter(lr.detach()[:3]) for lr in learner.meta_parameters
    )
    learner(batch)
