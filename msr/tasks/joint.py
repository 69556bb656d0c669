"""Tasks whose two sets hold the same examples."""

from collections.abc import Sequence

from torch import Tensor

from .batch import TaskBatch
from .distribution import Split, TaskDistribution, check_distribution, draw, known_split


class Joint:
    """The same tasks, with all of a training task's examples in both of its sets.

    Meta-training on these is the paper's MSR-Joint: the outer loss sees the examples
    that the inner loop has adapted to. Test tasks stay as they are.

    Args:
        tasks: any task distribution.

    Raises:
        TypeError: ``tasks`` is none.
    """

    def __init__(self, tasks: TaskDistribution) -> None:
        check_distribution(tasks)
        self.tasks = tasks

    def __repr__(self) -> str:
        return f"Joint({self.tasks!r})"

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split.

        Raises:
            TypeError, ValueError: there is no such split.
        """
        known_split(split)
        return self.tasks.num_tasks(split)

    def batch(self, split: Split, indices: Sequence[int] | Tensor) -> TaskBatch:
        """The tasks of these numbers.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
        """
        batch = draw(self.tasks, split, indices)
        if split == "test":
            return batch
        x, y = batch.examples()
        return TaskBatch(x, y, x, y, batch.mask, batch.mask)
