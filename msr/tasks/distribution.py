"""Task distributions: where meta-training and meta-testing draw their tasks."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from .batch import TaskBatch

Split = Literal["train", "test"]


@runtime_checkable
class TaskDistribution(Protocol):
    """What `msr.meta_train` and `msr.meta_test` ask of a source of tasks.

    Tasks are numbered from 0 in each split. The same number must always give the same
    task, so that runs can be repeated and resumed. ``repr`` should name every setting:
    checkpoints use it to tell one source from another (a class without one goes by its
    name).
    """

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split."""
        ...

    def batch(self, split: Split, indices: Sequence[int] | Tensor) -> TaskBatch:
        """The tasks of these numbers."""
        ...


def check_tasks(tasks: TaskDistribution, split: Split) -> None:
    """Raise unless the object is a `TaskDistribution` with tasks in this split."""
    known_split(split)
    missing = [m for m in ("num_tasks", "batch") if not callable(getattr(tasks, m, None))]
    if missing or isinstance(tasks, type):
        lacks = f"without {' and '.join(missing)}" if missing else "itself, no instance"
        name = tasks.__name__ if isinstance(tasks, type) else type(tasks).__name__
        raise TypeError(
            f"expected a task distribution with num_tasks(split) and batch(split, "
            f"indices), got {name} {lacks}"
        )
    if tasks.num_tasks(split) < 1:
        raise ValueError(
            f"expected at least one {split} task, got {tasks.num_tasks(split)}"
        )


def draw(tasks: TaskDistribution, split: Split, indices: Tensor) -> TaskBatch:
    """The tasks of these numbers, checked to be as many as asked for.

    Raises:
        TypeError: the result is no `TaskBatch`.
        ValueError: it holds another number of tasks.
    """
    batch = tasks.batch(split, indices)
    if not isinstance(batch, TaskBatch):
        raise TypeError(
            f"expected batch() to return a msr.TaskBatch, got {type(batch).__name__}"
        )
    if len(batch) != len(indices):
        raise ValueError(
            f"expected the {len(indices)} tasks that batch() was asked for, "
            f"got {len(batch)}"
        )
    return batch


def draw_training_tasks(
    tasks: TaskDistribution, number: int, generator: torch.Generator
) -> tuple[Int[Tensor, " number"], TaskBatch]:
    """As many training tasks, drawn with replacement: their numbers, and the tasks.

    Raises:
        TypeError, ValueError: as for `draw`.
    """
    indices = torch.randint(
        tasks.num_tasks("train"), (number,), generator=generator, device="cpu"
    )
    return indices, draw(tasks, "train", indices)


def known_split(split: str) -> str:
    """The name of a split, if it is one.

    Raises:
        ValueError: it is not.
    """
    if split not in ("train", "test"):
        raise ValueError(f'expected split "train" or "test", got {split!r}')
    return split
