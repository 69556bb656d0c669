"""The group that explains a span best, and how sure one can be of it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Int

from .automorphisms import TooManySteps
from .closure import Closure, closure
from .labellings import Labelling, labellings
from .scores import cost_of_group, cost_of_partition, gain, violation
from .span import Span

Status = Literal["found", "not sure", "none"]

LEAST_EVIDENCE = 10.0  # log likelihood ratio to the next group or none, costs included
LARGEST_P = 0.03
LEAST_GAP = 1.2
LARGEST_VIOLATION = 0.5
FEW_ENTRIES, SHUFFLES_OF_FEW, SHUFFLES = 64, 399, 199
ENOUGH_HITS = 20


@dataclass(frozen=True)
class Candidate:
    """A labelling, the largest group that keeps it, and their evidence.

    Attributes:
        classes: shape (mn,).
        closure: the group.
        gap: the jump in distance that sets the labelling apart.
        evidence: log likelihood ratio of the group over no sharing, minus its cost.
        rank: the number of basis vectors that count.
    """

    classes: Int[np.ndarray, " mn"]
    closure: Closure
    gap: float
    evidence: float
    rank: int


@dataclass(frozen=True)
class Verdict:
    """The best candidate, if any, against its rivals.

    Attributes:
        best: the group with most evidence; None if no labelling has one.
        sharing: the evidence of the best labelling as sharing without a group.
        next: the evidence of the best other group; 0 if there is none.
        p_value: how often shuffled entries have a group with as few orbits.
        violation: root mean square of what is outside the group's orbits, relative to
            chance: 0 for exact sharing, 1 for none.
    """

    best: Candidate | None
    sharing: float = 0.0
    next: float = 0.0
    p_value: float = 1.0
    violation: float = 1.0

    @cached_property
    def status(self) -> Status:
        """Found, not sure, or none."""
        if self.best is None or self.best.evidence <= max(0.0, self.sharing - 1e-9):
            return "none"
        apart = (
            self.best.gap > LEAST_GAP or self.best.evidence - self.sharing > LEAST_EVIDENCE
        )
        sure = (
            self.best.evidence - self.next > LEAST_EVIDENCE
            and self.p_value <= LARGEST_P
            and apart
            and self.violation < LARGEST_VIOLATION
        )
        if sure:
            return "found"
        maybe = self.violation < 0.7 and (self.p_value <= 0.05 or self.violation < 0.3)
        return "not sure" if maybe else "none"


def searched(span: Span, shape: tuple[int, int]) -> Verdict:
    """The verdict on a span of weights of shape (m, n)."""
    candidates: list[Candidate] = []
    sharing = 0.0
    for labelling in labellings(span):
        if labelling.classes.max() + 1 == len(labelling.classes):
            continue
        fit, _ = gain(span, labelling.classes)
        sharing = max(sharing, fit - cost_of_partition(labelling.classes))
        candidate = _candidate(span, shape, labelling, fit)
        if candidate is not None:
            candidates.append(candidate)
    if not candidates:
        return Verdict(None, sharing)
    best = max(candidates, key=lambda candidate: candidate.evidence)
    others = [c.evidence for c in candidates if not _same(c, best)]
    orbits = best.closure.orbits.reshape(-1)
    return Verdict(
        best,
        sharing,
        max([0.0, *others]),
        _p_value(best, shape) if best.evidence > 0 else 1.0,
        math.sqrt(violation(span, orbits, best.rank)),
    )


def _candidate(
    span: Span, shape: tuple[int, int], labelling: Labelling, fit: float
) -> Candidate | None:
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
    first = np.unique(orbits, return_index=True)[1]
    joined = fit - cost_of_partition(classes[first])
    evidence = max(own, joined) - cost_of_group(shape, group.order)
    return Candidate(classes, group, gap, evidence, rank)


def _same(a: Candidate, b: Candidate) -> bool:
    return a.closure.order == b.closure.order and np.array_equal(
        a.closure.orbits, b.closure.orbits
    )


def _p_value(candidate: Candidate, shape: tuple[int, int]) -> float:
    """How often the same classes, with entries shuffled, have a group with so few orbits.

    Shuffling stops early once that is frequent (Besag, Clifford 1991).
    """
    generator = np.random.default_rng(0)
    observed = candidate.closure.orbits.max()
    shuffles = SHUFFLES_OF_FEW if len(candidate.classes) <= FEW_ENTRIES else SHUFFLES
    as_few = 0
    for number in range(1, shuffles + 1):
        shuffled = generator.permutation(candidate.classes).reshape(shape)
        try:
            as_few += int(closure(shuffled).orbits.max() <= observed)
        except TooManySteps:
            as_few += 1
        if as_few == ENOUGH_HITS:
            return as_few / number
    return (1 + as_few) / (1 + shuffles)
