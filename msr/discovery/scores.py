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
from jaxtyping import Float, Int

from .span import Span

# Residuals below a hundredth (squared: 1e-4) are no further evidence: sharing that is
# exact to rounding would otherwise outweigh any cost.
SMALLEST_RESIDUAL = 1e-4


def violation(span: Span, classes: Int[np.ndarray, " mn"], rank: int) -> float:
    """The mean square outside functions constant on classes, relative to chance."""
    return float(_violations(span, classes)[rank - 1])


def gain(span: Span, classes: Int[np.ndarray, " mn"]) -> tuple[float, int]:
    """Log likelihood ratio of sharing along a partition over none, and the rank used.

    Columns of U may be so weak that noise has taken their direction: any number of the
    strongest may count, at the cost of saying how many.
    """
    entries, number = len(classes), int(classes.max()) + 1
    ranks = span.basis.shape[1]
    if number == entries:
        return 0.0, ranks
    left = np.maximum(_violations(span, classes), SMALLEST_RESIDUAL)
    found = -0.5 * np.arange(1, ranks + 1) * (entries - number) * np.log(left)
    best = int(found.argmax())
    return float(found[best]) - log(ranks), best + 1


def _violations(span: Span, classes: Int[np.ndarray, " mn"]) -> Float[np.ndarray, " ranks"]:
    """For each number of the strongest columns."""
    sizes = np.bincount(classes)
    entries, (number, ranks) = len(classes), (len(sizes), span.basis.shape[1])
    if number == entries:
        return np.ones(ranks)
    sums = np.zeros((number, ranks))
    np.add.at(sums, classes, span.basis)
    outside = ((span.basis - (sums / sizes[:, None])[classes]) ** 2).sum(0)
    shares = np.cumsum(outside) / np.arange(1, ranks + 1)
    return shares * entries / (entries - number)


def cost_of_group(shape: tuple[int, int], order: int) -> float:
    """``log(m! n! / order)``."""
    return lgamma(shape[0] + 1) + lgamma(shape[1] + 1) - log(order)


def cost_of_partition(classes: Int[np.ndarray, " items"]) -> float:
    """``log(N! / prod c_i!)`` for N items in classes of sizes c_i."""
    sizes = np.bincount(classes)
    return lgamma(len(classes) + 1) - sum(lgamma(int(size) + 1) for size in sizes)
