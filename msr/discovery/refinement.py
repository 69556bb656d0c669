"""Colour refinement of a sharing pattern: points that look different are told apart.

A pattern is an integer matrix C of shape (m, n): ``C[i, j]`` is the class of entry (i, j).
Its points are the m rows, then the n columns, then the k classes. Each has a colour, a
64-bit number; equal colours may be interchangeable, different ones never are. Colours are
computed from colours alone, so that no numbering of the points has an influence.
"""

import numpy as np
from jaxtyping import Int, UInt64

Colours = UInt64[np.ndarray, " points"]

_ROW, _COLUMN, _CLASS, _CHOSEN = (np.uint64(2 * i + 0x9E3779B97F4A7C15) for i in range(4))


def mixed(numbers: UInt64[np.ndarray, "*shape"]) -> UInt64[np.ndarray, "*shape"]:
    """A fixed scrambling of 64 bits: SplitMix64 (Steele, Lea, Flood 2014)."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Pattern:
    """A sharing pattern with marks that automorphisms keep.

    Args:
        classes: C, with every class 0 .. k-1 in use; shape (m, n).
        row_marks: rows with different marks are different; shape (m,).
        column_marks: the same for columns; shape (n,).
        classes_stay: whether each class has to be kept, or classes may change places.

    Attributes:
        classes: as given.
        classes_stay: as given.
        shape: (m, n).
        number: k.
    """

    def __init__(
        self,
        classes: Int[np.ndarray, "m n"],
        row_marks: Int[np.ndarray, " m"],
        column_marks: Int[np.ndarray, " n"],
        classes_stay: bool = True,
    ) -> None:
        self.classes = classes
        self.classes_stay = classes_stay
        self.shape: tuple[int, int] = (classes.shape[0], classes.shape[1])
        self.number = int(classes.max()) + 1
        self._marks = row_marks.astype(np.uint64), column_marks.astype(np.uint64)
        self._sorted = np.argsort(classes, axis=None, kind="stable")
        sizes = np.bincount(classes.reshape(-1))
        self._starts = np.cumsum(sizes) - sizes

    def start(self) -> Colours:
        """The stable colours of a pattern of which nothing is known but the marks."""
        rows, columns = self._marks
        names = np.arange(self.number) if self.classes_stay else np.zeros(self.number)
        parts = (
            mixed(rows * np.uint64(2)) + _ROW,
            mixed(columns * np.uint64(2) + np.uint64(1)) + _COLUMN,
            mixed(names.astype(np.uint64)) + _CLASS,
        )
        return self._refined(mixed(np.concatenate(parts)))

    def individualized(self, colours: Colours, point: int) -> Colours:
        """The stable colours once one point is told apart from all others."""
        colours = colours.copy()
        colours[point : point + 1] = mixed(colours[point : point + 1] + _CHOSEN)
        return self._refined(colours)

    def is_automorphism(self, images: Int[np.ndarray, " rows_and_columns"]) -> bool:
        """Whether a permutation of rows and columns keeps the pattern."""
        m = self.shape[0]
        rows, columns = images[:m], images[m:] - m
        if (rows >= m).any() or (columns < 0).any():
            return False
        if any((marks[p] != marks).any() for marks, p in zip(self._marks, (rows, columns))):
            return False
        moved = self.classes[np.ix_(rows, columns)]
        if self.classes_stay:
            return bool((moved == self.classes).all())
        return len(np.unique(self.classes * self.number + moved)) == self.number

    def _refined(self, colours: Colours) -> Colours:
        """Colours of rows, columns and classes from each other's, until none splits."""
        m, n = self.shape
        rows, columns, names = colours[:m], colours[m : m + n], colours[m + n :]
        count = 0
        while True:
            distinct = [len(np.unique(part)) for part in (rows, columns, names)]
            if sum(distinct) == count or distinct == [m, n, self.number]:
                return np.concatenate([rows, columns, names])
            count = sum(distinct)
            inside = names[self.classes]
            rows = mixed(rows + mixed(inside + columns * _COLUMN).sum(1))
            columns = mixed(columns + mixed(inside + (rows * _ROW)[:, None]).sum(0))
            if distinct[2] < self.number:
                pairs = mixed((rows * _ROW)[:, None] + columns * _COLUMN).reshape(-1)
                sums = np.add.reduceat(pairs[self._sorted], self._starts)
                names = mixed(names + sums)
