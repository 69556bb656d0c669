"""The record of a run, and what is raised when it diverges."""

from dataclasses import dataclass, field


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
