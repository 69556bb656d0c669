"""The largest group of signed permutations that keeps a pattern of values up to sign.

A signed permutation of m outputs is a permutation of 2m, output i and its negative m + i,
that commutes with taking negatives. So the pattern of a weight W is doubled to that of

    W  -W
    -W  W

whose automorphisms commute with taking negatives once equal rows and columns are one: the
negative of a row is determined by it. Twins are rows that are equal up to sign, and rows
of zeros, each of which may also change its sign.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from .automorphisms import Automorphisms, Permutation
from .closure import Closure, closure, numbered


@dataclass(frozen=True)
class SignedLabels:
    """Which entries share their value up to sign.

    Attributes:
        classes: a number for each entry, 0, 1, ...; of those that are zero, -1.
        signs: of an entry relative to the first of its class; 0 for zero.
    """

    classes: Int[np.ndarray, "*entries"]
    signs: Int[np.ndarray, "*entries"]

    @property
    def number(self) -> int:
        """How many values are free."""
        return int(self.classes.max(initial=-1)) + 1

    @property
    def trivial(self) -> bool:
        """Whether every entry has a value of its own."""
        return self.number == self.classes.size

    def reshape(self, *shape: int) -> "SignedLabels":
        """The same of entries in another shape."""
        return SignedLabels(self.classes.reshape(shape), self.signs.reshape(shape))

    def doubled(self) -> Int[np.ndarray, "_ _"]:
        """The pattern of W and its negatives."""
        values = (self.classes + 1) * self.signs
        return numbered(np.block([[values, -values], [-values, values]]))


def signed_labels(
    plus: Int[np.ndarray, "*entries"], minus: Int[np.ndarray, "*entries"]
) -> SignedLabels:
    """From labels of all entries and of their negatives: equal ones share a class.

    Where the negatives of one class have several labels, the class is divided.
    """
    both = np.stack([plus, minus], -1).reshape(-1, 2)
    classes = numbered(np.unique(np.sort(both, 1), axis=0, return_inverse=True)[1].ravel())
    zero = both[:, 0] == both[:, 1]
    first = np.unique(classes, return_index=True)[1]
    signs = np.where(both[:, 0] == both[first[classes], 0], 1, -1)
    classes[~zero] = numbered(classes[~zero])
    classes[zero], signs[zero] = -1, 0
    return SignedLabels(classes.reshape(plus.shape), signs.reshape(plus.shape))


@dataclass(frozen=True)
class SignedClosure:
    """All pairs of signed permutations of rows and columns that keep a pattern.

    Attributes:
        shape: (m, n).
        doubled: the largest group of the doubled pattern.
    """

    shape: tuple[int, int]
    doubled: Closure

    @cached_property
    def order(self) -> int:
        """The number of pairs, -1 on all rows and columns among them."""
        order = self.without_twins.order
        for twins in self.twins:
            for number in range(twins.max() + 1):
                order *= math.factorial(int((twins == number).sum()))
        for zero in self._zero:
            order *= 2 ** int(zero.sum())
        return order

    @property
    def without_twins(self) -> Automorphisms:
        """The group on sets of twins."""
        return self.doubled.without_twins

    @cached_property
    def twins(self) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " n"]]:
        """A number for each row, the same for rows equal up to sign; and for columns."""
        rows, columns = (np.minimum(*halves) for halves in self._halves)
        return numbered(rows), numbered(columns)

    @cached_property
    def labels(self) -> SignedLabels:
        """The orbits of entries; an entry that is its negative's is zero in all weights."""
        m, n = self.shape
        orbits = self.doubled.orbits
        return signed_labels(orbits[:m, :n], orbits[m:, :n])

    @cached_property
    def generators(self) -> tuple[Permutation, ...]:
        """Permutations of m rows, their negatives, n columns, and theirs."""
        found = [self._lifted(g) for g in self.without_twins.generators]
        return (*found, *self._swaps())

    @property
    def _halves(self) -> tuple[Int[np.ndarray, "2 m"], Int[np.ndarray, "2 n"]]:
        """The class of each row and of its negative; and of columns."""
        rows = self.doubled.twin_rows.reshape(2, -1)
        return rows, self.doubled.twin_columns.reshape(2, -1)

    @property
    def _zero(self) -> list[np.ndarray]:
        """Which rows, and which columns, are zero in all weights."""
        return [halves[0] == halves[1] for halves in self._halves]

    def _lifted(self, g: Int[np.ndarray, " sets_of_twins"]) -> Permutation:
        """On rows and columns, from sets of twins."""
        images = []
        first = 0
        for halves, zero in zip(self._halves, self._zero):
            size = halves.shape[1]
            own = np.arange(2 * size)
            classes = halves.reshape(-1)
            # in the order of the rows, whatever their sign
            members = {c: _by_place(classes, c, size) for c in np.unique(classes).tolist()}
            for c, places in members.items():
                if not zero[places[0] % size]:
                    own[places] = members[int(g[first + c]) - first]
            images.append(own)
            first += int(classes.max()) + 1
        return np.concatenate([images[0], images[1] + 2 * self.shape[0]])

    def _swaps(self) -> Iterator[Permutation]:
        """Twins that change places, and zeros that change sign."""
        first = 0
        for halves, zero in zip(self._halves, self._zero):
            size = halves.shape[1]
            classes = halves.reshape(-1)
            for c in np.unique(np.minimum(*halves)).tolist():
                places = _by_place(classes, c, size)
                if zero[places[0] % size]:
                    places = np.flatnonzero(zero)
                    yield self._swapped(first, size, int(places[0]), int(places[0]) + size)
                for a, b in itertools.pairwise(places.tolist()):
                    yield self._swapped(first, size, a, b)
            first += 2 * size

    def _swapped(self, first: int, size: int, a: int, b: int) -> Permutation:
        """Two of the rows and negatives change places, and so do their negatives."""
        images = np.arange(2 * sum(self.shape))
        for x, y in ((a, b), ((a + size) % (2 * size), (b + size) % (2 * size))):
            images[first + x], images[first + y] = first + y, first + x
        return images


def signed_closure(labels: SignedLabels) -> SignedClosure:
    """The largest group of signed permutations that keeps every value.

    Args:
        labels: of entries in shape (m, n).

    Raises:
        TooManySteps: the search would take too long.
    """
    m, n = labels.classes.shape
    return SignedClosure((m, n), closure(labels.doubled()))


def _by_place(
    classes: Int[np.ndarray, " twice"], number: int, size: int
) -> Int[np.ndarray, " members"]:
    members = np.flatnonzero(classes == number)
    return members[np.argsort(members % size, kind="stable")]
