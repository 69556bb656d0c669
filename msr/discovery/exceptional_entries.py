"""Entries that break a sharing pattern, told apart where that pays.

A group may explain all entries of a weight but a few. Each exceptional entry is a class of
its own; the cost of saying which e of N entries they are is ``log(N choose e) + log N``.
"""

from math import lgamma, log
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .closure import numbered
from .scores import gain
from .span import Span

LARGEST_SHARE = 0.3  # of entries, at most
NUMBERS = 16  # of exceptional entries that are tried, and again around the best


class Excepted(NamedTuple):
    """A partition in which exceptional entries stand alone.

    Attributes:
        classes: shape (mn,).
        number: how many are exceptional.
        gain: log likelihood ratio over no sharing, minus the cost of the exceptions.
    """

    classes: Int[np.ndarray, " mn"]
    number: int
    gain: float


def excepted(span: Span, orbits: Int[np.ndarray, " mn"], rank: int) -> Excepted:
    """The likeliest exceptions from an action, which may be none.

    Args:
        span: of the weights.
        orbits: of the entries.
        rank: the number of basis vectors that count.
    """
    order = _most_apart(span.basis[:, :rank], orbits)
    tried = {0: Excepted(orbits, 0, gain(span, orbits)[0])}
    fewest, most = 1, min(int(LARGEST_SHARE * len(orbits)), len(order))
    for spaced in (np.geomspace, np.linspace):
        if most < fewest:
            break
        for number in sorted({int(i) for i in spaced(fewest, most, NUMBERS)} - {*tried}):
            classes = orbits.copy()
            classes[order[:number]] = orbits.max() + 1 + np.arange(number)
            classes = numbered(classes)
            left = gain(span, classes)[0] - _cost(len(orbits), number)
            tried[number] = Excepted(classes, number, left)
        best = max(tried.values(), key=lambda excepted: excepted.gain).number
        fewest = max((i for i in tried if i < best), default=0) + 1
        most = min((i for i in tried if i > best), default=best) - 1
    return max(tried.values(), key=lambda excepted: excepted.gain)


def _most_apart(
    rows: Float[np.ndarray, "mn r"], orbits: Int[np.ndarray, " mn"]
) -> Int[np.ndarray, " entries"]:
    """Entries that are not alone in an orbit, the farthest from its median first."""
    members = np.argsort(orbits, kind="stable")
    sizes = np.bincount(orbits)
    centres = np.array(
        [
            np.median(rows[orbit], axis=0)
            for orbit in np.split(members, np.cumsum(sizes)[:-1])
        ]
    )
    apart = ((rows - centres[orbits]) ** 2).sum(1)
    order = np.argsort(-apart, kind="stable")
    return order[sizes[orbits[order]] > 1]


def _cost(entries: int, number: int) -> float:
    """``log(N choose e) + log N``."""
    ways = lgamma(entries + 1) - lgamma(number + 1) - lgamma(entries - number + 1)
    return ways + log(entries)
