"""Which of some symmetries a data set has."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_between, check_on_cpu, check_positive
from .evidence import SOFTNESS, Evidence, fitted
from .inclusion import Inclusions
from .margin import leads_by_chance
from .problem import Problem, checked_problem
from .rotation import Basis, rotations
from .spaces import Symmetry, checked_basis

UNDECIDED = "cannot tell yet"
NONE = "none"
LEAST_PROBABILITY = 0.95
CHANCE = 0.01  # that the margin is reached without a symmetry
LEAST_MARGIN = -math.log(CHANCE)
MOST_CANDIDATES = 2000
MOST_SIMULATIONS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What `msr.compare_symmetries` found; ``print`` it.

    Attributes:
        best: the candidate with most evidence; of equal spaces, the first.
        verdict: ``best``, if it is sure; else ``"cannot tell yet"``.
        log_evidence: by candidate.
        probabilities: by candidate, if all spaces are equally likely beforehand. Candidates
            with the same space share its probability in equal parts.
        fits: by candidate, all that was fitted: noise, width, weight.
        free: the candidate with all weights free.
        lead: the log evidence of ``best`` over that of ``free``.
        margin: the lead that a verdict other than ``free`` takes, with data like these.
        same: candidates with the space of an earlier one, and which.
        parents: by candidate, those with the next larger spaces that hold its own.
        data: the sizes of the data, in words.
    """

    best: str
    verdict: str
    log_evidence: dict[str, float]
    probabilities: dict[str, float]
    fits: dict[str, Evidence]
    free: str
    lead: float
    margin: float
    same: dict[str, str]
    parents: dict[str, tuple[str, ...]]
    data: str

    def __repr__(self) -> str:
        return f"Comparison({self.verdict}, best={self.best}, lead={self.lead:.1f})"

    def __str__(self) -> str:
        share = sum(
            self.probabilities[name]
            for name in self.log_evidence
            if self.same.get(name, name) == self.best
        )
        lines = [
            f"{self.verdict} ({self.data})",
            f"most evidence: {self.best}, probability {share:.3f}",
        ]
        if self.best != self.free:
            lines.append(
                f"log evidence over {self.free}: {self.lead:.1f}; "
                f"a verdict takes {self.margin:.1f}, and probability {LEAST_PROBABILITY:g}"
            )
        return "\n".join([*lines, "", *self._table()])

    def _table(self) -> list[str]:
        """Candidates by evidence, in columns of text."""
        order = sorted(self.log_evidence, key=lambda name: -self.log_evidence[name])
        rows = [("candidate", "weights", "log evidence", "probability", "noise")]
        for name in order:
            fit = self.fits[name]
            rows.append(
                (
                    name if name not in self.same else f"{name} = {self.same[name]}",
                    str(fit.dimension),
                    f"{fit.log_evidence:.1f}",
                    f"{self.probabilities[name]:.3f}",
                    f"{fit.noise:.3g}",
                )
            )
        widths = [max(map(len, column)) for column in zip(*rows)]
        return [
            "  ".join(
                [
                    row[0].ljust(widths[0]),
                    *(c.rjust(w) for c, w in zip(row[1:], widths[1:])),
                ]
            )
            for row in rows
        ]


@checked(by_hand=["candidates", "x", "y", "mean"])
def compare_symmetries(
    candidates: Mapping[str, Symmetry],
    x: Float[Tensor, "*channels examples n"],
    y: Float[Tensor, "*shape"],
    *,
    noise: float | None = None,
    width: float | None = None,
    mean: Float[Tensor, "*prior m n"] | None = None,
    soft: bool = False,
    simulations: int = 200,
    generator: torch.Generator | None = None,
) -> Comparison:
    """Which symmetry has a linear layer that explains these data, if any?

    Each candidate is a space of weights, with its exact evidence as by `msr.evidence`, its
    own noise and width included. Fewer free weights that explain data as well have more
    evidence: that is Occam's razor (MacKay 1992).

    A few data invent symmetry. So a verdict takes two things. The best space has
    probability 0.95. And, unless it is that of all weights, its log evidence over theirs is
    a margin that data without symmetry reach once in a hundred times: outputs are drawn
    for the same inputs from the free model fitted to the data, and the margin is the 99%
    quantile of the best candidate's lead, or log(100) if that is more. For a soft symmetry
    leads are simulated as if it were exact.

    There is no constant in the layer: take means off x and y first.

    Args:
        candidates: by name, a symmetry matrix, a module with one, a pair of representations
            ``(rho_in, rho_out)``, or None for all weights free. If no candidate has all
            weights free, ``"none"`` is added. `msr.subgroup_candidates` gives all subgroups
            of a group.
        x: inputs, as for `msr.evidence`.
        y: outputs, likewise.
        noise: the standard deviation of the noise, in units of y, if it is known.
        width: the prior standard deviation of weights, if it is known.
        mean: of the prior; default: zero.
        soft: whether weights outside each space may be small, not zero.
        simulations: how many data sets are drawn for the margin; 0 leaves it at log(100).
            Of less than 99 it is the largest lead, which a further draw exceeds once in
            ``simulations + 1`` times.
        generator: seeds the draws; default: one with seed 0.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: there is no candidate, one does not fit x and y, ``"none"`` stands for
            something else than all weights, or data are as `msr.evidence` refuses them.

    Example:
        >>> import msr, torch
        >>> x, shift = torch.randn(20, 4), torch.eye(4).roll(1, 0)
        >>> y = x @ shift.T + 0.1 * torch.randn(20, 4)
        >>> rho = msr.regular(msr.cyclic(4))
        >>> msr.compare_symmetries(msr.subgroup_candidates(rho, rho), x, y).verdict
        'C4'
    """
    check_settings(noise, width, simulations, generator)
    problem = checked_problem(x, y, mean)
    bases = checked_bases(candidates, problem.shape)
    return compared(problem, bases, noise, width, soft, simulations, generator)


def check_settings(
    noise: float | None,
    width: float | None,
    simulations: int,
    generator: torch.Generator | None,
) -> None:
    """Raise unless the settings of a comparison are some."""
    for name, value in (("noise", noise), ("width", width)):
        if value is not None:
            check_positive(**{name: value})
    check_between(0, MOST_SIMULATIONS, simulations=simulations)
    if generator is not None:
        check_on_cpu(generator)


def compared(
    problem: Problem,
    bases: dict[str, Basis | None],
    noise: float | None,
    width: float | None,
    soft: bool,
    simulations: int,
    generator: torch.Generator | None,
) -> Comparison:
    """The verdict on spaces of weights, all weights free being one of them."""
    spaces = Inclusions.of(bases)
    fits = {
        name: fitted(problem, bases[name], noise, width, SOFTNESS if soft else (0.0,))
        for name in spaces.parents
    }
    shares = _softmax({name: fit.log_evidence for name, fit in fits.items()})
    best = max(fits, key=lambda name: fits[name].log_evidence)
    free = next(name for name, basis in bases.items() if basis is None)
    lead = fits[best].log_evidence - fits[free].log_evidence
    others = [rotations(problem, bases[name]) for name in fits if name != free]
    drawn = leads_by_chance(
        problem,
        fits[free],
        others,
        simulations if others else 0,
        generator or torch.Generator("cpu").manual_seed(0),
        noise,
        width,
    )
    margin = max(LEAST_MARGIN, _quantile(drawn))
    sure = shares[best] >= LEAST_PROBABILITY and (best == free or lead > margin)
    sharers = Counter(spaces.first.values())
    return Comparison(
        best=best,
        verdict=best if sure else UNDECIDED,
        log_evidence={n: fits[first].log_evidence for n, first in spaces.first.items()},
        probabilities={n: shares[i] / sharers[i] for n, i in spaces.first.items()},
        fits={name: fits[first] for name, first in spaces.first.items()},
        free=free,
        lead=lead,
        margin=margin,
        same=spaces.same,
        parents=spaces.parents,
        data=problem.sizes,
    )


def checked_bases(candidates: object, shape: tuple[int, int]) -> dict[str, Basis | None]:
    """The candidates' bases; all weights free are one of them."""
    bases = {
        name: checked_basis(f"candidate {shown(name)}", symmetry, shape)
        for name, symmetry in _checked_names(candidates).items()
    }
    if any(basis is None for basis in bases.values()):
        return bases
    given = bases.get(NONE)
    if given is not None:
        raise ValueError(
            f"expected the candidate 'none' to have all weights free, or another name, got "
            f"one with {given.shape[1]} of {math.prod(shape)}"
        )
    return {NONE: None, **bases}


def _checked_names(candidates: object) -> dict[str, object]:
    if not isinstance(candidates, Mapping):
        raise TypeError(
            f"expected candidates to be a dict of symmetries by name, got "
            f"{shown(candidates)}"
        )
    if not 1 <= len(candidates) <= MOST_CANDIDATES:
        raise ValueError(
            f"expected 1 to {MOST_CANDIDATES} candidates, got {len(candidates)}"
        )
    for name in candidates:
        if not isinstance(name, str):
            raise TypeError(f"expected names of candidates to be texts, got {shown(name)}")
        if not name or name == UNDECIDED:
            raise ValueError(f"expected a candidate to have another name, got {name!r}")
    return dict(candidates)


def _softmax(values: dict[str, float]) -> dict[str, float]:
    most = max(values.values())
    weights = {name: math.exp(value - most) for name, value in values.items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _quantile(leads: Float[np.ndarray, " simulations"]) -> float:
    """What a further draw exceeds once in a hundred times; of less than 99, the largest."""
    if not len(leads):
        return -math.inf
    rank = math.ceil((1 - CHANCE) * (len(leads) + 1))
    return float(np.sort(leads)[min(rank, len(leads)) - 1])
