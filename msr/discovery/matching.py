"""Pairs of permutations that nearly keep a span: proposals where clusters fail.

Clusters compare entry with entry. A pair of permutations (P, Q) compares all entries at
once, so that noise averages out and a few exceptional entries do not matter: entry (i, j)
should look like entry (P i, Q j). Given P, the best Q is a linear assignment, and the other
way round; the two in turn raise the agreement until it stays. Each start supposes that one
row, or one column, goes to a certain other one.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .automorphisms import Permutation

MOST_ROUNDS = 12
MOST_STARTS, LEAST_STARTS, WORK = 400, 32, 200_000  # starts times entries, at most
SWAPS_PER_LINE = 4
TINY = 1e-300

Features = Float[np.ndarray, "m n d"]


class Proposal(NamedTuple):
    """A pair of permutations, and how far it is from keeping the span.

    Attributes:
        images: of the m rows and then the n columns, numbered ``0 .. m+n-1``.
        distance: mean square difference of an entry and its image, over those that move,
            relative to unrelated ones: 0 if the span is kept, about 1 by chance.
    """

    images: Permutation
    distance: float


def proposals(features: Features) -> list[Proposal]:
    """Near symmetries of rows of a basis, the nearest first; none is the identity.

    Args:
        features: a row of a basis of the span for each entry.
    """
    m, n, _ = features.shape
    found = {images.tobytes(): images for images in _matched(features)}
    found.pop(np.arange(m + n).tobytes(), None)
    rated = [Proposal(images, _distance(features, images)) for images in found.values()]
    rated += _swaps(features, 0) + _swaps(features.transpose(1, 0, 2), m)
    return sorted(rated, key=lambda proposal: proposal.distance)


def _swaps(features: Float[np.ndarray, "k l d"], start: int) -> list[Proposal]:
    """Two lines that change places, which twins can do by themselves: the nearest."""
    number = len(features)
    flat = features.reshape(number, -1)
    sizes = (flat * flat).sum(1)
    both = sizes[:, None] + sizes
    first, second = np.triu_indices(number, 1)
    apart = ((both - 2 * flat @ flat.T) / (both + TINY))[first, second]
    found = []
    for i in np.argsort(apart, kind="stable")[: SWAPS_PER_LINE * number]:
        images = np.arange(sum(features.shape[:2]))
        a, b = start + first[i], start + second[i]
        images[[a, b]] = b, a
        found.append(Proposal(images, float(apart[i])))
    return found


def _matched(features: Features) -> Iterator[Permutation]:
    m, n, _ = features.shape
    starts = [
        (side, a, b)
        for side, k in ((0, m), (1, n))
        for a, b in itertools.permutations(range(k), 2)
    ]
    most = max(LEAST_STARTS, min(MOST_STARTS, WORK // (m * n)))
    if len(starts) > most:
        chosen = np.random.default_rng(0).permutation(len(starts))[:most]
        starts = [starts[i] for i in chosen]
    sides = _Side(features), _Side(np.ascontiguousarray(features.transpose(1, 0, 2)))
    for side, a, b in starts:
        rows, columns = _alternated(sides[side], sides[1 - side], a, b)
        if side:
            rows, columns = columns, rows
        yield np.concatenate([rows, m + columns])


class _Side:
    """The features as lines, rows or columns, of so many places."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.flat = features.reshape(len(features), -1)

    def places(self, a: int, b: int) -> Int[np.ndarray, " places"]:
        """Where each place goes best, given that line a goes to line b."""
        here, there = self.features[a], self.features[b]
        sizes = (here * here).sum(1)[:, None] + (there * there).sum(1)
        return _assigned(2 * here @ there.T - sizes)[0]

    def lines(
        self, places: Int[np.ndarray, " places"]
    ) -> tuple[Int[np.ndarray, " lines"], float]:
        """Where each line goes best, given where places go; and the agreement."""
        moved = self.features[:, places].reshape(self.flat.shape)
        return _assigned(self.flat @ moved.T)


def _assigned(
    gains: Float[np.ndarray, "k k"],
) -> tuple[Int[np.ndarray, " k"], float]:
    from scipy.optimize import linear_sum_assignment  # loads slowly

    here, images = linear_sum_assignment(gains, maximize=True)
    return images, float(gains[here, images].sum())


def _alternated(
    side: _Side, other: _Side, a: int, b: int
) -> tuple[Int[np.ndarray, " lines"], Int[np.ndarray, " places"]]:
    """Lines and places in turn, from where line a goes to b."""
    places = side.places(a, b)
    best = -np.inf
    for _ in range(MOST_ROUNDS):
        lines, _ = side.lines(places)
        places, agreement = other.lines(lines)
        if agreement <= best + 1e-9 * abs(best):
            break
        best = agreement
    return lines, places


def _distance(features: Features, images: Permutation) -> float:
    m, n, _ = features.shape
    rows, columns = images[:m], images[m:] - m
    moved = (rows != np.arange(m))[:, None] | (columns != np.arange(n))
    apart = ((features - features[np.ix_(rows, columns)]) ** 2).sum(2)[moved].sum()
    return float(apart / (2 * (features**2).sum(2)[moved].sum() + TINY))
