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
from .automorphisms import Automorphisms
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
    rest = name_without_twins(group)
    if not swaps:
        return rest
    if group.without_twins.order == 1:
        return swaps
    return f"({swaps}) : {rest}" if " " not in rest else f"({swaps}) : ({rest})"


def name_without_twins(group: Closure) -> str:
    """The name of the group on sets of twins, or its order.

    Without twins, a permutation of rows says how columns move, and the other way round:
    with as many elements as permutations of the moved rows, or columns, it has them all.
    """
    rest = group.without_twins
    if rest.order == 1:
        return "C1"
    listed = elements(rest)
    if listed is not None:
        return named(listed).name
    images = np.array(rest.generators)
    moved = (images != np.arange(images.shape[1])).any(0)
    rows = int(group.twin_rows.max()) + 1
    for degree in (int(moved[:rows].sum()), int(moved[rows:].sum())):
        if rest.order == math.factorial(degree):
            return f"S{degree}"
    return f"a group of order {rest.order}"
