"""Finite groups, their representations, and how far a map is from respecting them."""

from .equivariance import equivariance_error
from .finite import (
    FiniteGroup,
    alternating,
    cyclic,
    dihedral,
    direct_product,
    permutation_group,
    quaternion,
    small_groups,
    symmetric,
)
from .representations import (
    Representation,
    direct_sum,
    intertwiner_basis,
    intertwiner_dimension,
    permutation_representation,
    regular,
    reynolds,
    trivial,
)

__all__ = [
    "FiniteGroup",
    "Representation",
    "alternating",
    "cyclic",
    "dihedral",
    "direct_product",
    "direct_sum",
    "equivariance_error",
    "intertwiner_basis",
    "intertwiner_dimension",
    "permutation_group",
    "permutation_representation",
    "quaternion",
    "regular",
    "reynolds",
    "small_groups",
    "symmetric",
    "trivial",
]
