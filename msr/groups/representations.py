"""Representations of finite groups and the linear maps that respect them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .finite import FiniteGroup


@dataclass(frozen=True, eq=False, repr=False)
class Representation:
    """A homomorphism rho from a finite group to invertible d x d matrices.

    Call it on an element: ``rho(g)`` is a matrix of shape (d, d).

    Args:
        group: the group G.
        matrices: ``matrices[g]`` is rho(g); floating, shape ``(|G|, d, d)``.
        name: a label for printing.

    Attributes:
        group: as given.
        matrices: as given.
        name: as given.

    Raises:
        TypeError: the matrices are not floating point.
        ValueError: the shape is wrong, rho(e) is not the identity, or
            rho(a b) differs from rho(a) rho(b). The message names the elements.
    """

    group: FiniteGroup
    matrices: Float[Tensor, "order d d"]
    name: str = "rho"

    def __post_init__(self) -> None:
        _check_homomorphism(self.group, self.matrices)

    def __call__(self, g: int) -> Float[Tensor, "d d"]:
        """The matrix rho(g)."""
        return self.matrices[g]

    def __repr__(self) -> str:
        return f"Representation({self.name} of {self.group.name}, dim={self.dim})"

    @property
    def dim(self) -> int:
        """The dimension d of the space that G acts on."""
        return self.matrices.shape[-1]

    def character(self) -> Float[Tensor, " order"]:
        """chi(g) = trace rho(g), for every g."""
        return self.matrices.diagonal(dim1=1, dim2=2).sum(-1)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Representation":
        """The same representation on another device or in another dtype."""
        moved = object.__new__(Representation)  # rounding is not to be judged anew
        for name, value in vars(self).items():
            object.__setattr__(moved, name, value)
        object.__setattr__(moved, "matrices", self.matrices.to(device, dtype))
        return moved


def _check_homomorphism(group: FiniteGroup, matrices: Tensor) -> None:
    if not matrices.is_floating_point():
        raise TypeError(f"expected floating-point matrices, got {matrices.dtype}")
    n = group.order
    if matrices.ndim != 3 or len(matrices) != n or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(
            f"expected matrices of shape ({n}, d, d), one per element of {group.name}, "
            f"got {tuple(matrices.shape)}"
        )
    if not torch.isfinite(matrices).all():
        raise ValueError("expected finite matrices, got NaN or infinity")
    scale = max(1.0, float(matrices.abs().max())) ** 2 * matrices.shape[-1]
    tolerance = 100 * torch.finfo(matrices.dtype).eps * scale
    identity = torch.eye(matrices.shape[-1]).to(matrices)
    if (error := float((matrices[group.identity] - identity).abs().max())) > tolerance:
        raise ValueError(
            f"expected rho({group.names[group.identity]}) to be the identity matrix, "
            f"got one that differs by {error:.3g}"
        )
    table = group.table.to(matrices.device)
    for a in range(n):
        errors = (matrices[table[a]] - matrices[a] @ matrices).abs().amax((1, 2))
        if float(errors.max()) > tolerance:
            b = int(errors.argmax())
            raise ValueError(
                f"not a homomorphism: rho(a b) differs from rho(a) rho(b) by "
                f"{float(errors[b]):.3g} for a = {group.names[a]}, b = {group.names[b]}"
            )


def permutation_representation(
    group: FiniteGroup,
    action: Sequence[Sequence[int]] | Int[Tensor, "order points"],
    name: str = "permutation",
) -> Representation:
    """The permutation matrices of an action: ``rho(g) e_i = e_{action[g][i]}``.

    Args:
        group: the group G, of order n.
        action: ``action[g][i]`` is the point that g moves point i to; shape (n, p).
        name: a label for printing.

    Raises:
        ValueError: a row is no permutation of the points, or the rows are no action.
    """
    images = torch.as_tensor(action, device="cpu")
    points = torch.arange(images.shape[-1] if images.ndim else 0, device="cpu")
    if images.ndim != 2 or not torch.equal(images.sort(1).values, points.expand_as(images)):
        raise ValueError(
            f"expected one permutation of 0..p-1 per group element, got {action}"
        )
    matrices = torch.zeros(*images.shape, images.shape[1])
    matrices[torch.arange(len(images), device="cpu")[:, None], images, points] = 1.0
    return Representation(group, matrices, name)


def trivial(group: FiniteGroup, dim: int = 1) -> Representation:
    """rho(g) = I for every g: the output of an invariant map transforms so."""
    matrices = torch.eye(dim).expand(group.order, dim, dim)
    return Representation(group, matrices.clone(), "trivial")


def regular(group: FiniteGroup) -> Representation:
    """The left regular representation: ``rho(g) e_h = e_{g h}`` on ``R^|G|``."""
    return permutation_representation(group, group.table, "regular")


def direct_sum(*representations: Representation) -> Representation:
    """The block-diagonal sum of representations of one group.

    Raises:
        ValueError: none is given, or they belong to different groups.
    """
    if not representations:
        raise ValueError("expected at least one representation, got none")
    group = representations[0].group
    for rho in representations:
        check_same_group(representations[0], rho)
    matrices = torch.stack(
        [torch.block_diag(*(rho(g) for rho in representations)) for g in range(group.order)]
    )
    return Representation(group, matrices, " + ".join(r.name for r in representations))


def check_same_group(rho_in: Representation, rho_out: Representation) -> None:
    """Raise unless both belong to one group, up to labels, and lie on one device."""
    if not torch.equal(rho_in.group.table, rho_out.group.table):
        raise ValueError(
            f"expected two representations of one group, got {rho_in.group} "
            f"and {rho_out.group} with different tables"
        )
    check_device(str(rho_out), rho_out.matrices, rho_in)


def check_device(name: str, tensor: Tensor, rho: Representation) -> None:
    """Raise unless the tensor is where the representation is."""
    if tensor.device != rho.matrices.device:
        raise ValueError(
            f"expected {name} on the device {rho.matrices.device} of {rho}, got "
            f"{tensor.device}: move one with .to(...)"
        )


def reynolds(
    rho_in: Representation, rho_out: Representation, weight: Float[Tensor, "m n"]
) -> Float[Tensor, "m n"]:
    """Project a matrix onto the intertwiners by averaging over the group.

    ``R(W) = 1/|G| sum_g rho_out(g) W rho_in(g)^-1``

    Raises:
        ValueError: W has another shape, or groups or devices differ.
    """
    check_same_group(rho_in, rho_out)
    if weight.shape != (rho_out.dim, rho_in.dim):
        raise ValueError(
            f"expected a weight of shape ({rho_out.dim}, {rho_in.dim}), "
            f"got {tuple(weight.shape)}"
        )
    check_device("a weight", weight, rho_in)
    inverses = rho_in.matrices[rho_in.group.inverse]
    return (rho_out.matrices @ weight @ inverses).mean(0)


def intertwiner_dimension(rho_in: Representation, rho_out: Representation) -> int:
    """The dimension of the space of intertwiners, from characters alone.

    ``dim = 1/|G| sum_g chi_out(g) chi_in(g^-1)`` (Serre 1977, section 2.3).
    """
    check_same_group(rho_in, rho_out)
    chi_in = rho_in.character()[rho_in.group.inverse].double()
    return round(float((rho_out.character().double() * chi_in).mean()))


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
        ValueError: the representations belong to different groups.
    """
    dim = intertwiner_dimension(rho_in, rho_out)
    m, n = rho_out.dim, rho_in.dim
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
