"""The group of a span of weights: what was found, and how sure it is."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..groups.finite import FiniteGroup
from ..groups.representations import Representation
from .automorphisms import TooManySteps
from .closure import Closure, normalizer_order
from .elements import elements, name_of_large, name_without_twins, named, represented
from .inputs import checked_span
from .search import Status, Verdict, searched
from .signed_search import SignedVerdict

Pair = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Confidence:
    """How sure an identification is; all evidence is in logs, costs included.

    Attributes:
        p_value: how often the same sharing, with entries shuffled, has a group with as
            few orbits.
        evidence: of the group over no sharing at all.
        sharing: of the best sharing without a group over no sharing at all.
        rival: of the best other group over no sharing at all; 0 if there is none.
        gap: how many times farther apart entries of different orbits are than those of one.
        violation: 0 if weights are equal along orbits, 1 if no more than by chance;
            exceptional entries do not count.
        exceptions: the number of entries that break the pattern.
        rank: the number of independent columns of U that count; all entries of W, where U
            can make every weight.
    """

    p_value: float = 1.0
    evidence: float = 0.0
    sharing: float = 0.0
    rival: float = 0.0
    gap: float = 1.0
    violation: float = 1.0
    exceptions: int = 0
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Twins:
    """Equal rows and equal columns of the shared weight, which can always change places.

    Attributes:
        rows: a number for each row, the same for twins; shape (m,).
        columns: the same for columns; shape (n,).
        order: of the group with each set of twins taken as one.
        name: of that group.
    """

    rows: Int[Tensor, " m"]
    columns: Int[Tensor, " n"]
    order: int
    name: str

    @property
    def any(self) -> bool:
        """Whether there are twins."""
        return any(len(t) > int(t.max()) + 1 for t in (self.rows, self.columns))


@dataclass(frozen=True, eq=False, repr=False)
class Identification:
    """What `msr.identify` found: the largest group with these shared weights; ``print`` it.

    Attributes:
        status: ``"found"``; ``"not sure"``: the attributes describe the likeliest group;
            ``"none"``: they describe the trivial group.
        order: the number of elements, pairs (P, Q) of permutations of outputs and inputs
            with ``P W = W Q`` for all weights W that U can make.
        name: of the group, up to isomorphism, as by `msr.name_of`; if it has more than
            1,024 elements, what is certain of it. ``A : B`` is a semidirect product.
        group: its table; None if it has more than 1,024 elements.
        rho_in: Q for every element; None where ``group`` is, or if it would be too large.
        rho_out: P for every element; likewise.
        generators: pairs (P, Q): ``P[i]`` is the output that output i moves to.
        orbits: a number for each entry of W, the same along an orbit; shape (m, n).
        twins: equal rows and columns, and the group without them.
        normalizer_order: the number of pairs that map orbits' weights to each other, such
            as the flips of a circulant: ``P W = W' Q`` with W' in the span. None if too
            long to count.
        confidence: p-value and evidence.
        signs: None, or of each entry relative to the first of its orbit, if signed
            permutations were asked for: shape (m, n). Then orbits are of entries up to
            sign, and entries that are zero in all weights have orbit -1 and sign 0; the
            group has the pair (-1, -1), which all weights allow; twins are equal up to
            sign; the normalizer is not counted; and generators are in one-line notation:
            output i moves to output ``|P[i]| - 1``, with the sign of ``P[i]``.
    """

    status: Status
    order: int
    name: str
    group: FiniteGroup | None
    rho_in: Representation | None
    rho_out: Representation | None
    generators: tuple[Pair, ...]
    orbits: Int[Tensor, "m n"]
    twins: Twins
    normalizer_order: int | None
    confidence: Confidence
    signs: Int[Tensor, "m n"] | None = None

    def __repr__(self) -> str:
        return f"Identification({self.status}, {self.name}, order={self.order})"

    def __str__(self) -> str:
        what = "permutations" if self.signs is None else "signed permutations"
        m, n = self.orbits.shape
        sure = self.confidence
        if self.status == "none" and sure.rank == m * n:
            return (
                "none: U can make every weight. Of a learner, tasks can tell which weights "
                "it uses: msr.identify(learner, tasks)"
            )
        if self.status == "none":
            return f"none: no group of {what} explains these weights"
        largest, up_to = "the largest group", ""
        if self.signs is not None:
            largest, up_to = f"{largest} of {what}, -1 included,", " up to sign"
        lines = [
            f"{self.status}: {self.name}, order {self.order}",
            f"{largest} with these shared weights ({m} outputs, {n} inputs, "
            f"{int(self.orbits.max()) + 1} orbits of entries{up_to})",
        ]
        if self.twins.any:
            lines.append(
                f"with equal rows and columns{up_to} as one: {self.twins.name}, "
                f"order {self.twins.order}"
            )
        if self.normalizer_order not in (None, self.order):
            lines.append(
                f"permutations that map the span to itself: {self.normalizer_order}"
            )
        lines += [
            f"log evidence {sure.evidence:.1f}, without a group {sure.sharing:.1f}, "
            f"another group {sure.rival:.1f}",
            f"p = {sure.p_value:.3g}, violation {sure.violation:.2g}",
        ]
        if sure.exceptions:
            lines.append(f"{sure.exceptions} exceptional entries")
        return "\n".join(lines)


def identified(matrix: Float[Tensor, "mn k"], shape: tuple[int, int]) -> Identification:
    """The group of the span of these columns, as `msr.identify` tells it.

    Args:
        matrix: weights as columns, row-major; any basis.
        shape: (m, n) of a weight.

    Raises:
        TypeError, ValueError: as for `msr.identify`.
    """
    span = checked_span(matrix)
    if span.ranks == (shape[0] * shape[1],):
        every = Confidence(rank=shape[0] * shape[1])
        return replace(_nothing(Verdict(None), shape, matrix), confidence=every)
    verdict = searched(span, shape)
    if verdict.best is None or verdict.status == "none":
        return _nothing(verdict, shape, matrix)
    group = verdict.best.closure
    listed = elements(group)
    table = named(listed) if listed is not None else None
    rho_in = rho_out = None
    if table is not None and listed is not None:
        rho_in, rho_out = represented(table, listed, shape, matrix)
    return Identification(
        status=verdict.status,
        order=group.order,
        name=name_of_large(group) if table is None else table.name,
        group=table,
        rho_in=rho_in,
        rho_out=rho_out,
        generators=tuple(_pair(g.tolist(), shape) for g in group.generators),
        orbits=as_tensor(group.orbits),
        twins=_twins(group),
        normalizer_order=_normalizer(verdict.best.classes.reshape(shape)),
        confidence=confidence_of(verdict),
    )


def _nothing(verdict: Verdict, shape: tuple[int, int], matrix: Tensor) -> Identification:
    """The trivial group, with the confidence of what was the likeliest other one."""
    m, n = shape
    everything = tuple(range(m + n))
    group = named([everything])
    rho_in, rho_out = represented(group, [everything], shape, matrix)
    return Identification(
        status="none",
        order=1,
        name=group.name,
        group=group,
        rho_in=rho_in,
        rho_out=rho_out,
        generators=(),
        orbits=torch.arange(m * n, device="cpu").reshape(m, n),
        twins=Twins(
            torch.arange(m, device="cpu"), torch.arange(n, device="cpu"), 1, group.name
        ),
        normalizer_order=None,
        confidence=confidence_of(verdict),
    )


def confidence_of(verdict: Verdict | SignedVerdict) -> Confidence:
    """How sure a verdict is."""
    if verdict.best is None:
        return Confidence(sharing=verdict.sharing)
    return Confidence(
        p_value=verdict.p_value,
        evidence=verdict.best.evidence,
        sharing=verdict.sharing,
        rival=verdict.next,
        gap=verdict.best.gap,
        violation=verdict.violation,
        exceptions=verdict.best.exceptions,
        rank=verdict.best.rank,
    )


def _twins(group: Closure) -> Twins:
    rest = group.without_twins
    return Twins(
        as_tensor(group.twin_rows),
        as_tensor(group.twin_columns),
        rest.order,
        name_without_twins(group),
    )


def _normalizer(classes: Int[np.ndarray, "m n"]) -> int | None:
    try:
        return normalizer_order(classes)
    except TooManySteps:
        return None


def _pair(images: list[int], shape: tuple[int, int]) -> Pair:
    m = shape[0]
    return tuple(images[:m]), tuple(image - m for image in images[m:])


def as_tensor(labels: Int[np.ndarray, "*shape"]) -> Int[Tensor, "*shape"]:
    """Numbers as torch has them."""
    return torch.from_numpy(labels.astype(np.int64))
