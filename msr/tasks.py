"""Task distributions: where meta-training and meta-testing draw their tasks."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from numpy.random import SeedSequence
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
    _known(split)
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


def _known(split: str) -> str:
    if split not in ("train", "test"):
        raise ValueError(f'expected split "train" or "test", got {split!r}')
    return split


class SeededTasks:
    """What synthetic task distributions have in common: numbered, seeded tasks.

    Nothing is stored: task i of a split is computed from (seed, split, i) when asked
    for. Subclasses are dataclasses with the fields below.
    """

    seed: int
    train_tasks: int
    test_tasks: int
    train_examples: int
    test_examples: int
    support: int

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split."""
        return {"train": self.train_tasks, "test": self.test_tasks}[_known(split)]

    def num_examples(self, split: Split) -> int:
        """The number of examples that a task of this split holds."""
        return {"train": self.train_examples, "test": self.test_examples}[_known(split)]

    def _check_counts(self) -> None:
        if self.seed < 0:
            raise ValueError(f"expected seed >= 0, got {self.seed}")
        if min(self.train_tasks, self.test_tasks) < 1:
            raise ValueError(
                f"expected at least one task in each split, got {self.train_tasks} "
                f"training and {self.test_tasks} test tasks"
            )
        if not 1 <= self.support < min(self.train_examples, self.test_examples):
            raise ValueError(
                f"expected 1 <= support < examples of a task, got support="
                f"{self.support} of {self.train_examples} (train) and "
                f"{self.test_examples} (test)"
            )

    def _sizes(
        self, split: Split, support: int | None, query: int | None
    ) -> tuple[int, int]:
        """The numbers of support and query examples to hand out."""
        examples = self.num_examples(split)
        support = self.support if support is None else support
        query = examples - support if query is None else query
        if support < 1 or query < 1 or support + query > examples:
            raise ValueError(
                f"expected at least 1 support and 1 query example and at most {examples} "
                f"together, all that a {split} task holds, got {support} + {query}"
            )
        return support, query

    def _generator(self, split: Split, index: int) -> torch.Generator:
        seed = (self._first_seed(split) + index) % 2**32
        return torch.Generator().manual_seed(seed)

    def _first_seed(self, stream: str) -> int:
        """Where the seeds of a stream start.

        torch's CPU generator uses the low 32 bits of a seed only, so the streams are
        spread over these by numpy's SeedSequence.
        """
        key = [self.seed, ("problem", "train", "test", "noise").index(stream)]
        return int(SeedSequence(key).generate_state(1)[0])

    def _checked(self, split: Split, indices: Sequence[int] | Tensor) -> list[int]:
        numbers = [int(i) for i in indices]
        tasks = self.num_tasks(split)
        if not numbers:
            raise ValueError("expected at least one task, got no indices")
        for i in numbers:
            if not 0 <= i < tasks:
                raise ValueError(f"expected {split} tasks 0..{tasks - 1}, got {i}")
        return numbers


class Joint:
    """The same tasks, with all of a training task's examples in both of its sets.

    Meta-training on these is the paper's MSR-Joint: the outer loss sees the examples
    that the inner loop has adapted to. Test tasks stay as they are.

    Args:
        tasks: any task distribution.
    """

    def __init__(self, tasks: TaskDistribution) -> None:
        self.tasks = tasks

    def __repr__(self) -> str:
        return f"Joint({self.tasks!r})"

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split."""
        return self.tasks.num_tasks(split)

    def batch(self, split: Split, indices: Sequence[int] | Tensor) -> TaskBatch:
        """The tasks of these numbers."""
        batch = self.tasks.batch(split, indices)
        if split == "test":
            return batch
        x, y = batch.examples()
        return TaskBatch(x, y, x, y)
