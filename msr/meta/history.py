"""The record of a run, and what is raised when it diverges."""

from dataclasses import dataclass, field

from .._utils.arguments import checked


@checked
@dataclass
class History:
    """What happened at each outer step.

    Attributes:
        loss: mean query loss of the step's tasks, before the step's update.
        seconds: wall time since the start of the run, at the end of the step.
        validation_step: after which steps there was a validation.
        validation_loss: the mean query loss of its tasks.
        validation_metrics: the means of the metrics, by name.
        best_step: the step of the best validation, whose state the learner ends in; None
            without validation.

    Raises:
        TypeError: one is no list of numbers.
        ValueError: loss and time, or step and loss of validations, have different lengths.
    """

    loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    validation_step: list[int] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_metrics: dict[str, list[float]] = field(default_factory=dict)
    best_step: int | None = None

    def __post_init__(self) -> None:
        if len(self.loss) != len(self.seconds):
            raise ValueError(
                f"expected a time for each loss, got {len(self.loss)} losses and "
                f"{len(self.seconds)} times"
            )
        if len(self.validation_step) != len(self.validation_loss):
            raise ValueError(
                f"expected a loss for each validation, got {len(self.validation_step)} "
                f"steps and {len(self.validation_loss)} losses"
            )

    def __len__(self) -> int:
        return len(self.loss)
