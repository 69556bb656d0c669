"""Representations of finite groups and the linear maps that respect them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import (
    check_at_least,
    check_dtype,
    check_floating,
    check_size,
    integers,
)
from .._utils.devices import usable_device
from .finite import FiniteGroup


@checked(by_hand=["g", "matrices", "device", "dtype"])
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
        TypeError: ``group`` is no group, or the matrices are not floating point.
        ValueError: the shape is wrong, rho(e) is not the identity, or
            rho(a b) differs from rho(a) rho(b). The message names the elements.
    """

    group: FiniteGroup
    matrices: Float[Tensor, "order d d"]
    name: str = "rho"

    def __post_init__(self) -> None:
        _check_homomorphism(self.group, self.matrices)

    def __call__(self, g: int) -> Float[Tensor, "d d"]:
        """The matrix rho(g).

        Raises:
            TypeError: ``g`` is no integer.
            ValueError: there is no such element.
        """
        if type(g) is not int:
            raise TypeError(f"expected g to be an integer, got {shown(g)}")
        if not 0 <= g < len(self.matrices):
            raise ValueError(
                f"expected an element 0..{len(self.matrices) - 1} of {self.group}, got "
                f"{shown(g)}"
            )
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
        """The same representation on another device or in another dtype.

        Raises:
            TypeError: ``device`` is none, or ``dtype`` not one of floating-point numbers.
            ValueError: there is no such device.
        """
        check_dtype(dtype)
        matrices = self.matrices.to(usable_device(device), dtype)
        return trusted_representation(self.group, matrices, self.name)


def trusted_representation(
    group: FiniteGroup, matrices: Tensor, name: str
) -> Representation:
    """One by construction, whose matrices are not looked at (anew)."""
    rho = object.__new__(Representation)
    for attribute, value in (("group", group), ("matrices", matrices), ("name", name)):
        object.__setattr__(rho, attribute, value)
    return rho


def _check_homomorphism(group: FiniteGroup, matrices: Tensor) -> None:
    if not isinstance(matrices, Tensor):
        raise TypeError(f"expected matrices to be a tensor, got {shown(matrices)}")
    n = group.order
    if not matrices.is_floating_point():
        raise TypeError(f"expected floating-point matrices, got {matrices.dtype}")
    if matrices.ndim != 3 or len(matrices) != n or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(
            f"expected matrices of shape ({n}, d, d), one per element of {group.name}, "
            f"got {tuple(matrices.shape)}"
        )
    if not matrices.numel():
        raise ValueError(f"expected a dimension d >= 1, got {tuple(matrices.shape)}")
    check_floating("matrices", matrices)
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


@checked(by_hand=["action"])
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
        TypeError: ``group`` is no group, or a point no integer.
        ValueError: a row is no permutation of the points, the rows are no action, or
            their matrices would be too large.
    """
    images = integers("an action", action)
    points = torch.arange(images.shape[-1] if images.ndim else 0, device="cpu")
    if images.ndim != 2 or not torch.equal(images.sort(1).values, points.expand_as(images)):
        raise ValueError(
            f"expected one permutation of 0..p-1 per group element, got {shown(action)}"
        )
    check_size("a representation", *images.shape, images.shape[1])
    matrices = torch.zeros(*images.shape, images.shape[1])
    matrices[torch.arange(len(images), device="cpu")[:, None], images, points] = 1.0
    if _is_action(group, images):
        return trusted_representation(group, matrices, name)
    return Representation(group, matrices, name)  # which says what is wrong


def _is_action(group: FiniteGroup, images: Int[Tensor, "rows points"]) -> bool:
    """Whether ``(a b) i = a (b i)`` throughout, and e moves nothing."""
    points = torch.arange(images.shape[1], device="cpu")
    return (
        len(images) == group.order
        and images.numel() > 0
        and torch.equal(images[group.identity], points)
        and all(
            torch.equal(images[products], moved[images])
            for products, moved in zip(group.table, images)
        )
    )


@checked
def trivial(group: FiniteGroup, dim: int = 1) -> Representation:
    """rho(g) = I for every g: the output of an invariant map transforms so.

    Raises:
        TypeError: ``group`` is no group, or ``dim`` no integer.
        ValueError: ``dim`` < 1, or the matrices would be too large.
    """
    check_at_least(1, dim=dim)
    check_size("a representation", group.order, dim, dim)
    matrices = torch.eye(dim).expand(group.order, dim, dim)
    return trusted_representation(group, matrices.clone(), "trivial")


@checked
def regular(group: FiniteGroup) -> Representation:
    """The left regular representation: ``rho(g) e_h = e_{g h}`` on ``R^|G|``.

    Raises:
        TypeError: ``group`` is no group.
        ValueError: the matrices would be too large.
    """
    check_size("a representation", *[group.order] * 3)
    return permutation_representation(group, group.table, "regular")


@checked
def direct_sum(*representations: Representation) -> Representation:
    """The block-diagonal sum of representations of one group.

    Raises:
        TypeError: one is no representation.
        ValueError: none is given, they belong to different groups, or the matrices would
            be too large.
    """
    if not representations:
        raise ValueError("expected at least one representation, got none")
    group = representations[0].group
    for rho in representations:
        check_same_group(representations[0], rho)
    dim = sum(rho.dim for rho in representations)
    check_size("a representation", group.order, dim, dim)
    matrices = torch.stack(
        [
            torch.block_diag(*blocks)
            for blocks in zip(*(r.matrices for r in representations))
        ]
    )
    return trusted_representation(
        group, matrices, " + ".join(r.name for r in representations)
    )


def check_same_group(rho_in: Representation, rho_out: Representation) -> None:
    """Raise unless both belong to one group, up to labels, and lie on one device."""
    if not torch.equal(rho_in.group.table, rho_out.group.table):
        raise ValueError(
            f"expected two representations of one group, got {rho_in.group} "
            f"and {rho_out.group} with different tables"
        )
    check_device(str(rho_out), rho_out.matrices, rho_in)


def check_same_dtype(name: str, tensor: Tensor, rho: Representation) -> None:
    """Raise unless the tensor has the dtype of the representation."""
    if tensor.dtype != rho.matrices.dtype:
        raise TypeError(
            f"expected {name} of the dtype {rho.matrices.dtype} of {rho}, got "
            f"{tensor.dtype}: convert one with .to(...)"
        )


def check_device(name: str, tensor: Tensor, rho: Representation) -> None:
    """Raise unless the tensor is where the representation is."""
    if tensor.device != rho.matrices.device:
        raise ValueError(
            f"expected {name} on the device {rho.matrices.device} of {rho}, got "
            f"{tensor.device}: move one with .to(...)"
        )
