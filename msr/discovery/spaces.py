"""Spaces of weights that a symmetry leaves: from matrices, modules and groups."""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from .._utils.arguments import checked, shown
from ..groups.intertwiners import intertwiner_basis
from ..groups.names import name_of
from ..groups.representations import Representation, check_same_group
from ..groups.subgroups import generators_of, subgroup, subgroups
from .inputs import checked_matrix, checked_span
from .rotation import Basis

Symmetry = Tensor | nn.Module | tuple[Representation, Representation] | None


def checked_basis(name: str, symmetry: object, shape: tuple[int, int]) -> Basis | None:
    """An orthonormal basis of a space of weights of shape (m, n); None if it is all.

    Raises:
        TypeError, ValueError: there is no such space, and why; errors start with the name.
    """
    if symmetry is None:
        return None
    try:
        if isinstance(symmetry, Tensor | nn.Module):
            matrix, _ = checked_matrix(symmetry, shape)
            basis = checked_span(matrix).basis
        else:
            basis = _invariants(*_checked_pair(symmetry, shape))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
    return None if basis.shape[1] == len(basis) else basis


def _checked_pair(
    symmetry: object, shape: tuple[int, int]
) -> tuple[Representation, Representation]:
    pair = symmetry if isinstance(symmetry, tuple) else (symmetry,)
    if len(pair) != 2 or not all(isinstance(rho, Representation) for rho in pair):
        raise TypeError(
            f"expected a symmetry matrix, a module with one, a pair of representations "
            f"(rho_in, rho_out), or None, got {shown(symmetry)}"
        )
    rho_in, rho_out = pair
    check_same_group(rho_in, rho_out)
    if (rho_out.dim, rho_in.dim) != shape:
        raise ValueError(
            f"expected representations of dimensions {shape[1]} (in) and {shape[0]} (out), "
            f"got {rho_in.dim} and {rho_out.dim}"
        )
    return rho_in, rho_out


def _invariants(rho_in: Representation, rho_out: Representation) -> Basis:
    """An orthonormal basis of the intertwiners: orbits, if points are permuted."""
    rows, columns = _images(rho_out), _images(rho_in)
    if rows is None or columns is None:
        in_double = (rho.to("cpu", torch.float64) for rho in (rho_in, rho_out))
        return intertwiner_basis(*in_double).numpy()
    from scipy.sparse import coo_array  # loads slowly
    from scipy.sparse.csgraph import connected_components

    entries = np.arange(rows.shape[1] * columns.shape[1])
    group = rho_in.group
    moved = [
        (rows[g][:, None] * columns.shape[1] + columns[g]).reshape(-1)
        for g in generators_of(group, tuple(range(group.order)))
    ]
    ends = np.concatenate([entries, *moved])
    starts = np.tile(entries, len(moved) + 1)
    graph = coo_array((np.ones(len(ends)), (starts, ends)), (len(entries),) * 2)
    number, orbits = connected_components(graph, directed=False)
    basis = np.eye(number)[orbits]
    return basis / np.sqrt(basis.sum(0))


def _images(rho: Representation) -> Int[np.ndarray, "order points"] | None:
    """Where every element moves every point; None if it does more than that."""
    matrices = rho.matrices.detach().cpu()
    if not bool(((matrices == 0) | (matrices == 1)).all()):
        return None
    return matrices.argmax(1).numpy()  # invertible: one 1 in each column


@checked
def subgroup_candidates(
    rho_in: Representation, rho_out: Representation
) -> dict[str, tuple[Representation, Representation] | None]:
    """Every subgroup of a group, as candidates for `msr.compare_symmetries`.

    The trivial subgroup is ``"none"``. Others are named as by `msr.name_of`; where several
    have one name, such as the flips of a square, by generators too: ``"C2 of s"``.

    Args:
        rho_in: how the group acts on inputs.
        rho_out: how it acts on outputs; `msr.trivial` if they stay as they are.

    Returns:
        by name, the larger ones first after ``"none"``: the representations of the
        subgroup.

    Raises:
        TypeError: an argument is no representation.
        ValueError: groups or devices differ, or there are too many subgroups.

    Example:
        >>> import msr
        >>> rho = msr.regular(msr.dihedral(2))
        >>> list(msr.subgroup_candidates(rho, rho))
        ['none', 'C2 x C2', 'C2 of r', 'C2 of s', 'C2 of r s']
    """
    check_same_group(rho_in, rho_out)
    group = rho_in.group
    found: dict[str, tuple[Representation, Representation] | None] = {"none": None}
    listed = [elements for elements in subgroups(group)[::-1] if len(elements) > 1]
    groups = [subgroup(group, elements, "H") for elements in listed]
    names = [name_of(own) for own in groups]
    for elements, own, name in sorted(
        zip(listed, groups, names), key=lambda item: (-len(item[0]), item[0])
    ):
        label = name
        if names.count(name) > 1:
            generators = generators_of(group, elements)
            label = f"{name} of {', '.join(group.names[a] for a in generators)}"
        indices = list(elements)
        found[label] = (
            Representation(own, rho_in.matrices[indices], rho_in.name),
            Representation(own, rho_out.matrices[indices], rho_out.name),
        )
    return found
