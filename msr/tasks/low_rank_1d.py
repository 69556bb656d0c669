"""One-dimensional tasks with full or partial translation symmetry."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.checks import check_at_least, check_integer, check_kernel_fits, check_size
from .distribution import Split
from .seeded import SeededTasks


@dataclass(frozen=True)
class LowRank1d(SeededTasks):
    """A task distribution: 1-D layers whose filters vary with position, of rank k.

    The first experiment of Zhou, Knowles, Finn (2021). The true layer of a task is
    locally connected, without bias: output position p has a filter of its own,

    ``y_p = sum_t w[p, t] x_{p + t}``, with ``w = softmax(z) b``.

    z (positions x k, standard normal, softmax over k) is fixed for the problem; b
    (k x kernel size, standard normal) is the task's. Inputs are standard normal. For
    k = 1 every position has the same filter: a convolution, equivariant to
    translation. Larger k means less symmetry.

    Task i of a split is computed from (seed, split, i) when asked for, and not stored.

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
            input, a split has no task or no query example, or a tensor would be too large.
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
        check_at_least(1, rank=self.rank)
        check_kernel_fits(self.kernel_size, self.input_size)
        check_size("a mixture of filters", self.output_size, self.rank)
        check_size("filters", self.rank, self.kernel_size)
        self._check_counts()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, ``(input size,)``."""
        return (self.input_size,)

    @property
    def output_size(self) -> int:
        """The number of output positions, m = n - kernel size + 1."""
        return self.input_size - self.kernel_size + 1

    @property
    def sharing(self) -> Float[Tensor, "positions rank"]:
        """How the output positions mix the k filters of a task, ``softmax(z)``."""
        return self._sharing.to(torch.get_default_device(), torch.get_default_dtype())

    @cached_property
    def _sharing(self) -> Float[Tensor, "positions rank"]:
        generator = self._generator(0, "problem")
        shape = self.output_size, self.rank
        z = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
        return z.softmax(dim=1)

    def symmetry_matrix(self) -> Float[Tensor, "mn rank_kernel"]:
        """The true U: the weight of every task is ``reshape(U vec(b))``.

        For rank 1 its span is the space of convolutions, that of
        `msr.conv1d_matrix`.

        Returns:
            shape (m n, k * kernel size), rows in the row-major order of vec(W).

        Raises:
            ValueError: the matrix would be too large.
        """
        m, n = self.output_size, self.input_size
        check_size("a symmetry matrix", m, n, self.rank, self.kernel_size)
        U = torch.zeros(m, n, self.rank, self.kernel_size)
        positions = torch.arange(m)
        for t in range(self.kernel_size):
            U[positions, positions + t, :, t] = self.sharing
        return U.reshape(m * n, -1)

    def filters(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Float[Tensor, "tasks rank kernel"]:
        """The filters b of each task.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
        """
        return self._parameters(split, indices).to(torch.get_default_device())

    def _draw_parameters(self, generator: torch.Generator) -> Float[Tensor, "rank kernel"]:
        shape = self.rank, self.kernel_size
        return torch.randn(shape, generator=generator, device="cpu")

    def _outputs(
        self,
        parameters: Float[Tensor, "tasks rank kernel"],
        x: Float[Tensor, "tasks examples n"],
    ) -> Float[Tensor, "tasks examples m"]:
        w = self._sharing.to(parameters.dtype) @ parameters
        taps = range(self.kernel_size)
        shifted = (x[:, :, t : t + self.output_size] * w[:, None, :, t] for t in taps)
        return cast(Tensor, sum(shifted))
