"""Few-shot classification: n classes that a task draws, k examples of each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from .._utils.checks import check_at_least, check_integer, check_known, check_size
from .batch import TaskBatch
from .distribution import Split, known_split
from .moves import MOVES, moved_at_random
from .seeded import NumberedTasks

Images = UInt8[Tensor, "_ size size"]
SMALLEST = 9


@dataclass(frozen=True, kw_only=True)
class FewShot(NumberedTasks):
    """What tasks of images of characters have in common.

    A task draws ``ways`` classes of its split, in random order, and ``shots + queries``
    examples of each, all without replacement. Its labels are 0 to ``ways - 1``, the support
    and the query set ordered by label. Every image is then moved by a move of its own,
    drawn from the kind that is set for its set:

    - "none": the image as it is;
    - "turns": by 0, 90, 180 or 270 degrees; "flips": mirrored left to right, or not;
      "D4": both, eight moves;
    - "shifts": by -3 to 3 pixels along each axis, blank where nothing comes from;
    - "angles": by any angle, bilinearly between pixels.

    Images have one channel, 0 where there is no ink and 1 where there is. Subclasses are
    dataclasses with more fields, and say which classes a split has.
    """

    ways: int = 5
    shots: int = 1
    queries: int = 5
    support_moves: str = "none"
    query_moves: str = "none"
    seed: int = 0
    size: int = 17
    train_tasks: int = 8000
    val_tasks: int = 200
    test_tasks: int = 1000

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type is int:
                check_integer(field.name, getattr(self, field.name))
        check_known("kind of support_moves", self.support_moves, MOVES)
        check_known("kind of query_moves", self.query_moves, MOVES)
        check_at_least(0, seed=self.seed)
        check_at_least(1, shots=self.shots, queries=self.queries)
        check_at_least(2, ways=self.ways)
        check_at_least(SMALLEST, size=self.size)
        check_at_least(
            1,
            train_tasks=self.train_tasks,
            val_tasks=self.val_tasks,
            test_tasks=self.test_tasks,
        )
        check_size("a task", self.ways, self.shots + self.queries, self.size, self.size)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image, ``(1, size, size)``."""
        return (1, self.size, self.size)

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split: "train", "val" or "test".

        Raises:
            TypeError, ValueError: there is no such split.
        """
        return int(getattr(self, f"{known_split(split)}_tasks"))

    def class_names(self, split: Split) -> list[str]:
        """The classes of a split that have enough examples, in a fixed order.

        Raises:
            TypeError, ValueError: there is no such split.
        """
        name = known_split(split)  # before images are drawn or read
        return [*self._usable[name]]

    def classes(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Int[Tensor, "tasks ways"]:
        """Which classes each task draws, by label, as numbers in `class_names`.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
            ValueError: too few classes have enough examples.
        """
        numbers = self._checked(split, indices)
        drawn = [self._drawn(split, self._generator(i, split)) for i in numbers]
        return torch.stack(drawn).to(torch.get_default_device())

    def batch(
        self, split: Split, indices: Sequence[int] | Int[Tensor, " tasks"]
    ) -> TaskBatch:
        """The tasks of these numbers.

        Images have shape (tasks, examples, 1, size, size), in the default dtype; targets
        are int64 labels, for ``loss=torch.nn.functional.cross_entropy``.

        Args:
            split: "train", "val" or "test".
            indices: which tasks; repeats are allowed.

        Raises:
            TypeError: a number of a task is no integer.
            ValueError: there are no indices or too many, one is out of range, the split
                is unknown, or too few classes have enough examples.
        """
        numbers = self._checked(split, indices)
        check_size("a batch", len(numbers), *self._task_shape)
        support, query = (
            torch.stack(sets).unsqueeze(2)
            for sets in zip(*(self._task(split, i) for i in numbers))
        )
        labels = torch.arange(self.ways, device="cpu")

        def targets(each: int) -> Tensor:
            return labels.repeat_interleave(each).repeat(len(numbers), 1)

        batch = TaskBatch(support, targets(self.shots), query, targets(self.queries))
        return batch.to(torch.get_default_device())

    @property
    def _task_shape(self) -> tuple[int, ...]:
        return self.ways * (self.shots + self.queries), self.size, self.size

    def _task(self, split: Split, index: int) -> tuple[Tensor, Tensor]:
        """The images of the two sets of a task."""
        generator = self._generator(index, split)
        classes = self._drawn(split, generator)
        names = self.class_names(split)
        each = self.shots + self.queries
        chosen = []
        for number in classes.tolist():
            images = self._usable[split][names[number]]
            order = torch.randperm(len(images), generator=generator, device="cpu")
            chosen.append(images[order[:each]])
        images = torch.stack(chosen).to(torch.get_default_dtype()) / 255
        sets = images[:, : self.shots], images[:, self.shots :]
        support, query = (part.flatten(0, 1) for part in sets)
        return (
            moved_at_random(support, self.support_moves, generator),
            moved_at_random(query, self.query_moves, generator),
        )

    def _drawn(self, split: Split, generator: torch.Generator) -> Int[Tensor, " ways"]:
        number = len(self._usable[split])
        if number < self.ways:
            raise ValueError(
                f"expected at least ways={self.ways} classes of the {split} split with "
                f"shots + queries = {self.shots + self.queries} examples, got {number}"
            )
        order = torch.randperm(number, generator=generator, device="cpu")
        return order[: self.ways]

    @cached_property
    def _usable(self) -> dict[str, dict[str, Images]]:
        """The images of each class with enough of them, by split and name."""
        each = self.shots + self.queries
        return {
            split: {name: x for name, x in self._images(split).items() if len(x) >= each}
            for split in ("train", "val", "test")
        }

    def _images(self, split: Split) -> dict[str, Images]:
        """All images of a split, 255 where there is ink, by class; on the CPU."""
        raise NotImplementedError
