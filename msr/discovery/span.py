"""What a symmetry matrix says whatever its basis: an orthonormal basis of its columns."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MOST_RANKS = 3  # that are suggested by gaps between singular values
CLEAR_GAP = 1.5


@dataclass(frozen=True)
class Span:
    """The span of the columns of U.

    Attributes:
        basis: orthonormal columns; the rows of two entries are equal exactly if every
            weight in the span has equal entries there. Shape (mn, K).
        weights: the singular values of U, relative to the largest; shape (K,).
        ranks: dimensions in which the columns that count may lie: K, and where singular
            values drop most.
        resolution: the relative size of rounding errors.
    """

    basis: Float[np.ndarray, "mn K"]
    weights: Float[np.ndarray, " K"]
    ranks: tuple[int, ...]
    resolution: float


def span_of(U: Float[np.ndarray, "mn k"], resolution: float) -> Span | None:
    """The span of the columns of U; None if all are zero.

    Args:
        U: in double precision.
        resolution: singular values below this, relative to the largest, are rounding.
    """
    largest = np.abs(U).max(initial=0.0)
    if largest == 0:
        return None
    basis, sizes, _ = np.linalg.svd(U / largest, full_matrices=False)
    rank = int((sizes > resolution * sizes[0]).sum())
    basis, sizes = basis[:, :rank], sizes[:rank] / sizes[0]
    drops = sizes[:-1] / sizes[1:]
    steepest = np.argsort(-drops, kind="stable")[:MOST_RANKS]
    gaps = {int(i) + 1 for i in steepest if drops[i] > CLEAR_GAP}
    return Span(basis, sizes, tuple(sorted({rank, *gaps})), resolution)
