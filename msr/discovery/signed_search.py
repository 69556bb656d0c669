"""The group of signed permutations that explains a span best, and how sure one can be.

As `msr.discovery.search`, with the rows of the basis and their negatives: entries that are
equal up to sign share a value. Naming a group of order a among 2^m m! 2^n n! pairs costs
``log(2^m m! 2^n n! / a)``; a partition of N entries into classes of sizes c_i, up to sign,
of which zeros need none, ``log(N! / prod c_i!) + sum (c_i - 1) log 2``.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from .automorphisms import TooManySteps
from .labellings import Labelling, labellings
from .scores import cost_of_group, cost_of_partition, gain, violation
from .search import (
    LARGEST_P,
    LEAST_EVIDENCE,
    LEAST_GAP,
    Status,
)
from .shuffles import SHUFFLES, frequency
from .signed_closure import SignedClosure, SignedLabels, signed_closure, signed_labels
from .span import Span

LARGEST_VIOLATION = 0.5


@dataclass(frozen=True)
class SignedCandidate:
    """A labelling, the largest group that keeps it, and their evidence.

    Attributes:
        labels: of mn entries.
        closure: the group.
        gap: the jump in distance that sets the labelling apart.
        evidence: log likelihood ratio of the group over no sharing, minus its cost.
        rank: the number of basis vectors that count.
        exceptions: entries that break the pattern; none are told apart here.
    """

    labels: SignedLabels
    closure: SignedClosure
    gap: float
    evidence: float
    rank: int
    exceptions: int = 0


@dataclass(frozen=True)
class SignedVerdict:
    """The best candidate, if any, against its rivals; see `Verdict` in search.py."""

    best: SignedCandidate | None
    status: Status = "none"
    sharing: float = 0.0
    next: float = 0.0
    p_value: float = 1.0
    violation: float = 1.0


def searched_with_signs(span: Span, shape: tuple[int, int]) -> SignedVerdict:
    """The verdict on a span of weights of shape (m, n)."""
    doubled = replace(span, basis=np.concatenate([span.basis, -span.basis]) / 2**0.5)
    candidates: list[SignedCandidate] = []
    sharing = 0.0
    for labelling in labellings(doubled):
        plus, minus = labelling.classes.reshape(2, -1)
        labels = signed_labels(plus, minus)
        if labels.trivial:
            continue
        fit, _ = _gain(doubled, labels)
        sharing = max(sharing, fit - _cost_of_partition(labels))
        found = _candidate(doubled, shape, labels, labelling, fit)
        if found is not None:
            candidates.append(found)
    if not candidates:
        return SignedVerdict(None, sharing=sharing)
    best = max(candidates, key=lambda candidate: candidate.evidence)
    others = [c.evidence for c in candidates if not _same(c, best)]
    left = violation(doubled, _both(best.closure.labels), best.rank)
    verdict = SignedVerdict(
        best,
        "none",
        sharing,
        max([0.0, *others]),
        _p_value(best, shape) if best.evidence > 0 else 1.0,
        math.sqrt(left),
    )
    return replace(verdict, status=_status(best, verdict))


def _status(best: SignedCandidate, verdict: SignedVerdict) -> Status:
    """Found, not sure, or none."""
    if best.evidence <= max(0.0, verdict.sharing - 1e-9):
        return "none"
    apart = best.gap > LEAST_GAP or best.evidence - verdict.sharing > LEAST_EVIDENCE
    sure = (
        best.evidence - verdict.next > LEAST_EVIDENCE
        and verdict.p_value <= LARGEST_P
        and apart
        and verdict.violation < LARGEST_VIOLATION
    )
    if sure:
        return "found"
    maybe = verdict.violation < 0.7 and (verdict.p_value <= 0.05 or verdict.violation < 0.3)
    return "not sure" if maybe else "none"


def _candidate(
    doubled: Span,
    shape: tuple[int, int],
    labels: SignedLabels,
    labelling: Labelling,
    fit: float,
) -> SignedCandidate | None:
    """The group of a labelling; None if it is trivial, or takes too long to find."""
    try:
        group = signed_closure(labels.reshape(*shape))
    except TooManySteps:
        return None
    orbits = group.labels.reshape(-1)
    if orbits.trivial or not orbits.number:
        return None
    own, rank = _gain(doubled, orbits)
    # orbits may share a class, such as those of weights that are all zero
    first = np.unique(orbits.classes, return_index=True)[1]
    first = first[orbits.classes[first] >= 0]
    joined = SignedLabels(labels.classes[first], labels.signs[first])
    evidence = max(own, fit - _cost_of_partition(joined))
    cost = cost_of_group(shape, group.order) + sum(shape) * math.log(2)
    return SignedCandidate(labels, group, labelling.gap, evidence - cost, rank)


def _both(labels: SignedLabels) -> np.ndarray:
    """The classes of all entries and of their negatives."""
    values = ((labels.classes + 1) * labels.signs).reshape(-1)
    return np.unique(np.concatenate([values, -values]), return_inverse=True)[1]


def _gain(doubled: Span, labels: SignedLabels) -> tuple[float, int]:
    """Each entry counts once, not twice."""
    twice, rank = gain(doubled, _both(labels))
    return twice / 2, rank


def _cost_of_partition(labels: SignedLabels) -> float:
    relative = int((labels.classes >= 0).sum()) - labels.number
    return cost_of_partition(labels.classes + 1) + relative * math.log(2)


def _same(a: SignedCandidate, b: SignedCandidate) -> bool:
    mine, other = a.closure.labels, b.closure.labels
    return (
        a.closure.order == b.closure.order
        and np.array_equal(mine.classes, other.classes)
        and np.array_equal(mine.signs, other.signs)
    )


def _p_value(candidate: SignedCandidate, shape: tuple[int, int]) -> float:
    """How often shuffled entries, with random signs, have a group with so few orbits."""
    observed = candidate.closure.labels.number
    labels = candidate.labels

    def as_few_orbits(generator: np.random.Generator) -> bool:
        order = generator.permutation(labels.classes.size)
        signs = labels.signs[order] * generator.choice([-1, 1], order.size)
        shuffled = SignedLabels(labels.classes[order], signs).reshape(*shape)
        return signed_closure(shuffled).labels.number <= observed

    return frequency(as_few_orbits, SHUFFLES)
