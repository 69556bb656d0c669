"""Symmetry matrices: vec(W) = U v, in a model and of known symmetries."""

from .base import SymmetryMatrix
from .known import (
    conv1d_matrix,
    escnn_kernel_basis,
    group_convolution_matrix,
    steerable_kernels,
)
from .matrices import DenseSymmetry, KroneckerSymmetry
from .projection import symmetrise
from .removal import remove_symmetry
from .reparameterization import adapted_parameters, reparameterize, symmetry_matrices
from .subspaces import principal_angles

__all__ = [
    "DenseSymmetry",
    "KroneckerSymmetry",
    "SymmetryMatrix",
    "adapted_parameters",
    "conv1d_matrix",
    "escnn_kernel_basis",
    "group_convolution_matrix",
    "principal_angles",
    "remove_symmetry",
    "reparameterize",
    "steerable_kernels",
    "symmetrise",
    "symmetry_matrices",
]
