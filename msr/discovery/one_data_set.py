"""From one data set, with nothing given: which entries share a weight, and which group."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import check_between, check_on_cpu
from .identification import Identification
from .learned import identify
from .moments import Moments
from .pattern_search import Explanation, Search, left_out
from .problem import checked_problem
from .sparse import sparse_ridge

Status = Literal["found", "not sure", "none"]

LEAST_LEAD, LEAST_AHEAD = 30.0, 10.0  # in log evidence: over no group, another group
LARGEST_LEFT_OUT = 0.05
NUMBERS = (1, 2, 3, 4, 6, 8, 12, 16)  # of classes that are not zero
PATTERNS, STARTS = 3, 2  # patterns whose groups are tried, and that propose others
MOST_RESTARTS = 100
MOST_SIZE = 64


@dataclass(frozen=True, eq=False, repr=False)
class Discovery:
    """What `msr.discover` found; ``print`` it.

    Attributes:
        status: ``"found"``; ``"not sure"``: a group explains the data best, but not surely;
            ``"none"``: the data are explained better without a group.
        identification: of the group that explains the data best, as by `msr.identify`;
            None with status ``"none"``.
        U: a column for each orbit of entries that is not zero, orthonormal; shape
            (m n, k). None with ``identification``.
        weight: the mean of the weights under the best explanation, group or not; shape
            (m, n), or (channels, m, n).
        noise: the standard deviation of the noise.
        lead: the log evidence of the group over the best explanation without a group, costs
            included; minus infinity if there is no group.
        rival: the same of the best other group.
        left_out: the share of y that the group's weights do not predict for an example that
            is left out; 1 if there is no group.
        agreement: the share of restarts whose best group is this one.
    """

    status: Status
    identification: Identification | None
    U: Float[Tensor, "mn k"] | None
    weight: Float[Tensor, "... m n"]
    noise: float
    lead: float
    rival: float
    left_out: float
    agreement: float

    def __repr__(self) -> str:
        name = self.identification.name if self.identification else "no group"
        return f"Discovery({self.status}, {name}, lead={self.lead:.1f})"

    def __str__(self) -> str:
        if self.identification is None:
            return "none: without a group of permutations the data are explained better"
        name, order = self.identification.name, self.identification.order
        sure = "" if self.status == "found" else ", explains the data best"
        assert self.U is not None
        return "\n".join(
            [
                f"{self.status}: {name}, order {order}{sure}",
                f"{self.U.shape[1]} orbits of entries that are not zero",
                f"log evidence over no group: {self.lead:.1f} "
                f"(the best other group: {self.rival:.1f})",
                f"not predicted of an example left out: {self.left_out:.3g}; restarts that "
                f"agree: {self.agreement:.0%}",
            ]
        )


@checked(by_hand=["x", "y"])
def discover(
    x: Float[Tensor, "examples n"],
    y: Float[Tensor, "*channels examples m"],
    *,
    restarts: int = 3,
    generator: torch.Generator | None = None,
) -> Discovery:
    """The sharing of weights and the group of a linear layer, from its data alone.

    ``y_c = W_c x + noise`` for every channel c; channels share which entries of W are
    equal, and have values of their own. Nothing else is given: neither a group nor an order
    of inputs and outputs. So fewer examples than inputs can do, if there are channels or
    zeros.

    A search (simulated annealing of classes of entries; permutations proposed by linear
    assignment) finds explanations: all weights free, entries in classes, and orbits of
    groups of permutations, in classes and orbits also some of zeros. Each has its exact
    evidence, with noise and prior width fitted, less the log of how many of its kind there
    are. A group is *found* if its log evidence is 30 ahead of what is no group and 10 ahead
    of every other group, it predicts examples left out to 95%, and most restarts come to
    it. Where the search fails, that says nothing about the data. There is no constant in
    the layer: take means off x and y first.

    Args:
        x: inputs, shape (examples, n); the same for all channels.
        y: outputs, shape (channels, examples, m), or (examples, m).
        restarts: how many searches are made, independently.
        generator: seeds them; default: one with seed 0.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: shapes do not fit, there is NaN or infinity, y is zero, the layer has
            one output or one input, or more than 64 of either.

    Example:
        >>> import msr, torch
        >>> g = torch.Generator().manual_seed(0)
        >>> v = torch.randn(6, 8, generator=g)
        >>> W = (msr.group_convolution_matrix(msr.cyclic(8)) @ v.T).T.reshape(6, 8, 8)
        >>> x = torch.randn(7, 8, generator=g)
        >>> y = torch.einsum("cij,Nj->cNi", W, x)
        >>> y = y + 0.05 * torch.randn(y.shape, generator=g)
        >>> msr.discover(x, y).identification.name
        'C8'
    """
    check_between(1, MOST_RESTARTS, restarts=restarts)
    if generator is not None:
        check_on_cpu(generator)
    problem = checked_problem(x, y)
    if x.ndim != 2 or y.ndim == 1:
        raise ValueError(
            f"expected x of shape (examples, n) and y of shape (examples, m) or (channels, "
            f"examples, m), got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    m, n = problem.shape
    if not (min(m, n) >= 2 and max(m, n) <= MOST_SIZE):
        raise ValueError(f"expected 2 to {MOST_SIZE} inputs and outputs, got {n} and {m}")
    outputs = (y[None] if y.ndim == 2 else y).detach().cpu().double().numpy()
    inputs = x.detach().cpu().double().numpy()
    moments = Moments.of(inputs, outputs, problem.least_noise)
    generator = generator or torch.Generator("cpu").manual_seed(0)
    seeds = torch.randint(2**62, (restarts,), generator=generator, device="cpu").tolist()
    searches = [_searched(moments, np.random.default_rng(seed)) for seed in seeds]
    plain = max((e for e, _ in searches), key=lambda e: e.score)
    groups = _distinct([g for _, found in searches for g in found])
    if not groups:
        return Discovery(
            status="none",
            identification=None,
            U=None,
            weight=_like(plain, y),
            noise=plain.noise,
            lead=-np.inf,
            rival=-np.inf,
            left_out=1.0,
            agreement=0.0,
        )
    best = groups[0]
    rival = groups[1].score - plain.score if len(groups) > 1 else -np.inf
    lead = best.score - plain.score
    out = left_out(moments, best)
    agreement = float(np.mean([bool(f) and _same(f[0], best) for _, f in searches]))
    U = _orbit_matrix(best).to(y)
    identification = identify(U, problem.shape) if lead > 0 else None
    sure = (
        lead > LEAST_LEAD
        and lead - rival > LEAST_AHEAD
        and out < LARGEST_LEFT_OUT
        and agreement > 0.5
        and best.group is not None
        and identification is not None
        and identification.order == best.group.order
    )
    explained = best if lead > 0 else plain
    return Discovery(
        status="found" if sure else "not sure" if lead > 0 else "none",
        identification=identification,
        U=U if lead > 0 else None,
        weight=_like(explained, y),
        noise=explained.noise,
        lead=lead,
        rival=rival,
        left_out=out,
        agreement=agreement,
    )


def _searched(
    moments: Moments, draw: np.random.Generator
) -> tuple[Explanation, list[Explanation]]:
    """The best explanation without a group; the groups, the best first."""
    search = Search(moments, draw)
    sparse = sparse_ridge(moments.x, moments.y)
    shared = search.shared(NUMBERS, sparse)
    for pattern in shared[:PATTERNS]:
        search.of_group(pattern.classes)
    for start in (*(pattern.weights for pattern in shared[:STARTS]), sparse):
        search.grouped(start)
    groups = [group for group in search.groups.values() if group is not None]
    plain = max(shared[0], search.free(), key=lambda e: e.score)
    return plain, sorted(groups, key=lambda e: -e.score)


def _same(a: Explanation, b: Explanation) -> bool:
    return np.array_equal(a.classes, b.classes)


def _distinct(groups: list[Explanation]) -> list[Explanation]:
    """Each group once, the best first."""
    found: list[Explanation] = []
    for group in sorted(groups, key=lambda e: -e.score):
        if not any(_same(group, other) for other in found):
            found.append(group)
    return found


def _orbit_matrix(found: Explanation) -> Float[Tensor, "mn k"]:
    """Orthonormal columns, one for each orbit that is not zero."""
    kept = [k for k in range(int(found.classes.max()) + 1) if k not in found.zero]
    member = found.classes.reshape(-1, 1) == np.array(kept)
    return torch.from_numpy(member / np.sqrt(member.sum(0)))


def _like(found: Explanation, y: Tensor) -> Float[Tensor, "*channels m n"]:
    weights = torch.from_numpy(found.weights.transpose(2, 0, 1).copy()).to(y)
    return weights[0] if y.ndim == 2 else weights
