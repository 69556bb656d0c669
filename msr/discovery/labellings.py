"""Candidates of which entries share a weight: clusters of rows of the basis.

Entries on one orbit have equal rows, up to noise. Which distance is noise is read from the
data: where the heights at which clusters merge jump most. Single linkage is exact where
clusters are apart, average linkage where noise has joined them. With more noise there is
no jump, but a span of dimension r has r orbits, or one more if their weights are zero: the
third way is r or r + 1 clusters of least squares.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .closure import numbered
from .span import Span

MOST_CUTS = 12
MOST_ROUNDS = 30
MOST_COLUMNS = 96  # more are projected, at random, to so many


class Labelling(NamedTuple):
    """A partition of the entries, and the jump in distance that sets it apart."""

    classes: Int[np.ndarray, " mn"]
    gap: float


def labellings(span: Span) -> list[Labelling]:
    """Every partition that a jump suggests, once, with the largest jump seen."""
    found: dict[bytes, Labelling] = {}
    for rank in span.ranks:
        chosen = span.basis[:, :rank]
        flat = span.weights[rank - 1] > 1 / 3
        for rows in (chosen,) if flat else (chosen, chosen * span.weights[:rank]):
            for labelling in _cuts(_narrowed(rows), span.resolution):
                key = labelling.classes.astype(np.int32).tobytes()
                if key not in found or found[key].gap < labelling.gap:
                    found[key] = labelling
        if rank <= len(chosen) // 2:
            for classes in _least_squares(_narrowed(chosen), (rank, rank + 1)):
                key = classes.astype(np.int32).tobytes()
                found.setdefault(key, Labelling(classes, 1.0))
    return list(found.values())


def _narrowed(rows: Float[np.ndarray, "mn d"]) -> Float[np.ndarray, "mn e"]:
    """Projected so that distances between rows stay about the same; equal rows stay equal.

    By Johnson and Lindenstrauss (1984).
    """
    if rows.shape[1] <= MOST_COLUMNS:
        return rows
    generator = np.random.default_rng(0)
    return rows @ (
        generator.standard_normal((rows.shape[1], MOST_COLUMNS)) / MOST_COLUMNS**0.5
    )


def _least_squares(
    rows: Float[np.ndarray, "mn d"], numbers: tuple[int, ...]
) -> Iterator[Int[np.ndarray, " mn"]]:
    """So many clusters, by Ward's linkage and then Lloyd's algorithm."""
    from scipy.cluster.hierarchy import fcluster, linkage  # load slowly

    tree = linkage(rows, "ward")
    for number in numbers:
        classes = numbered(fcluster(tree, number, "maxclust"))
        for _ in range(MOST_ROUNDS):
            sizes = np.bincount(classes)
            centres = np.zeros((len(sizes), rows.shape[1]))
            np.add.at(centres, classes, rows)
            centres /= sizes[:, None]
            nearest = (centres * centres).sum(1) - 2 * rows @ centres.T
            moved = numbered(nearest.argmin(1))
            if np.array_equal(moved, classes):
                break
            classes = moved
        yield classes


def _cuts(rows: Float[np.ndarray, "mn d"], resolution: float) -> Iterator[Labelling]:
    """Partitions at the largest jumps between heights of successive merges."""
    from scipy.cluster.hierarchy import fcluster, linkage  # load slowly
    from scipy.spatial.distance import pdist

    distances = pdist(rows)
    size = float(np.sqrt((rows * rows).sum(1).mean()))
    for method in ("single", "average"):
        tree = linkage(distances, method)
        heights = np.maximum.accumulate(tree[:, 2])
        heights = np.maximum(np.append(heights, 2**0.5 * size), resolution * size)
        jumps = heights[1:] / heights[:-1]
        for i in np.argsort(-jumps, kind="stable")[:MOST_CUTS]:
            if jumps[i] <= 1 + 1e-9:
                break
            threshold = float(np.sqrt(heights[i] * heights[i + 1]))
            classes = fcluster(tree, threshold, "distance")
            yield Labelling(numbered(classes), float(jumps[i]))
