"""The sharing patterns of convolutions, and how close a subspace is to one."""

import torch
from jaxtyping import Float
from torch import Tensor

from ._checks import check_kernel_fits
from .groups import FiniteGroup


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
    """
    differences = group.table[group.inverse].flatten()
    return torch.eye(group.order)[differences]


def conv1d_matrix(input_size: int, kernel_size: int) -> Float[Tensor, "mn k"]:
    """The symmetry matrix of a 1-D convolution without padding.

    ``W[p, p + t] = v[t]`` for output positions ``p = 0 .. m-1`` with
    ``m = input_size - kernel_size + 1``.

    Returns:
        shape (m * input_size, kernel_size), rows in the row-major order of vec(W).

    Raises:
        ValueError: the kernel is empty or longer than the input.
    """
    check_kernel_fits(kernel_size, input_size)
    positions = torch.arange(input_size - kernel_size + 1)
    U = torch.zeros(len(positions), input_size, kernel_size)
    for t in range(kernel_size):
        U[positions, positions + t, t] = 1.0
    return U.reshape(-1, kernel_size)


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
