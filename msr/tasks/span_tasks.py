"""Linear tasks whose weights share a symmetry matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import (
    check_at_least,
    check_integer,
    check_not_negative,
    check_size,
    check_values,
)
from .distribution import Split
from .seeded import SeededTasks, digest_of


@checked
@dataclass(frozen=True, eq=False)
class SpanTasks(SeededTasks):
    """A task distribution: linear layers with one sharing pattern.

    The true layer of a task is ``y = W x`` with ``vec(W) = U v``. U is the same in all
    tasks, and v is standard normal. Inputs are standard normal. With the symmetry matrix of
    a group, such as `msr.group_convolution_matrix`, tasks share this group.

    Task i of a split is computed from (seed, split, i) when asked for, and not stored.

    Args:
        U: the symmetry matrix, shape (mn, k).
        weight_shape: (m, n), outputs and inputs.
        seed: of all tasks.
        noise: standard deviation of the normal noise on support targets.
        train_tasks, test_tasks: number of tasks in each split.
        train_examples, test_examples: examples of a task.
        support: how many of them are its support set.

    Raises:
        TypeError: a setting is of the wrong type, or U not floating point.
        ValueError: U has another number of rows than the weight entries, no column, NaN or
            infinity, a number is out of range, or a tensor would be too large.
    """

    U: Float[Tensor, "mn k"] = field(repr=False)
    weight_shape: tuple[int, int]
    seed: int = 0
    noise: float = 0.0
    train_tasks: int = 100_000
    test_tasks: int = 2000
    train_examples: int = 10
    test_examples: int = 10
    support: int = 4
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        for setting in fields(self):
            if setting.type is int:
                check_integer(setting.name, getattr(self, setting.name))
        m, n = self.weight_shape
        check_at_least(1, m=m, n=n)
        check_not_negative(noise=self.noise)
        check_values("U", self.U)
        if len(self.U) != m * n or not self.U.shape[1]:
            raise ValueError(
                f"expected U of shape ({shown(m * n)}, k), a row per entry of a weight of "
                f"shape ({shown(m)}, {shown(n)}), got {tuple(self.U.shape)}"
            )
        self._check_counts()
        # part of what tells one source of tasks from another
        object.__setattr__(self, "digest", digest_of(self.U))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, ``(n,)``."""
        return (self.weight_shape[1],)

    def _task_size(self, examples: int) -> tuple[int, ...]:
        return (examples, max(self.weight_shape))

    def weights(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Float[Tensor, "tasks m n"]:
        """W of each task.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
        """
        W = self._weights(self._parameters(split, indices))
        return W.to(torch.get_default_device())

    def _weights(self, v: Float[Tensor, "tasks k"]) -> Float[Tensor, "tasks m n"]:
        U = self.U.detach().to("cpu", v.dtype)
        check_size("weights", len(v), len(U))
        return (v @ U.T).reshape(-1, *self.weight_shape)

    def _draw_parameters(self, generator: torch.Generator) -> Float[Tensor, " k"]:
        return torch.randn(self.U.shape[1], generator=generator, device="cpu")

    def _outputs(
        self, parameters: Float[Tensor, "tasks k"], x: Float[Tensor, "tasks examples n"]
    ) -> Float[Tensor, "tasks examples m"]:
        return x @ self._weights(parameters).mT

    def _observed(
        self, split: Split, numbers: list[int], y_support: Float[Tensor, "tasks support m"]
    ) -> Float[Tensor, "tasks support m"]:
        return self._noisy(self.noise, split, numbers, y_support)
