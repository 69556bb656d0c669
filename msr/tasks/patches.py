"""Patches of photographs whose pixels are in a secret order, and random filters."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from .._utils.arguments import checked, shown
from .._utils.blocks import blocks_of, image_of
from .._utils.checks import (
    check_at_least,
    check_integer,
    check_not_negative,
    check_size,
    check_values,
)
from .distribution import Split
from .seeded import SeededTasks, digest_of, own_split


@checked
@dataclass(frozen=True, eq=False)
class ShuffledPatches(SeededTasks):
    """A task distribution: filters on photographs of which nothing tells the layout.

    Inputs are square patches as vectors, targets the same patches filtered by the task's
    own kernel, whose weights are standard normal. Three things hide where pixels lie:

    - all pixels are in one secret order, inputs and targets alike;
    - both are whitened, by ``C^(-1/2)`` with the second moments C of the patches: pixels
      that are neighbours are no more alike than others;
    - the pixels outside of the patch, which the filter sees at its border, are missing.

    Targets are scaled to mean square 1 in each task, and support targets are noisy. Patches
    are drawn from a fixed number of places in the photographs, on which C is computed. Task
    i of a split is computed from (seed, split, i) when asked for, and not stored.

    Args:
        photographs: grey images; each is brought to mean 0 and standard deviation 1.
        size: height and width of a patch.
        kernel_size: height and width of a filter, odd.
        seed: of the secret order, the places and all tasks.
        one_order: False gives each task an order of its own, which leaves nothing for
            tasks to share.
        floor: the least eigenvalue of C, relative to the largest, that is taken as it is;
            smaller ones are taken to be this one.
        noise: standard deviation of the normal noise on support targets.
        patches: number of places in the photographs.
        train_tasks, test_tasks: number of tasks in each split.
        train_examples, test_examples: patches of a task.
        support: how many of them are its support set.

    Raises:
        TypeError: a setting is of the wrong type, or a photograph no tensor of
            floating-point numbers.
        ValueError: there is no photograph, one is too small for a patch, constant or not
            finite, a number is out of range, or a tensor would be too large.
    """

    photographs: Sequence[Float[Tensor, "height width"]] = field(repr=False)
    size: int = 8
    kernel_size: int = 3
    seed: int = 0
    one_order: bool = True
    floor: float = 1e-6
    noise: float = 0.05
    patches: int = 4000
    train_tasks: int = 100_000
    test_tasks: int = 2000
    train_examples: int = 8
    test_examples: int = 8
    support: int = 4
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        for setting in fields(self):
            if setting.type is int:
                check_integer(setting.name, getattr(self, setting.name))
        check_at_least(1, size=self.size, kernel_size=self.kernel_size)
        check_at_least(2, patches=self.patches)
        check_not_negative(floor=self.floor, noise=self.noise)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"expected an odd kernel_size, got {shown(self.kernel_size)}")
        if not 0 < self.floor <= 1:
            raise ValueError(f"expected 0 < floor <= 1, got {shown(self.floor)}")
        check_size("patches", self.patches, self._outer, self._outer)
        check_size("second moments", self.size**2, self.size**2)
        self._check_counts()
        if not self.photographs:
            raise ValueError("expected at least one photograph, got none")
        for i, photograph in enumerate(self.photographs):
            check_values(f"photographs[{i}]", photograph)
            if photograph.ndim != 2 or min(photograph.shape) < self._outer:
                raise ValueError(
                    f"expected photographs[{i}] of shape (height, width), both at least "
                    f"{self._outer}, got {tuple(photograph.shape)}"
                )
            if photograph.min() == photograph.max():
                raise ValueError(
                    f"expected photographs[{i}] to show something, got one grey"
                )
        # part of what tells one source of tasks from another
        object.__setattr__(self, "digest", digest_of(*self.photographs))

    @property
    def _outer(self) -> int:
        """Height and width of a patch and of all that its filter sees."""
        return self.size + self.kernel_size - 1

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, ``(size^2,)``."""
        return (self.size**2,)

    def _task_size(self, examples: int) -> tuple[int, ...]:
        return (examples, self._outer, self._outer)

    @cached_property
    def order(self) -> Int[Tensor, " pixels"]:
        """The secret: number i of an input is pixel ``order[i]``, counted row by row."""
        generator = self._generator(1, "problem")
        return torch.randperm(self.size**2, generator=generator, device="cpu")

    @cached_property
    def _windows(self) -> Float[Tensor, "patches outer outer"]:
        """The patches with the border that their filter sees."""
        generator = self._generator(0, "problem")
        found = []
        images = [image.detach().cpu().double() for image in self.photographs]
        images = [(image - image.mean()) / image.std() for image in images]
        for number in range(self.patches):
            image = images[number % len(images)]
            top, left = (
                int(
                    torch.randint(
                        s - self._outer + 1, (), generator=generator, device="cpu"
                    )
                )
                for s in image.shape
            )
            found.append(image[top : top + self._outer, left : left + self._outer])
        return torch.stack(found)

    def _inner(
        self, windows: Float[Tensor, "*n outer outer"]
    ) -> Float[Tensor, "*n pixels"]:
        border = self.kernel_size // 2
        inside = slice(border, border + self.size)
        return windows[..., inside, inside].flatten(-2)

    @cached_property
    def _whitening(self) -> Float[Tensor, "pixels pixels"]:
        """``C^(-1/2)``."""
        x = self._inner(self._windows)
        sizes, vectors = torch.linalg.eigh(x.T @ x / len(x))
        sizes = sizes.clamp(min=self.floor * float(sizes[-1]))
        return (vectors * sizes.rsqrt()) @ vectors.T

    def inputs(self) -> Float[Tensor, "patches pixels"]:
        """All inputs that there are: the patches whitened, in the secret order."""
        x = (self._inner(self._windows) @ self._whitening)[:, self.order]
        return x.to(torch.get_default_device(), torch.get_default_dtype())

    def scramble(
        self, image: Float[Tensor, "height width"]
    ) -> Float[Tensor, "height width"]:
        """An image whose blocks of ``size`` x ``size`` pixels are in the secret order.

        Raises:
            TypeError: it is no tensor of floating-point numbers.
            ValueError: its sides are no multiples of ``size``, or it is not finite.
        """
        check_values("image", image)
        shape = self.size, self.size
        blocks = blocks_of(image, shape)[:, self.order.to(image.device)]
        return image_of(blocks, shape, image.shape)

    def _examples(
        self, split: Split, numbers: list[int], examples: int
    ) -> tuple[Float[Tensor, "tasks examples n"], Float[Tensor, "tasks examples n"]]:
        draws = [self._own(split, number) for number in numbers]
        chosen, kernels, orders = (
            torch.stack(tensors) for tensors in zip(*draws, strict=True)
        )
        windows = self._windows[chosen]
        y = F.conv2d(
            windows.transpose(0, 1), kernels[:, None], groups=len(numbers)
        ).transpose(0, 1)
        orders = orders[:, None].expand(*windows.shape[:2], -1)
        x = (self._inner(windows) @ self._whitening).gather(2, orders)
        y = (y.flatten(2) @ self._whitening).gather(2, orders)
        y = y / y.square().mean((1, 2), keepdim=True).sqrt()
        dtype = torch.get_default_dtype()
        return x[:, :examples].to(dtype), y[:, :examples].to(dtype)

    def _observed(
        self, split: Split, numbers: list[int], y_support: Float[Tensor, "tasks support n"]
    ) -> Float[Tensor, "tasks support n"]:
        return self._noisy(self.noise, split, numbers, y_support)

    def _own(self, split: Split, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Which patches a task has, its kernel, and the order of its pixels."""
        generator = self._generator(number, own_split(split))
        examples = (self.num_examples(split),)
        chosen = torch.randint(self.patches, examples, generator=generator, device="cpu")
        kernel = torch.randn(
            (self.kernel_size, self.kernel_size),
            generator=generator,
            dtype=torch.float64,
            device="cpu",
        )
        if self.one_order:
            return chosen, kernel, self.order
        order = torch.randperm(self.size**2, generator=generator, device="cpu")
        return chosen, kernel, order
