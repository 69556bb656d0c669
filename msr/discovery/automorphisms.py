"""Automorphisms of a sharing pattern: pairs of permutations that keep it.

Individualization and refinement (McKay 1981) with a base: points ``b_1, b_2, ...`` such
that only the identity leaves all of them in place. The group's order is the product of the
orbit sizes of ``b_i`` under the automorphisms that leave ``b_1 .. b_(i-1)`` in place (the
base image method of Schreier and Sims).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from .refinement import Colours, Pattern

MOST_REFINEMENTS = 20_000
MOST_CELLS = 8  # of which the one that tells most points apart is taken

Permutation = Int[np.ndarray, " rows_and_columns"]


class TooManySteps(Exception):
    """The search for automorphisms would take too long."""


@dataclass(frozen=True)
class Automorphisms:
    """A group of permutations of rows and columns.

    Attributes:
        order: the number of elements, exact.
        generators: permutations of the m rows and n columns, numbered ``0 .. m+n-1``:
            ``g[i]`` is where i goes.
    """

    order: int
    generators: tuple[Permutation, ...]


def automorphisms(pattern: Pattern, steps: int = MOST_REFINEMENTS) -> Automorphisms:
    """All pairs of permutations that keep a pattern.

    Raises:
        TooManySteps: more refinements than ``steps`` would be needed.
    """
    return _Search(pattern, steps).run()


class _Search:
    """The first path to a base, and the search for paths that look the same."""

    def __init__(self, pattern: Pattern, steps: int) -> None:
        self.pattern = pattern
        self.points = sum(pattern.shape)
        self.steps = steps
        self.path: list[Colours] = [pattern.start()]
        self.base: list[int] = []
        while cells := self._cells(self.path[-1]):
            told = [self._individualized(self.path[-1], cell) for cell in cells]
            best = max(range(len(cells)), key=lambda i: len(np.unique(told[i])))
            self.base.append(cells[best])
            self.path.append(told[best])
        self.sorted = [np.sort(colours) for colours in self.path]

    def run(self) -> Automorphisms:
        """The stabilizers of ever fewer points of the base."""
        generators: list[Permutation] = []
        orbits = _Orbits(self.points)
        order = 1
        for level in reversed(range(len(self.base))):
            base, failed = self.base[level], list[int]()
            for point in self._candidates(level, self.path[level]):
                known = [base, *failed]
                if any(orbits.same(point, other) for other in known):
                    continue
                images = self._find(level, self.path[level], point)
                if images is None:
                    failed.append(point)
                else:
                    generators.append(images)
                    orbits.merge(images)
            order *= orbits.size(base)
        return Automorphisms(order, tuple(generators))

    def _cells(self, colours: Colours) -> list[int]:
        """A point of each colour that several rows or columns share, the rarest first."""
        own = colours[: self.points]
        _, first, counts = np.unique(own, return_index=True, return_counts=True)
        several = counts > 1
        order = np.argsort(counts[several], kind="stable")[:MOST_CELLS]
        return [int(point) for point in first[several][order]]

    def _candidates(self, level: int, colours: Colours) -> list[int]:
        """The points that look as the base's point of this level does."""
        wanted = self.path[level][self.base[level]]
        found = np.flatnonzero(colours[: self.points] == wanted).tolist()
        return sorted(found, key=lambda point: point != self.base[level])

    def _find(self, level: int, colours: Colours, point: int) -> Permutation | None:
        """An automorphism that moves the base's point of this level to another one."""
        colours = self._individualized(colours, point)
        level += 1
        if not np.array_equal(np.sort(colours), self.sorted[level]):
            return None
        if level == len(self.base):
            images = np.empty(self.points, dtype=np.int64)
            images[np.argsort(self.path[-1][: self.points])] = np.argsort(
                colours[: self.points]
            )
            return images if self.pattern.is_automorphism(images) else None
        for candidate in self._candidates(level, colours):
            found = self._find(level, colours, candidate)
            if found is not None:
                return found
        return None

    def _individualized(self, colours: Colours, point: int) -> Colours:
        self.steps -= 1
        if self.steps < 0:
            raise TooManySteps
        return self.pattern.individualized(colours, point)


class _Orbits:
    """Sets of points that generators move to one another (union-find)."""

    def __init__(self, points: int) -> None:
        self.parent = list(range(points))

    def root(self, point: int) -> int:
        while self.parent[point] != point:
            self.parent[point] = self.parent[self.parent[point]]
            point = self.parent[point]
        return point

    def same(self, a: int, b: int) -> bool:
        return self.root(a) == self.root(b)

    def size(self, point: int) -> int:
        root = self.root(point)
        return sum(self.root(other) == root for other in range(len(self.parent)))

    def merge(self, images: Permutation) -> None:
        for point, image in enumerate(images.tolist()):
            self.parent[self.root(point)] = self.root(image)
