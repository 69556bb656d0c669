"""The largest group that keeps a sharing pattern, twins apart.

Twins are equal rows, or equal columns: they may change places by themselves, which
multiplies the order by a factorial for each set of them and says nothing about the rest.
The pattern of one row and one column of each set, marked with how many there are, has the
twin-free group.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from .automorphisms import Automorphisms, Permutation, automorphisms
from .refinement import Pattern


@dataclass(frozen=True)
class Closure:
    """All pairs of permutations of rows and columns that keep a pattern.

    Attributes:
        twin_rows: a number for each row, the same for equal rows; shape (m,).
        twin_columns: the same for columns; shape (n,).
        without_twins: the group on sets of twins.
    """

    twin_rows: Int[np.ndarray, " m"]
    twin_columns: Int[np.ndarray, " n"]
    without_twins: Automorphisms

    @cached_property
    def order(self) -> int:
        """The number of pairs."""
        sizes = [*np.bincount(self.twin_rows), *np.bincount(self.twin_columns)]
        return self.without_twins.order * math.prod(math.factorial(int(s)) for s in sizes)

    @cached_property
    def generators(self) -> tuple[Permutation, ...]:
        """Permutations of the m + n rows and columns: twins' swaps come last."""
        numbers = self._numbers
        members = [np.flatnonzero(numbers == a) for a in range(numbers.max() + 1)]
        found = []
        for g in self.without_twins.generators:
            images = np.empty(len(numbers), dtype=np.int64)
            for a, image in enumerate(g.tolist()):
                images[members[a]] = members[image]
            found.append(images)
        for twins in members:
            for pair in itertools.pairwise(twins):
                images = np.arange(len(numbers))
                images[list(pair)] = pair[::-1]
                found.append(images)
        return tuple(found)

    @cached_property
    def orbits(self) -> Int[np.ndarray, "m n"]:
        """The orbit of every entry, numbered in the order of their first entries."""
        shape = int(self.twin_rows.max()) + 1, int(self.twin_columns.max()) + 1
        labels = orbits_of(self.without_twins.generators, shape)
        return numbered(labels[np.ix_(self.twin_rows, self.twin_columns)])

    @property
    def _numbers(self) -> Int[np.ndarray, " rows_and_columns"]:
        return np.concatenate(
            [self.twin_rows, self.twin_columns + self.twin_rows.max() + 1]
        )


def closure(classes: Int[np.ndarray, "m n"]) -> Closure:
    """The largest group that keeps every class of entries.

    Raises:
        TooManySteps: the search would take too long.
    """
    reduced, rows, columns = _without_twins(classes)
    pattern = Pattern(reduced, np.bincount(rows), np.bincount(columns))
    return Closure(rows, columns, automorphisms(pattern))


def normalizer_order(classes: Int[np.ndarray, "m n"]) -> int:
    """How many pairs of permutations map classes to classes.

    Raises:
        TooManySteps: the search would take too long.
    """
    reduced, rows, columns = _without_twins(classes)
    sizes = np.bincount(rows), np.bincount(columns)
    pattern = Pattern(reduced, *sizes, classes_stay=False)
    group = Closure(rows, columns, automorphisms(pattern))
    return group.order


def orbits_of(
    generators: Iterable[Permutation], shape: tuple[int, int]
) -> Int[np.ndarray, "m n"]:
    """A number for each entry, the same along an orbit of the group generated."""
    from scipy.sparse import coo_array  # loads slowly
    from scipy.sparse.csgraph import connected_components

    m, n = shape
    entries = np.arange(m * n).reshape(m, n)
    moved = [entries[np.ix_(g[:m], g[m:] - m)].reshape(-1) for g in generators]
    ends = np.concatenate([entries.reshape(-1), *moved])
    starts = np.tile(entries.reshape(-1), len(moved) + 1)
    graph = coo_array((np.ones(len(ends)), (starts, ends)), (m * n,) * 2)
    return numbered(connected_components(graph, directed=False)[1].reshape(m, n))


def numbered(labels: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
    """Labels 0, 1, ... in the order of their first occurrence."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].reshape(labels.shape)


def _without_twins(
    classes: Int[np.ndarray, "m n"],
) -> tuple[Int[np.ndarray, "rows columns"], Int[np.ndarray, " m"], Int[np.ndarray, " n"]]:
    """One row and column of each set of twins, and the sets' numbers."""
    rows, columns = _equal_rows(classes), _equal_rows(classes.T)
    first_rows = np.unique(rows, return_index=True)[1]
    first_columns = np.unique(columns, return_index=True)[1]
    return classes[np.ix_(first_rows, first_columns)], rows, columns


def _equal_rows(matrix: Int[np.ndarray, "rows columns"]) -> Int[np.ndarray, " rows"]:
    numbers: dict[bytes, int] = {}
    texts = [row.tobytes() for row in np.ascontiguousarray(matrix)]
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts])
