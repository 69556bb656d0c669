"""Pairs of permutations that nearly keep a weight, by linear assignment."""

import numpy as np
from jaxtyping import Float, Int

MOST_ROUNDS = 12
SOFTNESS = (0.3, 0.1, 0.03, 0.01)

Images = Int[np.ndarray, " rows_and_columns"]


def proposed(
    weights: Float[np.ndarray, "m n channels"], draw: np.random.Generator, most: int
) -> list[Images]:
    """Pairs (P, Q), as permutations of rows and columns, those that keep W best first.

    A row is sent to another one. The permutation of columns that fits best then says how
    rows move best, and the other way round, until nothing improves.
    """
    m, n, _ = weights.shape
    starts = [(a, b) for a in range(m) for b in range(m) if a != b]
    found: dict[tuple[int, ...], float] = {}
    for softness in SOFTNESS:
        filled = _filled(weights, softness)
        for k in draw.permutation(len(starts))[:most]:
            rows, columns = _matched(filled, *starts[k])
            pair = (*rows.tolist(), *(m + columns).tolist())
            if pair != tuple(range(m + n)):
                moved = weights[np.ix_(rows, columns)]
                found[pair] = float((weights * moved).sum())
    return [np.array(pair) for pair in sorted(found, key=lambda p: -found[p])]


def _matched(
    weights: Float[np.ndarray, "m n channels"], start: int, image: int
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " n"]]:
    """Where rows and columns go if a row goes to another one."""
    from scipy.optimize import linear_sum_assignment  # loads slowly

    m, n, _ = weights.shape
    by_rows = weights.reshape(m, -1)
    by_columns = weights.transpose(1, 0, 2).reshape(n, -1)
    apart = np.square(weights[start][:, None] - weights[image]).sum(2)
    columns = linear_sum_assignment(apart)[1]
    rows, last = np.arange(m), -np.inf
    for _ in range(MOST_ROUNDS):
        moved = weights[:, columns].reshape(m, -1)
        rows = linear_sum_assignment(-by_rows @ moved.T)[1]
        moved = weights[rows].transpose(1, 0, 2).reshape(n, -1)
        agreement = by_columns @ moved.T
        columns = linear_sum_assignment(-agreement)[1]
        value = float(agreement[np.arange(n), columns].sum())
        if value <= last * (1 + 1e-9) + 1e-12:
            break
        last = value
    return rows, columns


def _filled(
    weights: Float[np.ndarray, "m n channels"], softness: float
) -> Float[np.ndarray, "m n more"]:
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


def orbits(generators: list[Images], m: int, n: int) -> Int[np.ndarray, "m n"]:
    """Orbits of entries: classes that hold all images of their entries."""
    from scipy.sparse import coo_array  # loads slowly
    from scipy.sparse.csgraph import connected_components

    entries = np.arange(m * n)
    ends = [(g[:m, None] * n + g[None, m:] - m).reshape(-1) for g in generators]
    graph = coo_array(
        (np.ones(len(ends) * m * n), (np.tile(entries, len(ends)), np.concatenate(ends))),
        (m * n, m * n),
    )
    return connected_components(graph, directed=False)[1].reshape(m, n)
