"""The linear maps that respect a group's action."""

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import (
    check_floating,
)
from .representations import (
    Representation,
    check_device,
    check_same_dtype,
    check_same_group,
)

LARGEST_DECOMPOSITION = 4096


@checked
def reynolds(
    rho_in: Representation, rho_out: Representation, weight: Float[Tensor, "m n"]
) -> Float[Tensor, "m n"]:
    """Project a matrix onto the intertwiners by averaging over the group.

    ``R(W) = 1/|G| sum_g rho_out(g) W rho_in(g)^-1``

    Raises:
        TypeError: an argument is of the wrong type, or dtypes differ.
        ValueError: W has another shape, NaN or infinity, or groups or devices differ.
    """
    check_same_group(rho_in, rho_out)
    if weight.shape != (rho_out.dim, rho_in.dim):
        raise ValueError(
            f"expected a weight of shape ({rho_out.dim}, {rho_in.dim}), "
            f"got {tuple(weight.shape)}"
        )
    check_device("a weight", weight, rho_in)
    check_same_dtype("a weight", weight, rho_in)
    check_same_dtype("a weight", weight, rho_out)
    check_floating("a weight", weight)
    inverses = rho_in.matrices[rho_in.group.inverse]
    return (rho_out.matrices @ weight @ inverses).mean(0)


@checked
def intertwiner_dimension(rho_in: Representation, rho_out: Representation) -> int:
    """The dimension of the space of intertwiners, from characters alone.

    ``dim = 1/|G| sum_g chi_out(g) chi_in(g^-1)`` (Serre 1977, section 2.3).

    Raises:
        TypeError: an argument is no representation.
        ValueError: they belong to different groups.
    """
    check_same_group(rho_in, rho_out)
    chi_in = rho_in.character()[rho_in.group.inverse].double()
    return round(float((rho_out.character().double() * chi_in).mean()))


@checked
def intertwiner_basis(
    rho_in: Representation, rho_out: Representation
) -> Float[Tensor, "mn dim"]:
    """An orthonormal basis of the linear maps that commute with the group.

    An intertwiner is an m x n matrix W with ``rho_out(g) W = W rho_in(g)`` for all
    g. Column i is the row-major ``vec`` of a basis element, so that the result can
    serve as a symmetry matrix U: every ``U v`` is an equivariant layer.

    The basis spans the range of the Reynolds projection, whose matrix on vec(W) is
    ``1/|G| sum_g rho_out(g) (x) rho_in(g)^-T``. Cost: O((m n)^3).

    Returns:
        shape (m n, dim); dim may be 0.

    Raises:
        TypeError: an argument is no representation.
        ValueError: the representations belong to different groups, or ``m n`` is so large
            that the decomposition would take hours.
    """
    dim = intertwiner_dimension(rho_in, rho_out)
    m, n = rho_out.dim, rho_in.dim
    if m * n > LARGEST_DECOMPOSITION:
        raise ValueError(
            f"expected representations whose dimensions multiply to at most "
            f"{LARGEST_DECOMPOSITION}, got {m} x {n} = {m * n}: a basis costs its cube"
        )
    # Rounding turns the basis: on the CPU, so that it is the same for all devices.
    matrices_in, matrices_out = (r.matrices.cpu().double() for r in (rho_in, rho_out))
    inverse_transposes = matrices_in[rho_in.group.inverse].mT
    projection = (
        torch.einsum("gab,gcd->acbd", matrices_out, inverse_transposes).reshape(
            m * n, m * n
        )
        / rho_in.group.order
    )
    left, _, _ = torch.linalg.svd(projection)
    return left[:, :dim].to(rho_out.matrices)
