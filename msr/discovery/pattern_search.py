"""The sharing pattern and the group with most evidence, from one data set.

Explanations of the data, each with its log evidence minus the log of how many of its kind
there are: all weights free; entries in classes, one of them zero; and orbits of a group of
permutations, some of them zero. Groups are proposed from estimates of the weights, which
the best group refits, until none is better.
"""

from dataclasses import dataclass, field
from math import lgamma, log

import numpy as np
from jaxtyping import Float

from .annealing import annealed, clustered
from .automorphisms import TooManySteps
from .closure import Closure, closure, numbered, orbits_of
from .moments import Classes, Moments, fit_of
from .proposals import proposed
from .scores import cost_of_group, cost_of_partition

MOST_ROUNDS = 4
MOST_PROPOSALS = 24
MOST_ZEROS = 16  # numbers of zero orbits that are tried

Weights = Float[np.ndarray, "m n channels"]


@dataclass(frozen=True)
class Explanation:
    """Weights that share values.

    Attributes:
        score: log evidence, costs included.
        weights: their mean.
        classes: which entries share a value; shape (m, n).
        zero: the classes whose weights are zero.
        noise: its standard deviation.
        ridge: noise variance over the prior variance of a value.
        group: the group whose orbits the classes are, if any.
    """

    score: float
    weights: Weights
    classes: Classes
    zero: frozenset[int]
    noise: float
    ridge: float
    group: Closure | None = None


@dataclass
class Search:
    """The search, and what it has found.

    Args:
        moments: the data.
        draw: gives random numbers.
        groups: groups that were tried, by their orbits.
    """

    moments: Moments
    draw: np.random.Generator
    groups: dict[bytes, Explanation | None] = field(default_factory=dict)

    def free(self) -> Explanation:
        """All weights free."""
        m, n, channels = self.moments.cross.shape
        cross = self.moments.cross.transpose(1, 0, 2).reshape(n, -1)
        fit = fit_of(self.moments, self.moments.gram, cross)
        weights = fit.values.reshape(n, m, channels).transpose(1, 0, 2)
        classes = np.arange(m * n).reshape(m, n)
        nothing = frozenset[int]()
        return Explanation(
            fit.log_evidence, weights, classes, nothing, fit.noise, fit.ridge
        )

    def shared(self, numbers: tuple[int, ...], sparse: Weights) -> list[Explanation]:
        """Entries in so many classes, one of zeros; then about as many as were best."""
        found = {number: self._annealed(number, sparse) for number in numbers}
        best = max(found, key=lambda number: found[number].score)
        more = [
            self._annealed(number, sparse)
            for number in range(max(1, best - 1), best + 2)
            for _ in range(2)
        ]
        return sorted([*found.values(), *more], key=lambda e: -e.score)

    def _annealed(self, number: int, sparse: Weights) -> Explanation:
        start = clustered(sparse, number, self.draw)
        return self._with_classes(annealed(self.moments, number, self.draw, start))

    def _with_classes(self, classes: Classes) -> Explanation:
        """Classes without a group; class 0 is zero."""
        used, numbers = np.unique(classes, return_inverse=True)
        numbers = numbers.reshape(classes.shape)
        zero = frozenset({0}) if used[0] == 0 else frozenset[int]()
        found = self._fitted(numbers, zero)
        cost = cost_of_partition(numbers.reshape(-1))
        return Explanation(found.score - cost, *_rest(found))

    def _fitted(
        self, classes: Classes, zero: frozenset[int], group: Closure | None = None
    ) -> Explanation:
        """The evidence of classes, without costs."""
        number = int(classes.max()) + 1
        kept = [k for k in range(number) if k not in zero]
        gram, cross = self.moments.of_classes(classes, number)
        fit = fit_of(self.moments, gram[np.ix_(kept, kept)], cross[kept])
        values = np.zeros((number, cross.shape[1]))
        values[kept] = fit.values
        return Explanation(
            fit.log_evidence, values[classes], classes, zero, fit.noise, fit.ridge, group
        )

    def grouped(self, start: Weights) -> Explanation | None:
        """The best group that proposals from an estimate lead to."""
        best: Explanation | None = None
        weights = start
        for _ in range(MOST_ROUNDS):
            found = self._from_proposals(weights)
            if found is None or (best is not None and found.score <= best.score):
                break
            best, weights = found, found.weights
        return best

    def _from_proposals(self, weights: Weights) -> Explanation | None:
        """Generators are added while evidence rises."""
        m, n, _ = weights.shape
        generators: list[np.ndarray] = []
        best: Explanation | None = None
        for pair in proposed(weights)[:MOST_PROPOSALS]:
            for known in [generators, []] if generators else [[]]:
                found = self.of_group(orbits_of([*known, pair], (m, n)))
                if found is not None and (best is None or found.score > best.score):
                    best, generators = found, [*known, pair]
        return best

    def of_group(self, classes: Classes) -> Explanation | None:
        """The largest group that keeps classes; its orbits, some of them zero."""
        classes = numbered(classes)
        key = classes.astype(np.int32).tobytes()
        if key not in self.groups:
            self.groups[key] = self._of_group(classes)
        return self.groups[key]

    def _of_group(self, classes: Classes) -> Explanation | None:
        try:
            group = closure(classes)
        except TooManySteps:
            return None
        m, n = classes.shape
        number = int(group.orbits.max()) + 1
        if group.order == 1 or number == 1 or number == m * n:
            return None
        gram, cross = self.moments.of_classes(group.orbits, number)
        values = fit_of(self.moments, gram, cross, refined=False).values
        smallest = np.argsort(np.square(values).mean(1), kind="stable")
        best, zero, cost = -np.inf, frozenset[int](), 0.0
        numbers = np.linspace(0, number - 1, min(number, MOST_ZEROS)).astype(int)
        for zeros in np.unique(numbers).tolist():
            kept = np.sort(smallest[zeros:])
            sparse = fit_of(
                self.moments, gram[np.ix_(kept, kept)], cross[kept], refined=False
            )
            ways = lgamma(number + 1) - lgamma(zeros + 1) - lgamma(number - zeros + 1)
            if sparse.log_evidence - ways > best:
                best, cost = sparse.log_evidence - ways, ways
                zero = frozenset(smallest[:zeros].tolist())
        found = self._fitted(group.orbits, zero, group)
        cost += log(number) + cost_of_group((m, n), group.order)
        return Explanation(found.score - cost, *_rest(found))


def _rest(found: Explanation) -> tuple:
    return (
        found.weights,
        found.classes,
        found.zero,
        found.noise,
        found.ridge,
        found.group,
    )


def left_out(moments: Moments, found: Explanation) -> float:
    """The share of y that is not predicted for an example left out.

    The classes and the ridge stay, and values are fitted to the other examples.
    """
    kept = [k for k in range(int(found.classes.max()) + 1) if k not in found.zero]
    if not kept or not np.isfinite(found.ridge):
        return 1.0
    number = int(found.classes.max()) + 1
    gram, _ = moments.of_classes(found.classes, number)
    inner = gram[np.ix_(kept, kept)] + found.ridge * np.eye(len(kept))
    inverse = np.linalg.inv(inner)
    member = np.eye(number)[found.classes][..., kept]
    designs = np.einsum("ej,ijk->eik", moments.x, member)
    predicted = np.einsum("ej,ijc->eic", moments.x, found.weights)
    rest = moments.y.transpose(1, 2, 0) - predicted
    hat = designs @ inverse @ designs.transpose(0, 2, 1)
    out = np.linalg.solve(np.eye(hat.shape[1]) - hat, rest)
    return float(np.square(out).sum() / moments.squares)
