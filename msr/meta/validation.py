"""Validation during meta-training: on which tasks, how often, and what it decides."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..tasks.distribution import Split, TaskDistribution
from .evaluation import Metric, evaluate
from .learner import MetaLearner

# More tasks than these make a validation slow, and its mean hardly more certain.
MOST_VALIDATION_TASKS = 500


@dataclass(frozen=True)
class Division:
    """How training tasks are divided.

    Attributes:
        training: the first so many of the "train" split are trained on.
        source: the split that validation tasks come from.
        first: the number of the first of them.
        number: how many there are.
    """

    training: int
    source: Split
    first: int
    number: int

    @classmethod
    def of(cls, tasks: TaskDistribution, share: float) -> "Division":
        """Validation tasks: those of a "val" split, else a share of the training tasks.

        Raises:
            ValueError: there are too few training tasks for that.
        """
        training = tasks.num_tasks("train")
        own = _number_of_validation_tasks(tasks)
        if own:
            return cls(training, "val", 0, min(own, MOST_VALIDATION_TASKS))
        held_out = math.ceil(share * training)
        if held_out >= training:
            raise ValueError(
                f"expected training tasks beside those held out for validation, got "
                f"{training} in all and a share of {share}"
            )
        rest = training - held_out
        return cls(rest, "train", rest, min(held_out, MOST_VALIDATION_TASKS))


def _number_of_validation_tasks(tasks: TaskDistribution) -> int:
    try:
        return int(tasks.num_tasks("val"))
    except (LookupError, ValueError, TypeError, NotImplementedError):
        return 0  # a source without such a split


@dataclass
class Validation:
    """What is validated, and the best state so far.

    Args:
        split: which tasks.
        every: outer steps between validations.
        patience: stop after so many validations in a row without a better one.
        metrics: besides the loss.
    """

    split: Division
    every: int
    patience: int | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    best_step: int | None = None
    best_loss: float = math.inf
    best_state: dict[str, Any] | None = None
    waited: int = 0

    @property
    def finished(self) -> bool:
        """Whether patience is at its end."""
        return self.patience is not None and self.waited >= self.patience

    def measure(
        self, learner: MetaLearner, tasks: TaskDistribution
    ) -> tuple[float, dict[str, float]]:
        """The mean loss and metrics of the validation tasks."""
        numbers = torch.arange(self.split.number, device="cpu") + self.split.first
        losses, metrics = evaluate(learner, tasks, self.split.source, numbers, self.metrics)
        means = {name: float(m.double().mean()) for name, m in metrics.items()}
        return float(losses.double().mean()), means

    def judge(self, learner: MetaLearner, step: int, loss: float) -> None:
        """Keep the state if it is the best one so far."""
        if loss < self.best_loss:
            self.best_step, self.best_loss, self.waited = step, loss, 0
            self.best_state = copy.deepcopy(learner.state_dict())
        else:
            self.waited += 1

    def restore(self, learner: MetaLearner) -> None:
        """Bring the learner back to its best state."""
        if self.best_state is not None:
            learner.load_state_dict(self.best_state)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        names = ("best_step", "best_loss", "best_state", "waited")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it up again."""
        for name, value in state.items():
            setattr(self, name, value)
