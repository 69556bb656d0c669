"""What `msr.identify` takes, checked before any work."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_floating, check_size
from ..symmetry.reparameterization import symmetry_matrices
from .span import Span, span_of

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
MOST_ENTRIES = 6400  # of the weight: distances between all pairs of them are kept


def checked_matrix(
    U: object, weight_shape: Sequence[int] | None
) -> tuple[Float[Tensor, "mn k"], tuple[int, int]]:
    """The symmetry matrix, and the shape (m, n) of the weight as a matrix.

    Raises:
        TypeError, ValueError: as for `msr.identify`.
    """
    if isinstance(U, nn.Module):
        return _of_module(U, weight_shape)
    if not isinstance(U, Tensor):
        raise TypeError(
            f"expected U to be a tensor, or a module with a symmetry matrix, got {shown(U)}"
        )
    if weight_shape is None:
        raise TypeError("expected weight_shape (m, n) along with a matrix U, got None")
    if len(weight_shape) != 2:
        raise ValueError(f"expected weight_shape (m, n), got {shown(weight_shape)}")
    m, n = weight_shape
    check_at_least(1, m=m, n=n)
    _check_entries(m, n)
    if U.ndim != 2 or len(U) != m * n or not U.shape[1]:
        raise ValueError(
            f"expected U of shape ({m * n}, k), a row per entry of a weight of shape "
            f"({m}, {n}), got {tuple(U.shape)}"
        )
    return U.detach(), (m, n)


def _of_module(
    module: nn.Module, weight_shape: Sequence[int] | None
) -> tuple[Float[Tensor, "mn k"], tuple[int, int]]:
    found = list(symmetry_matrices(module))
    if len(found) != 1:
        names = ", ".join(repr(name) for name, _ in found[:4]) or "none"
        raise ValueError(
            f"expected a module with a single symmetry matrix, got {len(found)} in "
            f"{type(module).__name__}: {names}"
        )
    whole = tuple(found[0][1].weight_shape)
    shape = whole[0], math.prod(whole[1:])
    if weight_shape is not None and tuple(weight_shape) not in (shape, whole):
        raise ValueError(
            f"expected weight_shape {shape} or None with this module, got "
            f"{shown(weight_shape)}"
        )
    _check_entries(*shape)
    return found[0][1].matrix().detach(), shape


def _check_entries(m: int, n: int) -> None:
    if m * n > MOST_ENTRIES:
        raise ValueError(
            f"expected a weight of at most {MOST_ENTRIES} entries, got {shown(m)} x "
            f"{shown(n)} = {shown(m * n)}"
        )


def checked_span(U: Float[Tensor, "mn k"]) -> Span:
    """The span of the columns of U.

    Raises:
        TypeError: U is not floating point.
        ValueError: U has NaN, infinity, or only zeros.
    """
    check_size("U", *U.shape)
    if U.is_floating_point() and U.dtype not in DTYPES:
        raise TypeError(f"expected U of 16, 32 or 64 bits, got {U.dtype}")
    check_floating("U", U)
    if U.is_meta:
        raise ValueError("expected U with values, got a tensor on the device meta")
    resolution = 1e-10 if U.dtype == torch.float64 else 8 * torch.finfo(U.dtype).eps
    span = span_of(U.cpu().double().numpy(), resolution)
    if span is None:
        raise ValueError("expected U with a column that is not zero, got only zeros")
    return span
