"""One-dimensional tasks with full or partial translation symmetry."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ._checks import check_integer
from .batch import TaskBatch
from .tasks import SeededTasks, Split


@dataclass(frozen=True)
class LowRank1d(SeededTasks):
    """One-dimensional layers whose filters vary with position, in a space of rank k.

    The first experiment of Zhou, Knowles, Finn (2021). The true layer of a task is
    locally connected, without bias: output position p has a filter of its own,

    ``y_p = sum_t F[p, t] x_{p + t}``, with ``F = softmax(C) B``.

    C (positions x k, standard normal, softmax over k) is fixed for the problem; B
    (k x kernel size, standard normal) is the task's. Inputs are standard normal. For
    k = 1 every position has the same filter: a convolution, equivariant to
    translation. Larger k means less symmetry.

    Nothing is stored: task i of a split is computed from (seed, split, i) when asked
    for, on the CPU, in the default dtype. (Another default dtype gives other draws.)

    Args:
        rank: k, >= 1.
        seed: of the problem and all of its tasks.
        input_size: length of x.
        kernel_size: length of a filter.
        train_tasks, test_tasks: number of tasks in each split.
        train_examples: examples of a training task: 20 is the paper's "large" data
            set and 2 its "small" one (our reading; the paper does not define them).
        test_examples: examples of a test task.
        support: how many of a task's examples are its support set; the rest are its
            query set.

    Raises:
        TypeError: a setting is no integer.
        ValueError: ``rank`` < 1, the seed is negative, the kernel does not fit the
            input, or a split has no task or no query example.
    """

    rank: int = 1
    seed: int = 0
    input_size: int = 70
    kernel_size: int = 3
    train_tasks: int = 8000
    test_tasks: int = 2000
    train_examples: int = 20
    test_examples: int = 20
    support: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            check_integer(field.name, getattr(self, field.name))
        if self.rank < 1:
            raise ValueError(f"expected rank >= 1, got {self.rank}")
        if not 1 <= self.kernel_size <= self.input_size:
            raise ValueError(
                f"expected 1 <= kernel_size <= input_size = {self.input_size}, "
                f"got {self.kernel_size}"
            )
        self._check_counts()

    @property
    def output_size(self) -> int:
        """The number of output positions, m = n - kernel size + 1."""
        return self.input_size - self.kernel_size + 1

    @property
    def sharing(self) -> Float[Tensor, "positions rank"]:
        """softmax(C): how the output positions mix the k filters of a task."""
        return self._sharing.to(torch.get_default_dtype())

    @cached_property
    def _sharing(self) -> Float[Tensor, "positions rank"]:
        generator = torch.Generator().manual_seed(self._first_seed("problem"))
        shape = self.output_size, self.rank
        C = torch.randn(shape, generator=generator, dtype=torch.float64)
        return C.softmax(dim=1)

    def symmetry_matrix(self) -> Float[Tensor, "mn rank_kernel"]:
        """The true U: the weight of every task is ``reshape(U vec(B))``.

        For rank 1 its span is the space of convolutions, that of
        `msr.conv1d_matrix`.

        Returns:
            shape (m n, k * kernel size), rows in the row-major order of vec(W).
        """
        m, n = self.output_size, self.input_size
        U = torch.zeros(m, n, self.rank, self.kernel_size)
        positions = torch.arange(m)
        for t in range(self.kernel_size):
            U[positions, positions + t, :, t] = self.sharing
        return U.reshape(m * n, -1)

    def filters(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Float[Tensor, "tasks rank kernel"]:
        """B of each task."""
        return torch.stack([self._draw(split, i)[0] for i in self._checked(split, indices)])

    def batch(
        self,
        split: Split,
        indices: Sequence[int] | Int[Tensor, " tasks"],
        support: int | None = None,
        query: int | None = None,
    ) -> TaskBatch:
        """The tasks of these numbers.

        Args:
            split: "train" or "test".
            indices: which tasks; repeats are allowed.
            support: examples in the support set. Default: as configured.
            query: examples in the query set. Default: all that are left.

        Raises:
            ValueError: there are no indices, one is out of range, the split is
                unknown, or more examples are asked for than a task holds.
        """
        support, query = self._sizes(split, support, query)
        draws = [self._draw(split, i) for i in self._checked(split, indices)]
        B = torch.stack([draw[0] for draw in draws])
        x = torch.stack([draw[1] for draw in draws])[:, : support + query]
        F = self.sharing.to(B.dtype) @ B
        windows = x.unfold(2, self.kernel_size, 1)
        y = torch.einsum("iept,ipt->iep", windows, F)
        return TaskBatch(x[:, :support], y[:, :support], x[:, support:], y[:, support:])

    def _draw(self, split: Split, index: int) -> tuple[Tensor, Tensor]:
        """B and all inputs of one task."""
        generator = self._generator(split, index)
        B = torch.randn(self.rank, self.kernel_size, generator=generator)
        examples = self.num_examples(split)
        return B, torch.randn(examples, self.input_size, generator=generator)
