"""The group of a sharing pattern by trying all permutations: slow, obvious, independent."""

import itertools
import math

import numpy as np
from jaxtyping import Int

MOST_TRIED = 8  # rows, or columns, of which all permutations are tried

Labels = Int[np.ndarray, "m n"]


def can_be_tried(labels: Labels) -> bool:
    """Whether rows or columns are few enough for `all_symmetries`."""
    few = min(labels.shape)
    return few <= MOST_TRIED and (int(labels.max()) + 1) ** few < 2**63


def all_symmetries(labels: Labels) -> tuple[int, Labels]:
    """The number of pairs of permutations that keep labels, and the orbits of entries.

    A permutation of rows has a partner if it leaves columns, with how often each of them
    occurs, as they were; equal columns can change places besides.

    Raises:
        ValueError: rows and columns are more than 8, or labels too many.
    """
    if not can_be_tried(labels):
        raise ValueError(f"expected at most {MOST_TRIED} rows or columns, got more")
    if len(labels) > labels.shape[1]:
        order, orbits = all_symmetries(labels.T)
        return order, orbits.T
    m = len(labels)
    weights = (int(labels.max()) + 1) ** np.arange(m)  # a column becomes a number
    codes, first, column, sizes = np.unique(
        weights @ labels, return_index=True, return_inverse=True, return_counts=True
    )
    rows = np.array(list(itertools.permutations(range(m))))
    moved = np.einsum("i,pic->pc", weights, labels[:, first][rows])
    places = np.searchsorted(codes, moved).clip(max=len(codes) - 1)
    kept = ((codes[places] == moved) & (sizes[places] == sizes)).all(1)
    rows, columns = rows[kept], np.argsort(places[kept], axis=1)
    entries = np.arange(m * len(codes)).reshape(m, -1)
    images = entries[rows[:, :, None], columns[:, None, :]]
    orbits = images.min(0)[:, column]
    return len(rows) * math.prod(math.factorial(int(s)) for s in sizes), orbits
