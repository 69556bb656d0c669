"""Pairs of permutations that nearly keep a weight, zeros included."""

import numpy as np
from jaxtyping import Float

from .automorphisms import Permutation
from .matching import proposals

SOFTNESS = (0.3, 0.1, 0.03, 0.01)

Weights = Float[np.ndarray, "m n channels"]


def proposed(weights: Weights) -> list[Permutation]:
    """Pairs (P, Q), as permutations of rows and columns, those that keep W best first."""
    m = len(weights)
    found: dict[tuple[int, ...], float] = {}
    for softness in SOFTNESS:
        for images, _ in proposals(_filled(weights, softness)):
            moved = weights[np.ix_(images[:m], images[m:] - m)]
            found[tuple(images.tolist())] = float((weights * moved).sum())
    return [np.array(pair) for pair in sorted(found, key=lambda p: -found[p])]


def _filled(weights: Weights, softness: float) -> Float[np.ndarray, "m n more"]:
    """The weights, and beside them others with the same symmetries and without zeros.

    Zeros can be matched with any other zeros. With P W_c = W_c Q for all c, Q commutes with
    ``M = sum_c W_c^T W_c``, and so P and Q also match ``W_c (M + l I)^-1``.
    """
    gram = np.einsum("ijc,ikc->jk", weights, weights)
    middle = np.trace(gram) / len(gram)
    if middle == 0:
        return weights
    inverse = np.linalg.inv(gram + softness * middle * np.eye(len(gram)))
    spread = np.einsum("ijc,jk->ikc", weights, inverse)
    parts = [part / np.sqrt(np.square(part).sum()) for part in (weights, spread)]
    return np.concatenate(parts, 2)
