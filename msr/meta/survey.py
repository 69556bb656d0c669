"""What becomes of every module and loss of torch.nn in a learner."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .._utils.random_state import isolated_random_state
from ..inner_loops.base import Loss
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from ..tasks.batch import TaskBatch
from ..vectorization import zoo
from .gradcheck import gradcheck
from .learner import MetaLearner

TASKS, SUPPORT, QUERY = 2, 4, 5


@dataclass(frozen=True)
class Finding:
    """What was found of one module or loss.

    Attributes:
        name: the class in torch.nn, and perhaps a setting: "LayerNorm, no bias".
        way: how tasks run: "side by side" or "one by one"; None if it is refused.
        reason: why one by one, or why it is refused.
        error: the largest relative difference from the plain loop; None if refused.
    """

    name: str
    way: str | None
    reason: str = ""
    error: float | None = None


def survey_layers() -> Iterator[Finding]:
    """Every layer of torch.nn, between two linear layers, in second order."""
    for name, specimen in zoo.layers().items():
        generator = torch.Generator().manual_seed(0)
        with _quietly():
            model = specimen.network()
        x, x_query = (specimen.inputs(TASKS, n, generator) for n in (SUPPORT, QUERY))
        y, y_query = (
            torch.randn(TASKS, n, zoo.CLASSES, generator=generator, device="cpu")
            for n in (SUPPORT, QUERY)
        )
        batch = TaskBatch(x, y, x_query, y_query)
        yield _found(name, model, mean_squared_error, batch)


def survey_losses() -> Iterator[Finding]:
    """Every loss of torch.nn, on a network of two layers, in second order."""
    for name, specimen in zoo.losses().items():
        generator = torch.Generator().manual_seed(0)
        with _quietly():
            model = nn.Sequential(
                nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, zoo.CLASSES), specimen.last()
            )
            loss = specimen.build()

        def inputs(examples: int, generator: torch.Generator = generator) -> Tensor:
            return torch.randn(TASKS, examples, 6, generator=generator, device="cpu")

        draw = specimen.draw
        batch = TaskBatch(
            inputs(SUPPORT),
            draw(TASKS, SUPPORT, generator),
            inputs(QUERY),
            draw(TASKS, QUERY, generator),
        )
        yield _found(name, model, loss, batch)


def _found(name: str, model: nn.Module, loss: Loss, batch: TaskBatch) -> Finding:
    try:
        with _quietly():
            learner = MetaLearner(model, GradientDescent(2, lr=0.1), loss)
            report = gradcheck(learner, batch)
    except (TypeError, ValueError) as refusal:
        return Finding(name, None, _without_places(str(refusal)))
    way, _, reason = report.way.partition(", because ")
    error = max(report.losses, report.worst.error)
    why = _without_places(reason) if way == "one by one" else ""
    return Finding(name, way, why, error)


def _without_places(reason: str) -> str:
    """Names of classes alone, without their place in the network."""
    return re.sub(r"'[\d.a-z]+' \((\w+)\)", r"\1", reason)


@contextmanager
def _quietly() -> Iterator[None]:
    """On the CPU, with draws of its own, and without torch's warnings of slow kernels."""
    cpu = torch.device("cpu")
    with warnings.catch_warnings(), isolated_random_state(cpu, 0), cpu:
        warnings.simplefilter("ignore")
        yield
