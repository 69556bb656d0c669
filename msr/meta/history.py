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

    Raises:
        TypeError: one is no list of numbers.
        ValueError: the two have different lengths.
    """

    loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.loss) != len(self.seconds):
            raise ValueError(
                f"expected a time for each loss, got {len(self.loss)} losses and "
                f"{len(self.seconds)} times"
            )

    def __len__(self) -> int:
        return len(self.loss)
