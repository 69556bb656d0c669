"""What is told of meta-training while it runs, and those who listen."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_takes, named_path
from .._utils.files import write_atomically
from .learner import MetaLearner


@dataclass(frozen=True)
class TrainingState:
    """Where meta-training is, after an outer step.

    Attributes:
        step: the number of steps so far.
        learner: as it is now.
        loss: the mean query loss of the step's tasks, before its update.
        losses: the query loss of each of them.
        lr: the outer step size of the first group of parameters, for the next step.
        seconds: wall time since the start of the run.
        validation_loss: if there was a validation after this step.
        metrics: measured in it.
        main: whether this process is the one that writes files, of several that train
            together.
    """

    step: int
    learner: MetaLearner
    loss: float
    losses: Float[Tensor, " tasks"]
    lr: float
    seconds: float
    validation_loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    main: bool = True

    def numbers(self) -> dict[str, float]:
        """Everything that is one number, by name, without the step."""
        found = {"loss": self.loss, "lr": self.lr, "seconds": self.seconds}
        if self.validation_loss is not None:
            found["validation_loss"] = self.validation_loss
        return found | {f"validation_{name}": v for name, v in self.metrics.items()}


@runtime_checkable
class Observer(Protocol):
    """A callback that is told everything, such as `msr.CSVLog`."""

    def on_step(self, state: TrainingState) -> bool | None:
        """Called after each outer step; returns True to stop the training."""
        ...


Function = Callable[[int, MetaLearner, float], bool | None]
Callback = Function | Observer
Told = Callable[[TrainingState], bool | None]


def listeners(callback: Callback | Sequence[Callback] | None) -> list[Told]:
    """What to call with the state after each step.

    Raises:
        TypeError: something is neither a function of (step, learner, loss) nor has
            ``on_step``.
    """
    if callback is None:
        return []
    if isinstance(callback, list | tuple):
        return [told for one in callback for told in listeners(one)]
    if isinstance(callback, Observer) and not isinstance(callback, type):
        check_takes("callback.on_step", callback.on_step, "state")
        return [callback.on_step]
    if not callable(callback):
        raise TypeError(
            f"expected callback to be a function or to have on_step, got {shown(callback)}"
        )
    check_takes("callback", callback, "step", "learner", "loss")
    function: Any = callback
    return [lambda state: function(state.step, state.learner, state.loss)]


@checked
class CSVLog:
    """Writes a row for each outer step to a file of comma-separated values.

    Columns are step, loss, lr, seconds, and, where there is validation, its loss and
    metrics, which are empty between validations. A run that is resumed goes on in its file,
    without the rows of steps that it takes again. ::

        msr.meta_train(learner, tasks, callback=msr.CSVLog("run.csv"))

    Args:
        path: of the file.
        validation: the columns of the validation, such as
            ``("validation_loss", "validation_accuracy")``.

    Raises:
        TypeError: ``path`` is no path, or a column no text.
        ValueError: no file can have this name.
    """

    def __init__(
        self, path: str | Path, validation: Sequence[str] = ("validation_loss",)
    ) -> None:
        self.path = named_path("path", path)
        self.columns = ["step", "loss", "lr", "seconds", *validation]
        self._started = False

    def on_step(self, state: TrainingState) -> None:
        """Write the row of this step."""
        if not state.main:
            return
        if not self._started:
            self._start(state.step)
            self._started = True
        row = {"step": state.step} | state.numbers()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
            writer.writerow(row)

    def _start(self, step: int) -> None:
        """A file with the rows of earlier steps alone."""
        rows: list[list[str]] = []
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                header, *rows = [*csv.reader(file)] or [self.columns]
            if header != self.columns:
                raise ValueError(
                    f"expected a file with the columns {','.join(self.columns)}, got "
                    f"{self.path} with {','.join(header)}"
                )
        kept = [row for row in rows if row and int(row[0]) < step]
        lines = [",".join(row) + "\r\n" for row in [self.columns, *kept]]
        write_atomically(self.path, "".join(lines).encode())


@checked
class TensorBoardLog:
    """Writes the numbers of each outer step for TensorBoard. ::

        msr.meta_train(learner, tasks, callback=msr.TensorBoardLog("runs/first"))

    Args:
        folder: where TensorBoard is to look.

    Raises:
        TypeError: ``folder`` is no path.
        ValueError: no folder can have this name.
        ModuleNotFoundError: the package tensorboard is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        path = named_path("folder", folder)
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ModuleNotFoundError(
                "expected the package tensorboard, which is not installed: "
                "pip install tensorboard"
            ) from error
        self.writer: Any = SummaryWriter(str(path))

    def on_step(self, state: TrainingState) -> None:
        """Write the numbers of this step."""
        if not state.main:
            return
        for name, value in state.numbers().items():
            self.writer.add_scalar(name, value, state.step)
        self.writer.flush()
