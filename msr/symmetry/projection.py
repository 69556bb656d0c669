"""What a group allows of a learned symmetry matrix."""

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_between, check_floating
from ..groups.finite import FiniteGroup
from ..groups.representations import Representation, check_same_group, regular


@checked(by_hand=["group"])
def symmetrise(
    U: Float[Tensor, "mn k"],
    group: FiniteGroup | Representation | tuple[Representation, Representation],
    rank: int | None = None,
) -> Float[Tensor, "mn r"]:
    """Project a symmetry matrix on the weights that respect a group.

    Column j of the result is ``vec(R(W_j))`` where ``W_j = reshape(U[:, j], (m, n))`` and

    ``R(W) = 1/|G| sum_g rho_out(g) W rho_in(g)^-1``

    (`msr.reynolds`). Every weight ``reshape(symmetrise(U, G) v)`` is then an intertwiner:
    equivariance is exact, and U decides only which of the equivariant weights are near. If
    the representations are orthogonal, such as permutations, R is the orthogonal
    projection, and the result is the nearest symmetric one to U in least squares.

    All k columns are kept by default, so that filters mean what they meant before:
    ``symmetrise(U, G) v`` is the projection of ``U v``. Columns may then depend on each
    other. With ``rank=r`` the result P is replaced by its r leading left singular vectors,
    times their singular values: the best P of this rank, in the sense that ``P P^T``, the
    covariance of weights whose filters are standard normal, is nearest (Eckart, Young
    1936). Filters are then others.

    Args:
        U: shape (m n, k), rows in the row-major order of vec(W).
        group: a representation that inputs and outputs share; a pair (rho_in, rho_out);
            or a group of n elements, which then acts on inputs and outputs by its regular
            representation.
        rank: the number of columns to keep, 1 to k; default: all, as they are.

    Returns:
        shape (m n, k), or (m n, rank); of U's dtype, on its device.

    Raises:
        TypeError: U is no floating-point tensor, or ``group`` none of these.
        ValueError: U has NaN or infinity, no columns, or not a row per entry of the weight,
            the representations are of different groups, or ``rank`` is out of range.
    """
    rho_in, rho_out = _representations(group)
    check_floating("U", U)
    m, n = rho_out.dim, rho_in.dim
    if len(U) != m * n or not U.shape[1]:
        raise ValueError(
            f"expected U of shape ({m * n}, k), a row per entry of a weight of {m} outputs "
            f"and {n} inputs, got {tuple(U.shape)}"
        )
    if rank is not None:
        check_between(1, U.shape[1], rank=rank)
    weights = U.T.reshape(-1, m, n)
    inverses = rho_in.matrices[rho_in.group.inverse].to(U)
    total = torch.zeros_like(weights)
    for left, right in zip(rho_out.matrices.to(U), inverses):
        total += left @ weights @ right
    projected = (total / rho_in.group.order).flatten(1).T
    if rank is None:
        return projected
    vectors, scales, _ = torch.linalg.svd(projected, full_matrices=False)
    return vectors[:, :rank] * scales[:rank]


def _representations(group: object) -> tuple[Representation, Representation]:
    """The actions on inputs and outputs that are meant."""
    if isinstance(group, FiniteGroup):
        group = regular(group)
    pair = (group, group) if isinstance(group, Representation) else group
    if not (
        isinstance(pair, tuple)
        and len(pair) == 2
        and all(isinstance(rho, Representation) for rho in pair)
    ):
        raise TypeError(
            f"expected group to be a FiniteGroup, a Representation or a pair (rho_in, "
            f"rho_out) of them, got {shown(group)}"
        )
    rho_in, rho_out = pair
    check_same_group(rho_in, rho_out)
    return rho_in, rho_out
