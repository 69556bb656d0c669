"""Choosing what adapts: the rest is shared, and learned by the outer loop."""

import copy

import pytest
import torch
from torch import Tensor, nn

import msr
from cases import CASES
from helpers import random_batch, randomize, tiny_tasks

pytestmark = pytest.mark.usefixtures("float64")


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).tanh())


def anil_by_hand(model: Encoder, batch: msr.TaskBatch, steps: int, lr: float) -> Tensor:
    """Almost no inner loop (Raghu et al. 2020), written out: the head alone adapts."""
    losses = []
    for i in range(len(batch)):
        W, b = model.head.weight, model.head.bias
        for _ in range(steps):
            features = model.body(batch.x_support[i]).tanh()
            loss = (features @ W.T + b - batch.y_support[i]).square().mean()
            gW, gb = torch.autograd.grad(loss, [W, b], create_graph=True)
            W, b = W - lr * gW, b - lr * gb
        features = model.body(batch.x_query[i]).tanh()
        losses.append((features @ W.T + b - batch.y_query[i]).square().mean())
    return torch.stack(losses)


HEADS = [
    "head",
    "head.*",
    ["head.weight", "head.bias"],
    lambda name, parameter: name.startswith("head"),
]


@pytest.mark.parametrize("adapt", HEADS, ids=["module", "pattern", "names", "function"])
@pytest.mark.parametrize("way", [{}, {"vectorize": False}, {"chunk_size": 1}], ids=str)
def test_the_head_alone(adapt, way, generator) -> None:
    model = Encoder()
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, 0.3), adapt=adapt, **way)
    assert list(learner.adapted) == ["head.weight", "head.bias"]
    reference = copy.deepcopy(model)
    expected = anil_by_hand(reference, batch, 2, 0.3)
    expected.sum().backward()
    losses = learner(batch)
    losses.sum().backward()
    torch.testing.assert_close(losses, expected)
    for name, p in reference.named_parameters():
        torch.testing.assert_close(model.get_parameter(name).grad, p.grad)
    assert set(learner.shared) == {n for n, _ in model.named_parameters() if "body" in n}
    adapted = learner.adapt(batch.x_support, batch.y_support)
    assert set(adapted) == {"head.weight", "head.bias"}


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_every_way_is_exact_when_some_parameter_is_shared(name, first_order, generator):
    """Fast paths may not take what does not adapt for a constant, nor adapt it."""
    build, x_shape, y_shape = CASES[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(3, x_shape, y_shape, generator)
    names = list(msr.adapted_parameters(model))
    for chosen in names if len(names) > 1 else []:
        found = []
        for settings in ({"vectorize": False}, {"shortcuts": False}, {}):
            learner = msr.MetaLearner(
                copy.deepcopy(model),
                msr.GradientDescent(2, 0.1),
                adapt=chosen,
                first_order=first_order,
                **settings,
            )
            losses = learner(batch)
            parameters = [p for p in learner.parameters() if p.requires_grad]
            gradients = torch.autograd.grad(
                losses.sum(), parameters, materialize_grads=True
            )
            adapted = learner.adapt(batch.x_support, batch.y_support)
            found.append([losses.detach(), *gradients, *adapted.values()])
            assert set(adapted) == {chosen}
        torch.testing.assert_close(found[1], found[0])
        torch.testing.assert_close(found[2], found[0])


def test_a_frozen_body_stays_as_it_is() -> None:
    model = nn.Sequential(nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 6))
    model[0].requires_grad_(False)
    before = copy.deepcopy(model[0].state_dict())
    learner = msr.MetaLearner(model, adapt="2")
    msr.meta_train(learner, tiny_tasks(), 3, 4, progress=False)
    torch.testing.assert_close(model[0].state_dict(), before)


def test_what_is_shared_is_learned() -> None:
    model = nn.Sequential(nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 6))
    before = copy.deepcopy(model.state_dict())
    learner = msr.MetaLearner(model, adapt=["2"])
    msr.meta_train(learner, tiny_tasks(), 3, 4, progress=False)
    for name, tensor in model.state_dict().items():
        assert not torch.equal(tensor, before[name])


def test_a_filter_goes_by_the_name_of_its_weight() -> None:
    model = msr.reparameterize(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), filters=2)
    learner = msr.MetaLearner(model, adapt="0.weight")
    assert list(learner.adapted) == ["0.parametrizations.weight.original"]


def test_a_checkpoint_knows_what_adapts(tmp_path) -> None:
    model = nn.Sequential(nn.Linear(8, 6))
    settings = {"progress": False, "checkpoint": tmp_path / "run.pt"}
    first = msr.MetaLearner(copy.deepcopy(model), adapt="0.bias")
    msr.meta_train(first, tiny_tasks(), 2, 4, **settings)
    msr.meta_train(first, tiny_tasks(), 3, 4, **settings)
    other = msr.MetaLearner(copy.deepcopy(model), adapt="0.weight")
    with pytest.raises(msr.CheckpointError):
        msr.meta_train(other, tiny_tasks(), 3, 4, **settings)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("adapt", "message"),
    [
        ("haed", "did you mean 'head'"),
        ("head.wieght", "did you mean 'head.weight'"),
        (["head", "tail"], "expected adapt to match a name, got 'tail'"),
        (lambda name, p: False, "adapt chose none"),
        ([], "adapt chose none"),
        ("body.0.parametrizations.weight.0.U", "a symmetry matrix, which all tasks share"),
        ("body.2.bias", "it is frozen"),
    ],
)
def test_selections_that_mean_nothing(adapt, message) -> None:
    model = Encoder()
    msr.reparameterize(model.body[0], filters=2)
    model.body[2].bias.requires_grad_(False)
    with pytest.raises(ValueError, match=message):
        msr.MetaLearner(model, adapt=adapt)


@pytest.mark.bad_input
def test_selections_that_are_none() -> None:
    for adapt in (3, [3], lambda name, p: "yes"):
        with pytest.raises(TypeError, match="adapt"):
            msr.MetaLearner(Encoder(), adapt=adapt)
