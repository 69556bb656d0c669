"""Actions of groups on rows and columns, and the sharing patterns that they make."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from ...groups.catalogue import (
    alternating,
    cyclic,
    dihedral,
    direct_product,
    small_groups,
    symmetric,
)
from ...groups.finite import FiniteGroup
from ...groups.subgroups import subgroups

# For each element of a group, in the same order, where it moves each point.
Action = list[Int[np.ndarray, " points"]]
Labels = Int[np.ndarray, "m n"]


def cosets(group: FiniteGroup, *generators: int) -> Action:
    """The action on left cosets of the subgroup that elements generate."""
    inside = (s for s in subgroups(group) if {*generators} <= {*s})
    return _on_cosets(group, next(inside))  # the smallest comes first


def together(first: Action, second: Action) -> Action:
    """The action on two sets of points at once."""
    return [np.concatenate([a, len(a) + b]) for a, b in zip(first, second)]


def fixed(action: Action, points: int) -> Action:
    """As many elements, which move none of so many points."""
    return [np.arange(points) for _ in action]


def pattern(out: Action, into: Action) -> Labels:
    """Labels of the orbits of entries, by a search from each."""
    m, n = len(out[0]), len(into[0])
    labels = -np.ones((m, n), dtype=int)
    for i, j in itertools.product(range(m), range(n)):
        if labels[i, j] < 0:
            number = labels.max() + 1
            for a, b in zip(out, into):
                labels[a[i], b[j]] = number
    return labels


def patterns() -> dict[str, Labels]:
    """Sharing patterns of actions of 27 groups of order 2 to 24, by name.

    Regular actions, actions on cosets of a subgroup of each size, from one to another,
    on several orbits, and with fixed points.
    """
    found = {}
    for name, group in _groups().items():
        regular = cosets(group)
        actions = {
            group.order // size: _on_cosets(group, subgroup)
            for size, subgroup in _subgroups(group).items()
        }
        pairs = {"regular": (regular, regular)}
        for points, action in actions.items():
            pairs[f"on {points} cosets"] = (action, action)
            pairs[f"from regular to {points} cosets"] = (action, regular)
            pairs[f"from {points} cosets to regular"] = (regular, action)
        most = max(actions, default=0)
        if actions:
            both = together(actions[most], regular)
            pairs[f"on {most} cosets and regular"] = (both, both)
        if len(actions) > 1:
            fewest = min(actions)
            pairs[f"from {fewest} to {most} cosets"] = (actions[most], actions[fewest])
        more = together(regular, fixed(regular, 2))
        pairs["regular, and two fixed points"] = (more, more)
        for kind, (out, into) in pairs.items():
            found[f"{name} {kind}"] = pattern(out, into)
    return found


def _groups() -> dict[str, FiniteGroup]:
    known = [
        *small_groups().values(),
        *map(dihedral, range(5, 9)),
        *map(cyclic, range(9, 17)),
        alternating(4),
        symmetric(4),
        direct_product(cyclic(4), cyclic(4)),
    ]
    return {group.name: group for group in known if group.order > 1}


def _subgroups(group: FiniteGroup) -> dict[int, tuple[int, ...]]:
    """A proper subgroup of each size but 1."""
    found: dict[int, tuple[int, ...]] = {}
    for subgroup in subgroups(group):
        if 1 < len(subgroup) < group.order:
            found.setdefault(len(subgroup), subgroup)
    return found


def _on_cosets(group: FiniteGroup, subgroup: Sequence[int]) -> Action:
    table = group.table.numpy()
    number = -np.ones(group.order, dtype=int)
    first: list[int] = []
    for a in range(group.order):
        if number[a] < 0:
            number[table[a, list(subgroup)]] = len(first)
            first.append(a)
    return [number[table[g, first]] for g in range(group.order)]
