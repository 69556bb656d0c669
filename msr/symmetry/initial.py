"""How a layer starts with a symmetry matrix of some kind."""

from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from .._utils.arguments import shown
from .base import SymmetryMatrix
from .matrices import DenseSymmetry, KroneckerSymmetry

Factorization = Literal["dense", "kronecker"] | type[SymmetryMatrix]
NAMED: dict[str, type[SymmetryMatrix]] = {
    "dense": DenseSymmetry,
    "kronecker": KroneckerSymmetry,
}


def symmetry_kind(factorization: Factorization) -> type[SymmetryMatrix]:
    """The class that is meant.

    Raises:
        TypeError, ValueError: there is none.
    """
    if isinstance(factorization, str) and factorization in NAMED:
        return NAMED[factorization]
    if isinstance(factorization, type) and issubclass(factorization, SymmetryMatrix):
        return factorization
    kind = ValueError if isinstance(factorization, str) else TypeError
    raise kind(
        f'expected factorization "dense", "kronecker" or a SymmetryMatrix class, got '
        f"{shown(factorization)}"
    )


def initial(
    kind: type[SymmetryMatrix],
    weight: nn.Parameter,
    filters: int | None,
    std: float,
    generator: torch.Generator,
) -> tuple[SymmetryMatrix, Tensor]:
    """The symmetry matrix and the initial filter of a layer, checked.

    Raises:
        TypeError: the class gives something else.
        ValueError: it has no ``initial`` or ``right_inverse``, or gives another weight.
    """
    try:
        found = kind.initial(weight.detach(), filters, std, generator)
    except NotImplementedError:
        raise ValueError(
            f"expected {kind.__name__} to have initial, which makes a symmetry matrix for "
            f"a weight, got none: see msr.SymmetryMatrix"
        ) from None
    pair = found if isinstance(found, tuple) and len(found) == 2 else (None, None)
    if not (isinstance(pair[0], SymmetryMatrix) and isinstance(pair[1], Tensor)):
        raise TypeError(
            f"expected {kind.__name__}.initial to return a SymmetryMatrix and the filter, "
            f"a tensor, got {shown(found)}"
        )
    symmetry, v = pair
    with torch.no_grad():
        made = symmetry(v)
    if made.shape != weight.shape or made.dtype != weight.dtype:
        raise ValueError(
            f"expected {kind.__name__} to give weights of shape {tuple(weight.shape)} and "
            f"{weight.dtype}, got {tuple(made.shape)} and {made.dtype}"
        )
    if v.shape != weight.shape and not hasattr(symmetry, "right_inverse"):
        raise ValueError(
            f"expected {kind.__name__} to have right_inverse, from a weight to a filter, "
            f"got none"
        )
    if type(symmetry) not in NAMED.values() and hasattr(symmetry, "right_inverse"):
        with torch.no_grad():
            nearest = cast(Any, symmetry).right_inverse(weight.detach())
        if not isinstance(nearest, Tensor) or (nearest.shape, nearest.dtype) != (
            v.shape,
            v.dtype,
        ):
            raise ValueError(
                f"expected {kind.__name__}.right_inverse to give filters of shape "
                f"{tuple(v.shape)} and {v.dtype}, as initial does, got {shown(nearest)}"
            )
    return symmetry, v
