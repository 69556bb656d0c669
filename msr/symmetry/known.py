"""Known symmetries: the sharing patterns of convolutions, group convolutions, kernels."""

import math
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_kernel_fits, check_size
from ..groups.finite import FiniteGroup


@checked
def group_convolution_matrix(group: FiniteGroup) -> Float[Tensor, "nn n"]:
    """The symmetry matrix U^G for which ``U^G v`` is G-convolution with filter v.

    The layer ``W = reshape(U^G v, (n, n))`` maps a signal f on the group to

    ``(W f)(g) = sum_h v(g^-1 h) f(h)``,

    which is G-convolution in the convention of deep learning (a cross-correlation).
    Hence ``U^G[(g, h), j] = 1`` where ``g^-1 h = j`` and 0 elsewhere: each block of n
    rows is the permutation matrix of one group element.
    (Zhou, Knowles, Finn 2021, proposition 1.)

    Returns:
        shape (n^2, n), rows in the row-major order of vec(W).

    Raises:
        TypeError: ``group`` is no group.
        ValueError: the matrix would be too large.
    """
    check_size("a symmetry matrix", *[group.order] * 3)
    differences = group.table[group.inverse].flatten()
    return torch.eye(group.order)[differences]


@checked
def conv1d_matrix(input_size: int, kernel_size: int) -> Float[Tensor, "mn k"]:
    """The symmetry matrix of a 1-D convolution without padding.

    ``W[p, p + t] = v[t]`` for output positions ``p = 0 .. m-1`` with
    ``m = input_size - kernel_size + 1``.

    Returns:
        shape (m * input_size, kernel_size), rows in the row-major order of vec(W).

    Raises:
        TypeError: a size is no integer.
        ValueError: the kernel is empty or longer than the input, or the matrix would be
            too large.
    """
    check_kernel_fits(kernel_size, input_size)
    check_size("a symmetry matrix", input_size - kernel_size + 1, input_size, kernel_size)
    positions = torch.arange(input_size - kernel_size + 1)
    U = torch.zeros(len(positions), input_size, kernel_size)
    for t in range(kernel_size):
        U[positions, positions + t, t] = 1.0
    return U.reshape(-1, kernel_size)


RING_WIDTH = 0.4


@checked
def steerable_kernels(n: int, flip: bool = False) -> Float[Tensor, "order 3 3 6"]:
    """A basis of the 3 x 3 kernels from one scalar field to one regular field.

    For the group of n rotations (``flip=False``: C_n) or of n rotations and n
    reflections (D_n), the kernel of output channel g is that of the identity, moved
    by g: ``K_g(x) = K_e(g^-1 x)``. A kernel is a sum of six functions of the polar
    coordinates (r, t) of a pixel: the centre pixel, and a ring
    ``exp(-(r - 1)^2 / (2 * 0.4^2))`` times 1, cos t, sin t, cos 2t, sin 2t.

    Channels are ordered as the elements of `msr.cyclic` and `msr.dihedral`. The
    x axis points right and the y axis up; rotations turn counterclockwise and the
    reflection s maps x to -x.

    Returns:
        shape ``(|G|, 3, 3, 6)``: output channel, row, column, basis function.

    Raises:
        TypeError: ``n`` is no integer, or ``flip`` neither True nor False.
        ValueError: ``n`` < 1, or the kernels would be too many.
    """
    if n < 1:
        raise ValueError(f"expected n >= 1 rotations, got {shown(n)}")
    check_size("a basis of kernels", 2 * n if flip else n, 3, 3, 6)
    axis = torch.tensor([-1.0, 0.0, 1.0])
    x, y = axis.expand(3, 3), -axis[:, None].expand(3, 3)
    r, t = torch.hypot(x, y), torch.atan2(y, x)
    ring = torch.exp(-((r - 1) ** 2) / (2 * RING_WIDTH**2)) * (r > 0)
    turns = 2 * math.pi / n * torch.arange(n)[:, None, None]
    # the inverse of r^i turns by -i; the inverse of r^i s turns by -i, then flips
    angles = torch.cat([t - turns, math.pi - (t - turns)]) if flip else t - turns
    waves = [torch.ones_like(angles), *_waves(angles, 1), *_waves(angles, 2)]
    centre = (r == 0).to(ring).expand_as(angles)
    return torch.stack([centre, *(ring * wave for wave in waves)], dim=-1)


def _waves(angles: Tensor, frequency: int) -> tuple[Tensor, Tensor]:
    return (frequency * angles).cos(), (frequency * angles).sin()


def escnn_kernel_basis() -> dict[str, Float[Tensor, "channels 1 3 3 parameters"]]:
    """The 3 x 3 kernels that escnn samples from one scalar to three regular fields.

    Recorded from escnn 1.0.11, which sampled them in float32: an ``R2Conv`` without
    bias, for "C8" (24 channels) and "D8" (48 channels), with 18 free parameters each.
    The columns' own order and scale mean nothing; their span is what another
    implementation must have.

    Returns:
        by group, float64, shape (channels, 1, 3, 3, 18).
    """
    file = resources.files("msr") / "data" / "escnn_kernel_basis.npz"
    with file.open("rb") as stream, np.load(stream) as data:
        return {name: torch.from_numpy(data[name]) for name in ("C8", "D8")}
