"""Kernels that rotate and flip into each other: closed form for 3 x 3 grids."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

RING_WIDTH = 0.4


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
        ValueError: ``n`` < 1.
    """
    if n < 1:
        raise ValueError(f"expected n >= 1 rotations, got {n}")
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
