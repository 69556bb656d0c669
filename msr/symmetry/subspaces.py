"""How close two subspaces are."""

import torch
from jaxtyping import Float
from torch import Tensor


def principal_angles(
    U: Float[Tensor, "d k"], V: Float[Tensor, "d l"]
) -> Float[Tensor, " angles"]:
    """The principal angles between span(U) and span(V), in radians, ascending.

    There are ``min(k, l)`` of them, in [0, pi/2] (Bjorck, Golub 1973). All are 0
    exactly when the smaller space lies in the larger one. They do not depend on the
    bases: columns may be scaled, mixed or reordered.

    Raises:
        TypeError: a matrix is not floating point.
        ValueError: the columns have different lengths, hold NaN or infinity, or do
            not have full rank, so that the span has fewer dimensions than columns.
    """
    from scipy.linalg import subspace_angles  # loads slowly, used rarely

    for name, matrix in (("U", U), ("V", V)):
        if matrix.ndim != 2 or U.shape[:1] != V.shape[:1]:
            raise ValueError(
                f"expected U and V of shape (rows, columns) with the same rows, got "
                f"{tuple(U.shape)} and {tuple(V.shape)}"
            )
        if not matrix.is_floating_point():
            raise TypeError(f"expected floating-point {name}, got {matrix.dtype}")
        if not torch.isfinite(matrix).all():
            raise ValueError(f"expected finite columns, got NaN or infinity in {name}")
        rank = int(torch.linalg.matrix_rank(matrix.detach().double()))
        if rank < matrix.shape[1]:
            raise ValueError(
                f"expected independent columns, got {matrix.shape[1]} columns of "
                f"rank {rank} in {name}"
            )
    first, second = (M.detach().cpu().double().numpy() for M in (U, V))
    angles = subspace_angles(first, second)
    return torch.from_numpy(angles.copy()).flip(0).to(U)
