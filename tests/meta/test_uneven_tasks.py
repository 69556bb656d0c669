"""Tasks with different numbers of examples: what is filled up has no influence at all."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import conv_msr, randomize, two_layer_msr

pytestmark = pytest.mark.usefixtures("float64")
MOST, LR, STEPS = 4, 0.3, 2
SIZES = [2, 4, 1, 2, 3, 2], [3, 1, 3, 3, 3, 3]


def filled_up(
    sizes: list[int], shape: tuple[int, ...], fill: float
) -> tuple[Tensor, Tensor]:
    """Normal numbers for so many examples of each task, and which they are."""
    generator = torch.Generator().manual_seed(sum(sizes) + len(shape))
    mask = torch.arange(MOST) < torch.tensor(sizes)[:, None]
    x = torch.randn(len(sizes), MOST, *shape, generator=generator)
    x[~mask] = fill
    return x, mask


def batch_of(
    support: list[int],
    query: list[int],
    x_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    fill: float = 7.0,
) -> msr.TaskBatch:
    (x, mask), (y, _) = (filled_up(support, shape, fill) for shape in (x_shape, y_shape))
    (x_query, query_mask), (y_query, _) = (
        filled_up(query, shape, fill) for shape in (x_shape, y_shape)
    )
    return msr.TaskBatch(x, y, x_query, y_query, mask, query_mask)


def by_hand(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Tensor:
    """A loop over tasks that cuts the examples off."""
    losses = []
    values = {n: p for n, p in learner.model.named_parameters() if n in learner.adapted}
    for i in range(len(batch)):
        n, m = int(batch.support_mask[i].sum()), int(batch.query_mask[i].sum())
        adapted = dict(values)
        for _ in range(STEPS):
            output = torch.func.functional_call(
                learner.model, adapted, (batch.x_support[i, :n],)
            )
            loss = learner.loss(output, batch.y_support[i, :n])
            gradients = torch.autograd.grad(loss, list(adapted.values()), create_graph=True)
            adapted = {k: v - LR * g for (k, v), g in zip(adapted.items(), gradients)}
        output = torch.func.functional_call(learner.model, adapted, (batch.x_query[i, :m],))
        losses.append(learner.loss(output, batch.y_query[i, :m]))
    return torch.stack(losses)


def gradients(losses: Tensor, learner: msr.MetaLearner) -> list[Tensor]:
    weights = torch.linspace(1, 2, len(losses))
    wanted = list(learner.model.parameters())
    return list(torch.autograd.grad((weights * losses).sum(), wanted))


def single_layer() -> nn.Module:
    return msr.reparameterize(nn.Sequential(nn.Linear(4, 2, bias=False)), filters=3)


def normalized() -> nn.Module:
    """Its statistics are over examples: an example that is no example shows at once."""
    norm = nn.BatchNorm1d(5, track_running_stats=False)
    return nn.Sequential(nn.Linear(4, 5), norm, nn.Tanh(), nn.Linear(5, 2))


MODELS = {
    "by formula": (single_layer, (4,)),
    "weight space": (two_layer_msr, (4,)),
    "convolutions": (conv_msr, (2, 3, 3)),
    "side by side": (normalized, (4,)),
    "one by one": (lambda: nn.Sequential(Last(), nn.Linear(3, 2)), (5, 4)),
}


class Last(nn.Module):
    """The last state of a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[1][0]


def learner_of(name: str, generator: torch.Generator, **settings) -> msr.MetaLearner:
    model = MODELS[name][0]()
    randomize(model, generator)
    inner = msr.GradientDescent(STEPS, lr=LR, learn_lr=False)
    return msr.MetaLearner(model, inner, **settings)


@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_losses_and_meta_gradients(name, chunk_size, generator) -> None:
    learner = learner_of(name, generator, chunk_size=chunk_size)
    sizes = SIZES if name != "side by side" else ([2, 4, 3, 2, 3, 2], [3, 2, 3, 3, 3, 3])
    batch = batch_of(*sizes, MODELS[name][1], (2,))
    losses, expected = learner(batch), by_hand(learner, batch)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(gradients(losses, learner), gradients(expected, learner))


@pytest.mark.parametrize("name", MODELS)
def test_what_is_filled_in_has_no_influence(name, generator) -> None:
    learner = learner_of(name, generator)
    sizes = [[max(2, n) for n in some] for some in SIZES]
    one, other = (
        batch_of(*sizes, MODELS[name][1], (2,), fill) for fill in (3.0, float("nan"))
    )
    assert torch.equal(learner(one), learner(other))


@pytest.mark.parametrize("name", ["by formula", "side by side", "one by one"])
def test_adapting_and_predicting(name, generator) -> None:
    learner = learner_of(name, generator)
    sizes = [[max(2, n) for n in some] for some in SIZES]
    batch = batch_of(*sizes, MODELS[name][1], (2,))
    adapted = learner.adapt(batch.x_support, batch.y_support, batch.support_mask)
    predicted = learner.predict(adapted, batch.x_query, batch.query_mask)
    losses = learner.losses(adapted, batch.x_query, batch.y_query, batch.query_mask)
    torch.testing.assert_close(losses, learner(batch))
    assert (predicted[~batch.query_mask] == 0).all()
    for i in range(len(batch)):
        n, m = (int(mask[i].sum()) for mask in (batch.support_mask, batch.query_mask))
        alone = learner.adapt(
            batch.x_support[i : i + 1, :n], batch.y_support[i : i + 1, :n]
        )
        for key, value in alone.items():
            torch.testing.assert_close(adapted[key][i], value[0])
        torch.testing.assert_close(
            predicted[i, :m], learner.predict(alone, batch.x_query[i : i + 1, :m])[0]
        )


def test_gradients_through_predictions(generator) -> None:
    learner = learner_of("by formula", generator)
    batch = batch_of(*SIZES, (4,), (2,))
    adapted = learner.adapt(batch.x_support, batch.y_support, batch.support_mask)
    predicted = learner.predict(adapted, batch.x_query, batch.query_mask)
    squares = (predicted - batch.y_query).square().sum(-1)
    losses = (squares * batch.query_mask).sum(1) / (2 * batch.query_mask.sum(1))
    torch.testing.assert_close(
        gradients(losses, learner), gradients(learner(batch), learner)
    )


def test_running_statistics_keep_the_order_of_tasks(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))
    randomize(model, generator)
    sizes = [2, 4, 2, 4], [3, 3, 3, 3]
    batch = batch_of(*sizes, (4,), (2,))
    other = copy.deepcopy(model)
    inner = msr.GradientDescent(STEPS, lr=LR, learn_lr=False)
    losses = msr.MetaLearner(model, inner)(batch)
    expected = by_hand(msr.MetaLearner(other, inner), batch)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(model[1].running_mean, other[1].running_mean)
    torch.testing.assert_close(model[1].running_var, other[1].running_var)


def test_one_mask_alone(generator) -> None:
    learner = learner_of("by formula", generator)
    batch = batch_of(SIZES[0], [MOST] * 6, (4,), (2,))
    alone = msr.TaskBatch(
        batch.x_support, batch.y_support, batch.x_query, batch.y_query, batch.support_mask
    )
    torch.testing.assert_close(learner(alone), by_hand(learner, batch))
    assert alone.mask[:, MOST:].all()
    assert torch.equal(alone.mask[:, :MOST], batch.support_mask)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3).filter(any), min_size=1))
@settings(max_examples=30, deadline=None)
def test_any_mask(rows) -> None:
    """Real examples need not stand in front."""
    mask = torch.tensor(rows)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(len(rows), 3, 4, generator=generator, dtype=torch.float64)
    y = torch.randn(len(rows), 3, 2, generator=generator, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(4, 2)).double()
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.1))
    with torch.no_grad():
        losses = learner(msr.TaskBatch(x, y, x, y, mask, mask))
        for i, row in enumerate(mask):
            some = x[i : i + 1, row], y[i : i + 1, row]
            torch.testing.assert_close(losses[i], learner(msr.TaskBatch(*some, *some))[0])


class Uneven:
    """Labelled tasks of different sizes, from another source's."""

    def num_tasks(self, split: str) -> int:
        return 12

    def batch(self, split: str, indices) -> msr.TaskBatch:
        sizes = [[int(i) % 3 + 2 for i in indices]] * 2
        batch = batch_of(*sizes, (4,), ())
        labels = [(y > 0).long() for y in (batch.y_support, batch.y_query)]
        labels = [y.masked_fill(batch.support_mask.logical_not(), -3) for y in labels]
        masks = batch.support_mask, batch.query_mask
        return msr.TaskBatch(batch.x_support, labels[0], batch.x_query, labels[1], *masks)


def test_training_testing_and_metrics(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    randomize(model, generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.5), F.cross_entropy)
    quiet = {"progress": False}
    history = msr.meta_train(
        learner,
        Uneven(),
        steps=20,
        batch_size=6,
        lr=0.05,
        validate_every=10,
        metrics={"accuracy": msr.accuracy},
        **quiet,
    )
    assert history.loss[-1] < history.loss[0]
    sizes = []

    def counted(prediction: Tensor, target: Tensor) -> float:
        sizes.append(len(target))
        assert prediction.shape == (len(target), 2)
        return float(len(target))

    result = msr.meta_test(learner, Uneven(), metrics={"examples": counted}, **quiet)
    assert sizes == [i % 3 + 2 for i in range(12)]
    torch.testing.assert_close(
        result.losses, msr.meta_test(learner, Uneven(), **quiet).losses
    )


def test_joint_and_multitask_training_leave_out_what_is_filled_in() -> None:
    class Regression(Uneven):
        fill = 5.0

        def batch(self, split: str, indices) -> msr.TaskBatch:
            sizes = [[int(i) % 3 + 2 for i in indices]] * 2
            return batch_of(*sizes, (4,), (2,), self.fill)

    found = []
    for fill in (5.0, -50.0):
        tasks = Regression()
        tasks.fill = fill
        joint = msr.Joint(tasks).batch("train", [0, 1])
        assert joint.support_mask.sum(1).tolist() == [4, 6]
        learner = learner_of("by formula", torch.Generator().manual_seed(0))
        msr.multitask_train(learner, tasks, 5, 4, progress=False)
        msr.meta_train(learner, msr.Joint(tasks), 5, 4, progress=False)
        found.append([p.detach().clone() for p in learner.parameters()])
    torch.testing.assert_close(*found)


def test_gradcheck_of_uneven_tasks(generator) -> None:
    learner = learner_of("side by side", generator)
    batch = batch_of([2, 4, 3, 2], [3, 2, 3, 3], (4,), (2,), float("nan"))
    assert msr.gradcheck(learner, batch).ok
    assert "side by side" in learner.way(batch)
