"""Groups that may explain a span, and the evidence of each."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from .automorphisms import TooManySteps
from .closure import Closure, closure
from .exceptional_entries import excepted
from .labellings import Labelling
from .scores import cost_of_group, cost_of_partition, gain
from .span import Span


@dataclass(frozen=True)
class Candidate:
    """A labelling, the largest group that keeps it, and their evidence.

    Attributes:
        classes: that the group keeps; shape (mn,).
        closure: the group.
        gap: the jump in distance that sets the labelling apart.
        evidence: log likelihood ratio of the group over no sharing, minus its cost.
        rank: the number of basis vectors that count.
        exceptions: the number of entries that break the pattern.
        kept: the group's orbits, with exceptions alone; shape (mn,).
    """

    classes: Int[np.ndarray, " mn"]
    closure: Closure
    gap: float
    evidence: float
    rank: int
    exceptions: int
    kept: Int[np.ndarray, " mn"]

    def same(self, other: "Candidate") -> bool:
        """Whether it is the same group."""
        return self.closure.order == other.closure.order and np.array_equal(
            self.closure.orbits, other.closure.orbits
        )


def candidate(span: Span, shape: tuple[int, int], labelling: Labelling) -> Candidate | None:
    """The group of a labelling; None if it is trivial, or takes too long to find.

    Several orbits may share a class, such as those of weights that are all zero: then the
    group explains the classes as well, once it is said which orbits they join.
    """
    classes, gap = labelling
    try:
        group = closure(classes.reshape(shape))
    except TooManySteps:
        return None
    if group.order == 1:
        return None
    orbits = group.orbits.reshape(-1)
    own, rank = gain(span, orbits)
    fit, _ = gain(span, classes)
    first = np.unique(orbits, return_index=True)[1]
    joined = fit - cost_of_partition(classes[first])
    evidence = max(own, joined) - cost_of_group(shape, group.order)
    return Candidate(classes, group, gap, evidence, rank, 0, orbits)


def with_exceptions(span: Span, shape: tuple[int, int], candidate: Candidate) -> Candidate:
    """The same group, with entries told apart that break its pattern, if that pays."""
    orbits = candidate.closure.orbits.reshape(-1)
    found = excepted(span, orbits, candidate.rank)
    evidence = found.gain - cost_of_group(shape, candidate.closure.order)
    if not found.number or evidence <= candidate.evidence:
        return candidate
    return replace(
        candidate, evidence=evidence, exceptions=found.number, kept=found.classes
    )
