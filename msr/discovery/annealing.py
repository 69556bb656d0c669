"""Which entries of a weight share a value: classes by simulated annealing.

Every entry has a class, 0 for a weight of zero. Gibbs sampling at a falling temperature
gives entries classes, a column at a time, given the values; the values are then those of a
ridge given the classes (Geman and Geman 1984).
"""

import numpy as np
from jaxtyping import Float

from .moments import Classes, Moments

SWEEPS, LAST = 100, 10  # the last ones at no temperature
COOLEST = 0.05


def annealed(
    moments: Moments,
    number: int,
    draw: np.random.Generator,
    start: tuple[Classes, Float[np.ndarray, "k channels"]],
) -> Classes:
    """Classes 0 to ``number`` of all entries.

    Args:
        moments: the data.
        number: of classes that are not zero.
        draw: gives the random numbers.
        start: classes and values to start from, such as `clustered` gives. Random ones
            lead nowhere.
    """
    m, n, channels = moments.cross.shape
    diagonal = np.diag(moments.gram)
    count = moments.y.size
    size = np.sqrt(moments.squares / (channels * m) / diagonal.sum())
    values = np.zeros((number + 1, channels))
    classes, values[1:] = start[0].copy(), start[1]
    noise = 0.1 * moments.squares / count
    ridge = 0.75 / (size * size * n)
    shares = np.full(number + 1, 1 / (number + 1))
    for sweep in range(SWEEPS):
        cold = sweep >= SWEEPS - LAST
        temperature = 1e-3 if cold else (1 - sweep / SWEEPS) ** 2 + COOLEST
        weights = values[classes]
        slope = moments.cross - np.einsum("ab,ibc->iac", moments.gram, weights)
        for j in draw.permutation(n):
            change = values[None] - weights[:, j][:, None]  # m, classes, channels
            energy = 0.5 * diagonal[j] * np.square(change).sum(2)
            energy -= np.einsum("ic,ikc->ik", slope[:, j], change)
            scores = np.log(shares) - energy / (noise * temperature)
            if not cold:
                scores += draw.gumbel(size=scores.shape)
            chosen = scores.argmax(1)
            moved = change[np.arange(m), chosen]
            slope -= moments.gram[:, j][None, :, None] * moved[:, None]
            weights[:, j] += moved
            classes[:, j] = chosen
        gram, cross = moments.of_classes(classes, number + 1)
        inner = gram[1:, 1:] / noise + ridge * np.eye(number)
        values[1:] = np.linalg.solve(inner, cross[1:] / noise)
        misfit = moments.squares - 2 * (values * cross).sum()
        misfit += (values * (gram @ values)).sum()
        noise = max(float(misfit) / count, 1e-6 * moments.squares / count)
        sizes = np.bincount(classes.reshape(-1), minlength=number + 1) + 1
        shares = sizes / sizes.sum()
    return classes


def clustered(
    weights: Float[np.ndarray, "m n channels"], number: int, draw: np.random.Generator
) -> tuple[Classes, Float[np.ndarray, "k channels"]]:
    """Classes by k-means among the larger entries, 0 for those near zero."""
    m, n, channels = weights.shape
    points = weights.reshape(-1, channels)
    squares = np.square(points).sum(1)
    order = np.argsort(-squares, kind="stable")
    large = int((squares > 0.1 * squares[order[min(m, m * n) - 1]]).sum())
    chosen = points[order[: max(number, large)]]
    centres = chosen[[draw.integers(len(chosen))]]
    while len(centres) < number:
        away = np.square(chosen[:, None] - centres).sum(2).min(1)
        total = away.sum()
        odds = away / total if total > 0 else np.full(len(away), 1 / len(away))
        centres = np.concatenate([centres, chosen[[draw.choice(len(chosen), p=odds)]]])
    nearest = np.zeros(len(points), dtype=np.int64)
    for _ in range(20):
        all_centres = np.concatenate([np.zeros((1, channels)), centres])
        nearest = np.square(points[:, None] - all_centres).sum(2).argmin(1)
        for k in range(number):
            if (nearest == k + 1).any():
                centres[k] = points[nearest == k + 1].mean(0)
    return nearest.reshape(m, n), centres
