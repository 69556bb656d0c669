"""Task distributions: where meta-training and meta-testing draw their tasks."""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from .._utils.annotations import holds_integers, shown
from .._utils.checks import MOST_TASKS, check_between, check_integer
from .batch import TaskBatch

Split = Literal["train", "val", "test"]


@runtime_checkable
class TaskDistribution(Protocol):
    """What `msr.meta_train` and `msr.meta_test` ask of a source of tasks.

    Tasks are numbered from 0 in each split. A "val" split, for validation in the course of
    training, may be missing: ``num_tasks("val")`` then raises or is 0. The same number must
    always give the same task, so that runs can be repeated and resumed. ``repr`` should
    name every setting: checkpoints use it to tell one source from another (a class without
    one goes by its name).
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
    check_distribution(tasks)
    number = tasks.num_tasks(split)
    check_integer(f"num_tasks({split!r})", number)
    if number < 1:
        raise ValueError(f"expected at least one {split} task, got {number}")


def check_distribution(tasks: TaskDistribution) -> None:
    """Raise a TypeError unless the object is a `TaskDistribution`."""
    missing = [m for m in ("num_tasks", "batch") if not callable(getattr(tasks, m, None))]
    if missing or isinstance(tasks, type):
        lacks = f"without {' and '.join(missing)}" if missing else "itself, no instance"
        name = tasks.__name__ if isinstance(tasks, type) else type(tasks).__name__
        raise TypeError(
            f"expected a task distribution with num_tasks(split) and batch(split, "
            f"indices), got {name} {lacks}"
        )


def draw(
    tasks: TaskDistribution, split: Split, indices: Sequence[int] | Tensor
) -> TaskBatch:
    """The tasks of these numbers, checked to be as many as asked for.

    Raises:
        TypeError: the numbers are no integers, or the result is no `TaskBatch`.
        ValueError: there is no such split, no number or too many, or the result holds
            another number of tasks.
    """
    known_split(split)
    check_indices(indices)
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
    tasks: TaskDistribution,
    number: int,
    generator: torch.Generator,
) -> tuple[Int[Tensor, " number"], TaskBatch]:
    """As many training tasks, drawn with replacement: their numbers, and the tasks.

    Args:
        tasks: where they come from.
        number: how many.
        generator: of the draws.

    Raises:
        TypeError, ValueError: as for `draw`.
    """
    indices = draw_numbers(tasks, number, generator)
    return indices, draw(tasks, "train", indices)


def draw_numbers(
    tasks: TaskDistribution,
    number: int,
    generator: torch.Generator,
    first: int | None = None,
) -> Int[Tensor, " number"]:
    """The numbers of training tasks, drawn with replacement.

    Args:
        tasks: where they come from.
        number: how many.
        generator: of the draws.
        first: draw from the first so many tasks alone.
    """
    available = tasks.num_tasks("train") if first is None else first
    return torch.randint(available, (number,), generator=generator, device="cpu")


def known_split(split: str) -> str:
    """The name of a split, if it is one.

    Raises:
        TypeError: it is no text.
        ValueError: it is not.
    """
    if isinstance(split, str) and split in get_args(Split):
        return split
    kind = ValueError if isinstance(split, str) else TypeError
    raise kind(f'expected split "train", "val" or "test", got {shown(split)}')


def check_indices(indices: Sequence[int] | Tensor) -> None:
    """Raise unless these are the numbers of tasks, at least one and not too many."""
    if isinstance(indices, Tensor):
        plain = indices.ndim == 1 and indices.layout == torch.strided
        if not holds_integers(indices):
            raise TypeError(f"expected indices to be integers, got {indices.dtype}")
        if not plain:
            raise ValueError(f"expected indices of shape (tasks,), got {shown(indices)}")
    elif isinstance(indices, str | bytes) or not isinstance(indices, Sequence):
        raise TypeError(
            f"expected indices as a list of integers or a tensor, got {shown(indices)}"
        )
    if not len(indices):
        raise ValueError("expected at least one task, got no indices")
    check_between(1, MOST_TASKS, number_of_tasks=len(indices))
    if not isinstance(indices, Tensor | range):
        for kind in set(map(type, indices)):
            if kind is bool or not issubclass(kind, int):
                raise TypeError(
                    f"expected indices to be integers, got {shown(indices)} with one of "
                    f"type {kind.__name__}"
                )
