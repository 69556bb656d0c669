"""How close two subspaces are."""

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_floating


def principal_angles(
    U: Float[Tensor, "d k"], V: Float[Tensor, "d l"]
) -> Float[Tensor, " angles"]:
    """The principal angles between span(U) and span(V), in radians, ascending.

    There are ``min(k, l)`` of them, in [0, pi/2] (Bjorck, Golub 1973). All are 0
    exactly when the smaller space lies in the larger one. They do not depend on the
    bases: columns may be scaled, mixed or reordered.

    Raises:
        TypeError: a matrix is no tensor, or not floating point.
        ValueError: the columns have different lengths, are none, hold NaN or infinity, or
            do not have full rank, so that the span has fewer dimensions than columns.
    """
    for name, matrix in (("U", U), ("V", V)):
        if not isinstance(matrix, Tensor):
            raise TypeError(f"expected {name} to be a tensor, got {shown(matrix)}")
    for name, matrix in (("U", U), ("V", V)):
        if matrix.ndim != 2 or U.shape[:1] != V.shape[:1]:
            raise ValueError(
                f"expected U and V of shape (rows, columns) with the same rows, got "
                f"{tuple(U.shape)} and {tuple(V.shape)}"
            )
        check_floating(name, matrix)
        if not matrix.numel():
            raise ValueError(
                f"expected at least one row and one column in {name}, got "
                f"{tuple(matrix.shape)}"
            )
        rank = int(torch.linalg.matrix_rank(matrix.detach().double()))
        if rank < matrix.shape[1]:
            raise ValueError(
                f"expected independent columns, got {matrix.shape[1]} columns of "
                f"rank {rank} in {name}"
            )
    from scipy.linalg import subspace_angles  # loads slowly, used rarely

    first, second = (M.detach().cpu().double().numpy() for M in (U, V))
    angles = subspace_angles(first, second)
    return torch.from_numpy(angles.copy()).flip(0).to(U)
