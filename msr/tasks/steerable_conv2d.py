"""Two-dimensional tasks whose kernels rotate, or rotate and flip, into each other."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_integer, check_not_negative, check_size
from ..layers import unfold
from ..symmetry.known import steerable_kernels
from .distribution import Split
from .seeded import SeededTasks


@dataclass(frozen=True)
class SteerableConv2d(SeededTasks):
    """A task distribution: 3 x 3 convolutions whose channels are moved copies.

    The second experiment of Zhou, Knowles, Finn (2021). The true layer of a task maps
    one scalar field to ``fields`` regular fields of the n rotations (``flip=False``:
    C_n) or of n rotations and n reflections (D_n). It has ``fields * |G|`` output
    channels, no padding and no bias. Field i has six coefficients b_i of its own, and
    channel g of the field has the kernel ``K_ig(x) = sum_j b_ij psi_j(g^-1 x)`` with
    the functions psi_j of `msr.steerable_kernels`. Images are standard normal.

    Coefficients are normal, with the scales that escnn's generalized He
    initialization gives for n >= 5: each function is scaled so that its squares sum
    over the channels of a field to 1 (the two isotropic ones) or 2 (the others); the
    standard deviation is ``1/sqrt(2)``, and 1 for the anisotropic functions of D_n.

    Task i of a split is computed from (seed, split, i) when asked for, and not stored.

    Args:
        n: number of rotations.
        flip: whether the group has reflections too.
        seed: of all tasks.
        fields: number of regular fields in the output.
        size: height and width of an image, >= 3.
        noise: standard deviation of the normal noise on support targets. Query targets
            have none, so that the query loss measures the error of the layer.
        train_tasks, test_tasks: number of tasks in each split.
        train_examples, test_examples: images of a task. The default is two, one of
            them for support: an image of 32 x 32 pixels holds 900 outputs a channel.
        support: how many of a task's images are its support set.

    Raises:
        TypeError: a setting is no integer (``flip``: no bool; ``noise``: no number).
        ValueError: a number is too small, ``noise`` negative or not finite, or a tensor
            would be too large.
    """

    n: int = 8
    flip: bool = False
    seed: int = 0
    fields: int = 3
    size: int = 32
    noise: float = 0.0
    train_tasks: int = 8000
    test_tasks: int = 2000
    train_examples: int = 2
    test_examples: int = 2
    support: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.flip, bool):
            raise TypeError(f"expected flip to be True or False, got {shown(self.flip)}")
        for field in fields(self):
            if field.name not in ("flip", "noise"):
                check_integer(field.name, getattr(self, field.name))
        check_at_least(1, n=self.n, fields=self.fields)
        check_at_least(3, size=self.size)
        check_not_negative(noise=self.noise)
        check_size("kernels", self.channels, 9, 6)
        self._check_counts()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image, ``(1, size, size)``."""
        return (1, self.size, self.size)

    @property
    def channels(self) -> int:
        """The number of output channels, ``fields * |G|``."""
        return self.fields * self.n * (2 if self.flip else 1)

    @cached_property
    def _basis(self) -> Float[Tensor, "order 9 6"]:
        """The six functions at the scale of the coefficients, in float64, on the CPU."""
        with torch.device("cpu"):
            basis = steerable_kernels(self.n, self.flip).double().flatten(1, 2)
            squares = torch.tensor([1.0, 1.0, 2.0, 2.0, 2.0, 2.0]).double()
        return basis * (squares / basis.square().sum((0, 1))).sqrt()

    @cached_property
    def _std(self) -> Float[Tensor, " 6"]:
        """The standard deviation of each coefficient."""
        half = 0.5**0.5
        std = [half, half, *[1.0 if self.flip else half] * 4]
        return torch.tensor(std, device="cpu").double()

    def _task_size(self, examples: int) -> tuple[int, ...]:
        return (examples, max(self.channels, 9), self.size, self.size)

    def symmetry_matrix(self) -> Float[Tensor, "weights coefficients"]:
        """The true U: the weight of every task is ``reshape(U vec(b))``.

        Returns:
            shape (channels * 9, fields * 6), rows in the row-major order of a weight of
            shape (channels, 1, 3, 3).

        Raises:
            ValueError: the matrix would be too large.
        """
        check_size("a symmetry matrix", self.channels * 9, self.fields * 6)
        block = self._basis.flatten(0, 1)
        U = torch.block_diag(*[block] * self.fields)
        return U.to(torch.get_default_device(), torch.get_default_dtype())

    def kernels(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Float[Tensor, "tasks channels 1 3 3"]:
        """The true kernels of each task.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
        """
        kernels = self._kernels(self._parameters(split, indices))
        return kernels.to(torch.get_default_device())

    def _kernels(
        self, coefficients: Float[Tensor, "tasks fields 6"]
    ) -> Float[Tensor, "tasks channels 1 3 3"]:
        basis = self._basis.to(coefficients.dtype)
        kernels = torch.einsum("tij,gpj->tigp", coefficients, basis)
        return kernels.reshape(len(coefficients), self.channels, 1, 3, 3)

    def _draw_parameters(self, generator: torch.Generator) -> Float[Tensor, "fields 6"]:
        normal = torch.randn(self.fields, 6, generator=generator, device="cpu")
        return normal * self._std.to(normal.dtype)

    def _outputs(
        self,
        parameters: Float[Tensor, "tasks fields 6"],
        x: Float[Tensor, "tasks images 1 size size"],
    ) -> Float[Tensor, "tasks images channels height width"]:
        windows = unfold(x.flatten(0, 1), (3, 3), (1, 1), (0, 0), (1, 1))
        windows = windows.unflatten(0, x.shape[:2])
        y = self._kernels(parameters).flatten(2)[:, None] @ windows
        return y.unflatten(-1, (self.size - 2, self.size - 2))

    def _observed(
        self,
        split: Split,
        numbers: list[int],
        y_support: Float[Tensor, "tasks images channels height width"],
    ) -> Float[Tensor, "tasks images channels height width"]:
        return self._noisy(self.noise, split, numbers, y_support)
