"""The elements of a group of permutations, its name, and its representations."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from ..groups.catalogue import permutation_group
from ..groups.finite import FiniteGroup
from ..groups.names import name_of
from ..groups.representations import Representation, permutation_representation
from .automorphisms import Automorphisms, Permutation
from .closure import Closure

MOST_ELEMENTS = 1024
MOST_NUMBERS = 2**24  # of a representation


def elements(group: Automorphisms | Closure) -> list[tuple[int, ...]] | None:
    """All elements, the identity first; None if there are more than 1,024."""
    if group.order > MOST_ELEMENTS or not group.generators:
        return None
    found = {tuple(range(len(group.generators[0]))): None}
    queue = list(found)
    for element in queue:
        for g in group.generators:
            product = tuple(np.asarray(g)[list(element)].tolist())
            if product not in found:
                found[product] = None
                queue.append(product)
    return queue


def named(permutations: Sequence[tuple[int, ...]]) -> FiniteGroup:
    """The group of these permutations, which are all, by its name."""
    group = permutation_group(permutations)
    return permutation_group(permutations, name_of(group))


def represented(
    group: FiniteGroup,
    permutations: Sequence[tuple[int, ...]],
    shape: tuple[int, int],
    like: torch.Tensor,
) -> tuple[Representation | None, Representation | None]:
    """The permutation matrices on the n columns and on the m rows, if not too large."""
    m, n = shape
    if len(permutations) * max(m, n) ** 2 > MOST_NUMBERS:
        return None, None
    images = torch.tensor(permutations, device="cpu")
    on_columns = permutation_representation(group, images[:, m:] - m, "rho_in")
    on_rows = permutation_representation(group, images[:, :m], "rho_out")
    return on_columns.to(like.device, like.dtype), on_rows.to(like.device, like.dtype)


def name_of_large(group: Closure) -> str:
    """What is certain of a group with too many elements to list.

    Swaps of twins are a normal subgroup with a complement, the group without twins.
    """
    sizes = Counter(
        int(size)
        for twins in (group.twin_rows, group.twin_columns)
        for size in np.bincount(twins)
        if size > 1
    )
    swaps = " x ".join(
        f"S{size}" + (f"^{number}" if number > 1 else "")
        for size, number in sorted(sizes.items())
    )
    rest = name_without_twins(group.without_twins)
    if not swaps:
        return rest
    if group.without_twins.order == 1:
        return swaps
    return f"({swaps}) : {rest}" if " " not in rest else f"({swaps}) : ({rest})"


def name_without_twins(group: Automorphisms) -> str:
    """The name of a group on sets of twins, or its order."""
    if group.order == 1:
        return "C1"
    listed = elements(group)
    if listed is not None:
        return named(listed).name
    for points in _orbits(group):
        degree = len(points)
        if group.order == math.factorial(degree) and _swaps_two(group, points):
            return f"S{degree}"
    return f"a group of order {group.order}"


def _orbits(group: Automorphisms) -> list[list[int]]:
    """The points that the group moves to one another."""
    left = set(range(len(group.generators[0])))
    found = []
    while left:
        queue = [min(left)]
        left.discard(queue[0])
        for point in queue:
            for g in group.generators:
                if (image := int(g[point])) in left:
                    left.discard(image)
                    queue.append(image)
        found.append(queue)
    return found


def _swaps_two(group: Automorphisms, points: list[int]) -> bool:
    """Whether transpositions among the generators connect all of these points."""
    swaps: list[Permutation] = []
    for g in group.generators:
        if int((np.asarray(g)[points] != np.array(points)).sum()) == 2:
            swaps.append(g)
    return bool(swaps) and any(
        set(points) <= set(orbit) for orbit in _orbits(Automorphisms(0, tuple(swaps)))
    )
