"""What msr raises besides ValueError and TypeError.

A name says what happened (`Diverged`, `CellFailed`, `WorkersLost`), so that ``except
Diverged`` reads as a sentence, or, for files that cannot be used, ends in Error.
"""

from torch import Tensor


class CheckpointError(ValueError):
    """A checkpoint file that is damaged or belongs to another run."""


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


class ResultsError(ValueError):
    """A results file that is damaged, or holds other experiments."""


class CellFailed(RuntimeError):
    """A cell ended with an error, other than by diverging."""

    @classmethod
    def of(cls, error: Exception) -> "CellFailed":
        """The error in words, which any process can read."""
        return cls(f"{type(error).__name__}: {error}")


class WorkersLost(RuntimeError):
    """The processes that cells run in are gone, and with them the cells under way."""
