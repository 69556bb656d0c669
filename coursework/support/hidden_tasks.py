"""Tasks that share a symmetry which is not told: assignment 4."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from msr import FiniteGroup, Representation, small_groups
from msr.groups import permutation_representation
from msr.tasks import SeededTasks, Split

from .mysteries import group_of_sharing, seeded

POINTS = 8
NOISE = 0.1
# Groups that act on 8 points without fixing any: once, or in two orbits.
GROUPS = ("C8", "C4xC2", "C2xC2xC2", "D4", "Q8", "C4", "C2xC2")


@dataclass(frozen=True, repr=False)
class HiddenSymmetry(SeededTasks):
    """Linear tasks ``y = W x`` on 8 points, all equivariant to one group.

    The group acts by permuting the points, on inputs and outputs alike, and no point
    stays where it is unless all do. Which group it is and how it acts depend on the
    seed; it is another than that of `mystery_sharing` in assignment 2. A task's W is
    drawn at random from all matrices that commute with the action. Inputs are standard
    normal. Support targets carry noise of standard deviation 0.1.

    This is the subject of an investigation: to read the code below is to look up the
    answer.

    Args:
        seed: of the problem and all of its tasks.
        train_tasks, test_tasks: number of tasks in each split.
        train_examples, test_examples: examples of a task.
        support: how many of them are its support set.

    Raises:
        ValueError: the seed is negative, a split has no task or no query example.
    """

    seed: int = 0
    train_tasks: int = 2000
    test_tasks: int = 500
    train_examples: int = 6
    test_examples: int = 6
    support: int = 4

    def __post_init__(self) -> None:
        self._check_counts()

    def __repr__(self) -> str:
        return f"HiddenSymmetry(seed={self.seed})"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, ``(8,)``."""
        return (POINTS,)

    @cached_property
    def _action(self) -> tuple[FiniteGroup, Int[Tensor, "order 8"]]:
        """The group, and where each element moves each point."""
        generator = seeded(self.seed, "hidden symmetry")
        others = [name for name in GROUPS if name != group_of_sharing(self.seed)]
        choice = int(torch.randint(len(others), (), generator=generator))
        group = small_groups()[others[choice]]
        copies = POINTS // group.order
        images = torch.cat([group.table + i * group.order for i in range(copies)], dim=1)
        order = torch.randperm(POINTS, generator=generator)
        return group, order.argsort()[images[:, order]]

    def _representation(self) -> Representation:
        group, images = self._action
        return permutation_representation(group, images)

    def _draw_parameters(self, generator: torch.Generator) -> Float[Tensor, "8 8"]:
        weight = torch.randn(POINTS, POINTS, generator=generator)
        _, images = self._action
        # W[g a, g b] averaged over g is what the group leaves as it is
        shared = weight[images[:, :, None], images[:, None, :]].mean(0)
        return shared * len(images) ** 0.5 / POINTS**0.5

    def _outputs(
        self,
        parameters: Float[Tensor, "tasks 8 8"],
        x: Float[Tensor, "tasks examples 8"],
    ) -> Float[Tensor, "tasks examples 8"]:
        return x @ parameters.mT

    def _observed(
        self, split: Split, numbers: list[int], y_support: Float[Tensor, "tasks support 8"]
    ) -> Float[Tensor, "tasks support 8"]:
        return self._noisy(NOISE, split, numbers, y_support)
