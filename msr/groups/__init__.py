"""Finite groups, their representations, and how far a map is from respecting them."""

from .catalogue import (
    alternating,
    cyclic,
    dihedral,
    direct_product,
    permutation_group,
    quaternion,
    small_groups,
    symmetric,
)
from .equivariance import equivariance_error
from .finite import FiniteGroup
from .intertwiners import intertwiner_basis, intertwiner_dimension, reynolds
from .names import name_of
from .representations import (
    Representation,
    direct_sum,
    permutation_representation,
    regular,
    trivial,
)
from .subgroups import subgroups

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
    "name_of",
    "permutation_group",
    "permutation_representation",
    "quaternion",
    "regular",
    "reynolds",
    "small_groups",
    "subgroups",
    "symmetric",
    "trivial",
]
