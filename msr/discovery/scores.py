"""How well a partition of the entries explains a span, and what saying so costs.

A weight in the span is constant on the classes of the right partition. The gain of a
partition with d classes over none is the log likelihood ratio of Gaussian residuals,
``-r/2 (mn - d) log(s)``, with s the mean square of what r basis vectors have outside the
functions constant on classes, relative to chance. The cost of a group of order a is the log
of the number of groups that differ from it by names of rows and columns,
``log(m! n! / a)``; that of a partition into classes of sizes c_i, without a group,
``log((mn)! / prod c_i!)``.
"""

from math import lgamma, log

import numpy as np
from jaxtyping import Int

from .span import Span

# Residuals below a hundredth (squared: 1e-4) are no further evidence: sharing that is
# exact to rounding would otherwise outweigh any cost.
SMALLEST_RESIDUAL = 1e-4


def violation(span: Span, classes: Int[np.ndarray, " mn"], rank: int) -> float:
    """The mean square outside functions constant on classes, relative to chance."""
    sizes = np.bincount(classes)
    entries, number = len(classes), len(sizes)
    if number == entries:
        return 1.0
    basis = span.basis[:, :rank]
    sums = np.zeros((number, rank))
    np.add.at(sums, classes, basis)
    outside = basis - (sums / sizes[:, None])[classes]
    share = float((outside * outside).sum()) / rank
    return share * entries / (entries - number)


def gain(span: Span, classes: Int[np.ndarray, " mn"]) -> tuple[float, int]:
    """Log likelihood ratio of sharing along a partition over none, and the rank used."""
    entries, number = len(classes), int(classes.max()) + 1
    if number == entries:
        return 0.0, span.ranks[-1]
    found = []
    for rank in span.ranks:
        left = max(violation(span, classes, rank), SMALLEST_RESIDUAL)
        found.append((-0.5 * rank * (entries - number) * log(left), rank))
    best, rank = max(found)
    return best - log(len(found)), rank


def cost_of_group(shape: tuple[int, int], order: int) -> float:
    """``log(m! n! / order)``."""
    return lgamma(shape[0] + 1) + lgamma(shape[1] + 1) - log(order)


def cost_of_partition(classes: Int[np.ndarray, " items"]) -> float:
    """``log(N! / prod c_i!)`` for N items in classes of sizes c_i."""
    sizes = np.bincount(classes)
    return lgamma(len(classes) + 1) - sum(lgamma(int(size) + 1) for size in sizes)
