"""The group that explains a span best, and how sure one can be of it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .candidates import Candidate, candidate, with_exceptions
from .growth import grown
from .labellings import labellings
from .scores import cost_of_partition, gain, violation
from .shuffles import p_value
from .span import Span

Status = Literal["found", "not sure", "none"]

LEAST_EVIDENCE = 10.0  # log likelihood ratio to none and to sharing, costs included
LEAST_MARGIN = 5.0  # to the next group, which may be a subgroup
LARGEST_P = 0.03
LEAST_GAP = 1.2
LARGEST_VIOLATION = 0.75
CLEAR_GAP = 2.0
MOST_WITH_EXCEPTIONS = 5


@dataclass(frozen=True)
class Verdict:
    """The best candidate, if any, against its rivals.

    Attributes:
        best: the group with most evidence; None if no labelling has one.
        sharing: the evidence of the best labelling as sharing without a group.
        next: the evidence of the best other group; 0 if there is none.
        violation: root mean square of what is outside the group's orbits, relative to
            chance: 0 for exact sharing, 1 for none. Exceptional entries do not count.
    """

    best: Candidate | None
    sharing: float = 0.0
    next: float = 0.0
    violation: float = 1.0

    @cached_property
    def p_value(self) -> float:
        """How often shuffled entries have a group with as few orbits.

        Shuffling changes nothing where all entries are equal: then it is how often a
        random direction is as near to constant weights.
        """
        if self.best is None or self.best.evidence <= 0:
            return 1.0
        entries = len(self.best.classes)
        if self.best.classes.max() == 0:
            from scipy.special import betainc  # loads slowly

            outside = self.violation**2 * (entries - 1) / entries
            return float(betainc((entries - 1) / 2, 0.5, outside))
        return p_value(self.best.classes.reshape(self.best.closure.orbits.shape))

    @cached_property
    def status(self) -> Status:
        """Found, not sure, or none."""
        if self.best is None or self.best.evidence <= max(0.0, self.sharing - 1e-9):
            return "none"
        apart = (
            self.best.gap > LEAST_GAP or self.best.evidence - self.sharing > LEAST_EVIDENCE
        )
        sure = (
            self.best.evidence > LEAST_EVIDENCE
            and self.best.evidence - self.next > LEAST_MARGIN
            and apart
            and self.violation < LARGEST_VIOLATION
        )
        if sure and self.p_value <= LARGEST_P:
            return "found"
        maybe = self.violation < LARGEST_VIOLATION and (
            self.violation < 0.3 or self.p_value <= 0.05
        )
        return "not sure" if maybe else "none"

    @property
    def clear(self) -> bool:
        """Whether it is found, and classes are so far apart that none can be mistaken."""
        return (
            self.best is not None and self.best.gap > CLEAR_GAP and self.status == "found"
        )


def searched(span: Span, shape: tuple[int, int]) -> Verdict:
    """The verdict on a span of weights of shape (m, n).

    Clusters of entries come first. Where they leave a doubt, groups are grown from near
    symmetries, and entries may be exceptional.
    """
    candidates: list[Candidate] = []
    sharing = 0.0
    for labelling in labellings(span):
        if labelling.classes.max() + 1 == len(labelling.classes):
            continue
        fit, _ = gain(span, labelling.classes)
        sharing = max(sharing, fit - cost_of_partition(labelling.classes))
        found = candidate(span, shape, labelling)
        if found is not None:
            candidates.append(found)
    verdict = _judged(span, candidates, sharing)
    if verdict.clear:
        return verdict
    candidates += grown(span, shape, verdict.best)
    candidates.sort(key=lambda candidate: -candidate.evidence)
    candidates[:MOST_WITH_EXCEPTIONS] = [
        with_exceptions(span, shape, c) for c in candidates[:MOST_WITH_EXCEPTIONS]
    ]
    return _judged(span, candidates, sharing)


def _judged(span: Span, candidates: list[Candidate], sharing: float) -> Verdict:
    if not candidates:
        return Verdict(None, sharing)
    best = max(candidates, key=lambda candidate: candidate.evidence)
    others = [c.evidence for c in candidates if not c.same(best)]
    left = violation(span, best.kept, best.rank)
    return Verdict(best, sharing, max([0.0, *others]), math.sqrt(left))
