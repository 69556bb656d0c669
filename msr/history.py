"""The record of a run, and what is raised when it diverges."""

from dataclasses import dataclass, field

from torch import Tensor


class Diverged(ArithmeticError):
    """A run whose loss or gradient is no longer finite.

    Attributes:
        step: the outer step at which it happened (None in meta-testing).
        tasks: the numbers of the tasks with a non-finite loss, or, if it is a gradient
            that is not finite, of all tasks of the step.
        losses: the per-task losses, where there are any.
    """

    def __init__(
        self,
        message: str,
        step: int | None,
        tasks: list[int],
        losses: Tensor | None = None,
    ) -> None:
        super().__init__(message)
        self.step = step
        self.tasks = tasks
        self.losses = losses


@dataclass
class History:
    """What happened at each outer step.

    Attributes:
        loss: mean query loss of the step's tasks, before the step's update.
        seconds: wall time since the start of the run, at the end of the step.
    """

    loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.loss)
