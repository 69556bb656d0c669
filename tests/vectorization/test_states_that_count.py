"""Models that keep something from call to call are refused, however they do it."""

import random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import random_batch, tiny_learner, tiny_tasks

pytestmark = pytest.mark.usefixtures("float64")


class Through(nn.Module):
    """A linear layer; subclasses do something else besides."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class ThroughData(Through):
    def forward(self, x: Tensor) -> Tensor:
        self.layer.weight.data.mul_(0.9)
        return super().forward(x)


class RememberingWithGraph(Through):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(super().forward(x))
        return self.seen[-1] + 0.1 * self.seen[max(len(self.seen) - 2, 0)].mean()


class Remembering(RememberingWithGraph):
    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x.detach().mean())
        return super(RememberingWithGraph, self).forward(x) + self.seen[len(self.seen) // 2]


class Counting(Through):
    def __init__(self) -> None:
        super().__init__()
        self.calls = [0]

    def forward(self, x: Tensor) -> Tensor:
        self.calls[0] += 1
        return super().forward(x) * self.calls[0]


@pytest.mark.parametrize(
    "model", [ThroughData, RememberingWithGraph, Remembering, Counting]
)
def test_is_refused(model, generator) -> None:
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(model(), msr.GradientDescent(2))
    with pytest.raises(ValueError, match="outputs depend on parameters and inputs alone"):
        learner(batch)


class Noisy(Through):
    """Python's own random numbers: not the same twice, and yet no state of the model."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1 + random.random())


def test_random_numbers_of_python_are_no_state(generator) -> None:
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(Noisy(), msr.GradientDescent(2))
    assert "draws random numbers" in learner.way(batch)
    assert learner(batch).isfinite().all()


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.3, batch_first=True),
        lambda: nn.MultiheadAttention(4, 2, dropout=0.3, batch_first=True),
        lambda: nn.GRU(4, 4, 2, dropout=0.3, batch_first=True),
    ],
)
def test_gradcheck_switches_off_every_dropout(build, generator) -> None:
    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = build()

        def forward(self, x: Tensor) -> Tensor:
            attends = isinstance(self.layer, nn.MultiheadAttention)
            found = self.layer(x, x, x) if attends else self.layer(x)
            return (found[0] if isinstance(found, tuple) else found).mean(1)

    model = Sequence()
    batch = random_batch(2, (3, 4), (4,), generator)
    report = msr.gradcheck(msr.MetaLearner(model, msr.GradientDescent(2)), batch)
    assert report.ok, str(report)
    shares = [getattr(m, "dropout", 0.3) for m in model.modules()]
    assert all(share in (0.3,) or isinstance(share, nn.Module) for share in shares)


@pytest.mark.bad_input
def test_losses_without_a_gradient() -> None:

    learner = tiny_learner()
    learner.loss = lambda p, y: (p.detach() - y).square().mean()
    with pytest.raises(ValueError, match="losses that depend on the parameters"):
        msr.meta_train(learner, tiny_tasks(), 2, 4, progress=False)
    with pytest.raises(ValueError, match="losses that depend on the parameters"):
        msr.gradcheck(learner, tiny_tasks().batch("train", [0, 1]))


@pytest.mark.bad_input
def test_optimizers_that_train_nothing_of_the_learner() -> None:

    other = nn.Linear(2, 2)
    for factory, message in (
        (lambda parameters: torch.optim.SGD(other.parameters(), lr=0.1), "over others"),
        (lambda parameters: torch.optim.LBFGS(list(parameters)), "got LBFGS"),
    ):
        with pytest.raises(ValueError, match=message):
            msr.meta_train(
                tiny_learner(), tiny_tasks(), 1, optimizer=factory, progress=False
            )


def test_the_loss_is_that_of_the_task(generator) -> None:
    """What is refused above is no matter of the inputs: the plain layer is taken."""
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(Through(), msr.GradientDescent(0))
    expected = [
        F.mse_loss(learner.model(x), y) for x, y in zip(batch.x_query, batch.y_query)
    ]
    torch.testing.assert_close(learner(batch), torch.stack(expected))
