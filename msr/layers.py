"""Layers that the experiments need and torch lacks."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ._utils.arguments import checked, shown
from ._utils.checks import (
    check_at_least,
    check_dtype,
    check_kernel_fits,
    check_same_dtype,
    check_size,
)
from ._utils.devices import usable_device

Size2d = int | Sequence[int]
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
        ValueError: the kernel does not fit the input, or the weight would be too large.
    """

    def __init__(self, input_size: int, kernel_size: int) -> None:
        super().__init__()
        check_kernel_fits(kernel_size, input_size)
        check_size("a weight", input_size - kernel_size + 1, kernel_size)
        self.input_size = input_size
        self.weight = nn.Parameter(torch.empty(input_size - kernel_size + 1, kernel_size))
        bound = 1 / math.sqrt(kernel_size)  # as torch initializes a convolution
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Float[Tensor, "*examples n"]) -> Float[Tensor, "*examples m"]:
        """Apply each position's filter to its window.

        Raises:
            TypeError: the input is no tensor of the weight's dtype.
            ValueError: it has another length.
        """
        _check_input(x, self.weight)
        if x.shape[-1:] != (self.input_size,):
            got = x.shape[-1] if x.ndim else "a single number"
            raise ValueError(f"expected inputs of length {self.input_size}, got {got}")
        windows = x.unfold(-1, self.weight.shape[1], 1)
        return (windows * self.weight).sum(-1)

    def extra_repr(self) -> str:  # noqa: D102
        return f"input_size={self.input_size}, kernel_size={self.weight.shape[1]}"


class UnfoldConv2d(nn.Conv2d):
    """``nn.Conv2d`` as one matrix product, several times faster under ``vmap``.

    Tasks with a kernel each turn ``F.conv2d`` into a grouped convolution, which torch
    runs slowly. Here the windows of all images are laid out as columns and multiplied
    by the kernels. Same parameters and same values as ``nn.Conv2d``.

    Args:
        in_channels, out_channels, kernel_size: as for ``nn.Conv2d``; a size is a number,
            or one for each axis.
        stride, padding, dilation, bias, device, dtype: likewise.
        groups: 1, as nothing else is done here.
        padding_mode: "zeros", likewise.

    Raises:
        TypeError: a size is no integer, ``bias`` neither True nor False, or ``dtype`` not
            one of floating-point numbers.
        ValueError: a size is too small, ``groups`` is not 1, the padding is none of plain
            zeros, or there is no such device.
    """

    @checked(by_hand=["padding", "device", "dtype"])
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: Size2d = 0,
        dilation: Size2d = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if groups != 1:
            raise ValueError(f"expected groups=1, got {shown(groups)}")
        if padding_mode != "zeros" or isinstance(padding, str):
            raise ValueError(
                f"expected zero padding by a number of pixels, got "
                f"padding={shown(padding)}, padding_mode={shown(padding_mode)}"
            )
        check_at_least(1, in_channels=in_channels, out_channels=out_channels)
        kernel = _pair("kernel_size", kernel_size, 1)
        check_size("a weight", out_channels, in_channels, *kernel)
        check_dtype(dtype)
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            _pair("stride", stride, 1),
            _pair("padding", padding, 0),
            _pair("dilation", dilation, 1),
            bias=bias,
            device=usable_device(device),
            dtype=dtype,
        )

    def forward(
        self, input: Float[Tensor, "examples channels height width"]
    ) -> Float[Tensor, "examples out_channels out_height out_width"]:
        """The convolution of each image with the kernels.

        Raises:
            TypeError: the input is no tensor of the weight's dtype.
            ValueError: it has another shape, or images smaller than the kernel.
        """
        _check_input(input, self.weight)
        if input.ndim != 4 or input.shape[1] != self.in_channels:
            raise ValueError(
                f"expected images of shape (examples, {self.in_channels}, height, width), "
                f"got {tuple(input.shape)}"
            )
        kernel, dilation, stride = self.kernel_size, self.dilation, self.stride
        padding = cast(tuple[int, ...], self.padding)
        sizes = output_sizes(input.shape[2:], kernel, stride, padding, dilation)
        if min(sizes) < 1:
            raise ValueError(
                f"expected images in which a kernel of {kernel[0]} x {kernel[1]} pixels "
                f"has a place, got {input.shape[2]} x {input.shape[3]} pixels"
            )
        check_size("windows", len(input), self.in_channels, *kernel, *sizes)
        # F.unfold and not unfold, whose derivative is slow under vmap
        windows = F.unfold(input, kernel, dilation, padding, stride)
        columns = windows.transpose(0, 1).flatten(1)
        y = (self.weight.flatten(1) @ columns).unflatten(1, (len(input), -1))
        if self.bias is not None:
            y = y + self.bias[:, None, None]
        return y.transpose(0, 1).unflatten(2, sizes)


def _check_input(x: Tensor, weight: Tensor) -> None:
    """Raise unless an input is a tensor of the weight's dtype; quick, for inner loops."""
    if not isinstance(x, Tensor):
        raise TypeError(f"expected inputs as a tensor, got {shown(x)}")
    check_same_dtype("inputs", x, weight.dtype)


def _pair(name: str, sizes: Size2d, least: int) -> tuple[int, int]:
    """A size for each of two axes.

    Raises:
        TypeError, ValueError: it is no integer, too small, or there are not two.
    """
    both = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes, sizes)
    if len(both) != 2:
        raise ValueError(f"expected one or two numbers for {name}, got {shown(sizes)}")
    for size in both:
        check_at_least(least, **{name: size})
    return both
