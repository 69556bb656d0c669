"""Layers that the experiments need and torch lacks."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ._utils.checks import check_integer, check_kernel_fits

CONVOLUTION_SETTINGS = ("kernel_size", "stride", "padding", "dilation")


def unfold(
    x: Float[Tensor, "examples channels *size"],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Float[Tensor, "examples window positions"]:
    """What each output position of a convolution sees, as columns.

    ``F.unfold`` for any number of axes, in one strided copy.
    """
    if any(padding):
        x = F.pad(x, [p for size in reversed(padding) for p in (size, size)])
    axes = len(kernel_size)
    for i in range(axes):
        span = (kernel_size[i] - 1) * dilation[i] + 1
        x = x.unfold(2 + i, span, stride[i])[..., :: dilation[i]]
    positions, offsets = range(2, 2 + axes), range(2 + axes, 2 + 2 * axes)
    return x.permute(0, 1, *offsets, *positions).flatten(2 + axes).flatten(1, 1 + axes)


def output_sizes(
    sizes: Sequence[int],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> list[int]:
    """The number of positions of a convolution along each axis."""
    settings = zip(sizes, kernel_size, stride, padding, dilation, strict=True)
    return [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in settings]


class LocallyConnected1d(nn.Module):
    """A convolution without weight sharing: every output position has its own filter.

    ``y_p = sum_t F[p, t] x_{p + t}``, for one channel, without bias.

    Args:
        input_size: length of x.
        kernel_size: length of each filter.

    Raises:
        TypeError: a size is no integer.
        ValueError: the kernel does not fit the input.
    """

    def __init__(self, input_size: int, kernel_size: int) -> None:
        super().__init__()
        check_integer("input_size", input_size)
        check_integer("kernel_size", kernel_size)
        check_kernel_fits(kernel_size, input_size)
        self.input_size = input_size
        self.weight = nn.Parameter(torch.empty(input_size - kernel_size + 1, kernel_size))
        bound = 1 / math.sqrt(kernel_size)  # as torch initializes a convolution
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Float[Tensor, "*examples n"]) -> Float[Tensor, "*examples m"]:
        """Apply each position's filter to its window.

        Raises:
            ValueError: the input has another length.
        """
        if x.shape[-1] != self.input_size:
            raise ValueError(
                f"expected inputs of length {self.input_size}, got {x.shape[-1]}"
            )
        windows = x.unfold(-1, self.weight.shape[1], 1)
        return (windows * self.weight).sum(-1)

    def extra_repr(self) -> str:  # noqa: D102
        return f"input_size={self.input_size}, kernel_size={self.weight.shape[1]}"


class UnfoldConv2d(nn.Conv2d):
    """``nn.Conv2d`` as one matrix product, several times faster under ``vmap``.

    Tasks with a kernel each turn ``F.conv2d`` into a grouped convolution, which torch
    runs slowly. Here the windows of all images are laid out as columns and multiplied
    by the kernels. Same parameters and same values as ``nn.Conv2d``.

    Raises:
        ValueError: ``groups`` is not 1, or the padding is none of plain zeros.
    """

    def __init__(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **kwargs)
        if self.groups != 1:
            raise ValueError(f"expected groups=1, got {self.groups}")
        if self.padding_mode != "zeros" or isinstance(self.padding, str):
            raise ValueError(
                f"expected zero padding by a number of pixels, got "
                f"padding={self.padding!r}, padding_mode={self.padding_mode!r}"
            )

    def forward(
        self, input: Float[Tensor, "examples channels height width"]
    ) -> Float[Tensor, "examples out_channels out_height out_width"]:
        """The convolution of each image with the kernels."""
        kernel, dilation, stride = self.kernel_size, self.dilation, self.stride
        padding = cast(tuple[int, ...], self.padding)
        # F.unfold and not unfold, whose derivative is slow under vmap
        windows = F.unfold(input, kernel, dilation, padding, stride)
        columns = windows.transpose(0, 1).flatten(1)
        y = (self.weight.flatten(1) @ columns).unflatten(1, (len(input), -1))
        if self.bias is not None:
            y = y + self.bias[:, None, None]
        sizes = output_sizes(input.shape[2:], kernel, stride, padding, dilation)
        return y.transpose(0, 1).unflatten(2, sizes)
