"""What `msr.identify` takes, checked before any work."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_size, check_values
from ..symmetry.matrices import KroneckerSymmetry
from .layers import Layer, chosen_layer
from .span import Span, span_of

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
MOST_ENTRIES = 6400  # of the weight: distances between all pairs of them are kept
MOST_OF_A_PRODUCT = 1024  # entries of the weight, hence columns of a Kronecker product


def checked_matrix(
    U: object, weight_shape: Sequence[int] | None, layer: str | None = None
) -> tuple[Float[Tensor, "mn k"], tuple[int, int]]:
    """The symmetry matrix, and the shape (m, n) of the weight as a matrix.

    Args:
        U: a matrix, or a module that has one.
        weight_shape: (m, n).
        layer: of a module.

    Raises:
        TypeError, ValueError: as for `msr.identify`.
    """
    if not isinstance(U, nn.Module):
        return _with_shape(U, weight_shape)
    chosen = chosen_layer(U, layer)
    check_weight_shape(weight_shape, chosen.symmetry.weight_shape)
    return matrix_of_layer(chosen), as_matrix(chosen.symmetry.weight_shape)


def _with_shape(
    U: object, weight_shape: Sequence[int] | None
) -> tuple[Float[Tensor, "mn k"], tuple[int, int]]:
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


def as_matrix(weight_shape: Sequence[int]) -> tuple[int, int]:
    """The shape of a weight with all axes but the first as one.

    Raises:
        ValueError: it has too many entries.
    """
    m, *rest = weight_shape
    shape = m, math.prod(rest)
    _check_entries(*shape)
    return shape


def matrix_of_layer(layer: Layer) -> Float[Tensor, "mn k"]:
    """The symmetry matrix of a layer.

    Raises:
        ValueError: it is the product of large Kronecker factors.
    """
    symmetry = layer.symmetry
    entries = math.prod(symmetry.weight_shape)
    if isinstance(symmetry, KroneckerSymmetry) and entries > MOST_OF_A_PRODUCT:
        raise ValueError(
            f"expected tasks along with Kronecker factors of a weight of more than "
            f"{MOST_OF_A_PRODUCT} entries, such as identify(learner, tasks), got none with "
            f"{layer.weight!r} of {entries}: the span of their product is every weight"
        )
    return symmetry.matrix().detach()


def check_weight_shape(given: Sequence[int] | None, own: Sequence[int]) -> None:
    """Raise if the shape that came along with a layer is not its weight's."""
    shape = as_matrix(own)
    if given is not None and tuple(given) not in (shape, tuple(own)):
        raise ValueError(
            f"expected weight_shape {shape} or None with this module, got {shown(given)}"
        )


def check_entries_with_signs(m: int, n: int) -> None:
    """Raise if a weight and its negative have too many entries."""
    if 2 * m * n > MOST_ENTRIES:
        raise ValueError(
            f"expected a weight of at most {MOST_ENTRIES // 2} entries with signed=True, "
            f"got {m} x {n} = {m * n}"
        )


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
    check_values("U", U)
    resolution = 1e-10 if U.dtype == torch.float64 else 8 * torch.finfo(U.dtype).eps
    span = span_of(U.cpu().double().numpy(), resolution)
    if span is None:
        raise ValueError("expected U with a column that is not zero, got only zeros")
    return span
