"""The group of signed permutations of a span of weights: what was found, how sure it is."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..groups.finite import FiniteGroup
from ..groups.representations import Representation, trusted_representation
from .automorphisms import Automorphisms
from .elements import elements, name_without_twins, named, represented
from .identification import (
    Confidence,
    Identification,
    Pair,
    Twins,
    as_tensor,
    confidence_of,
)
from .inputs import check_entries_with_signs, checked_span
from .signed_closure import SignedClosure, signed_closure, signed_labels
from .signed_search import SignedVerdict, searched_with_signs


def identified_with_signs(
    matrix: Float[Tensor, "mn k"], shape: tuple[int, int]
) -> Identification:
    """The group of signed permutations of the span of these columns.

    Args:
        matrix: weights as columns, row-major; any basis.
        shape: (m, n) of a weight.

    Raises:
        TypeError, ValueError: as for `msr.identify`.
    """
    check_entries_with_signs(*shape)
    span = checked_span(matrix)
    if span.ranks == (shape[0] * shape[1],):
        every = Confidence(rank=shape[0] * shape[1])
        return replace(_nothing(SignedVerdict(None), shape, matrix), confidence=every)
    verdict = searched_with_signs(span, shape)
    if verdict.best is None or verdict.status == "none":
        return _nothing(verdict, shape, matrix)
    return _described(verdict, verdict.best.closure, matrix)


def _nothing(
    verdict: SignedVerdict, shape: tuple[int, int], matrix: Tensor
) -> Identification:
    """The group of 1 and -1, which every weight has."""
    entries = torch.arange(1, shape[0] * shape[1] + 1, device="cpu").reshape(shape).numpy()
    return _described(verdict, signed_closure(signed_labels(entries, -entries)), matrix)


def _described(
    verdict: SignedVerdict, group: SignedClosure, like: Tensor
) -> Identification:
    listed = elements(Automorphisms(group.order, group.generators))
    table = named(listed) if listed is not None else None
    rho_in = rho_out = None
    if table is not None and listed is not None:
        rho_in, rho_out = _represented(table, listed, group.shape, like)
    rows, columns = group.twins
    return Identification(
        status=verdict.status,
        order=group.order,
        name=f"a group of order {group.order}" if table is None else table.name,
        group=table,
        rho_in=rho_in,
        rho_out=rho_out,
        generators=tuple(_pair(g.tolist(), group.shape) for g in group.generators),
        orbits=as_tensor(group.labels.classes),
        twins=Twins(
            as_tensor(rows),
            as_tensor(columns),
            group.without_twins.order,
            name_without_twins(group.doubled),
        ),
        normalizer_order=None,
        confidence=confidence_of(verdict),
        signs=as_tensor(group.labels.signs),
    )


def _represented(
    table: FiniteGroup,
    listed: Sequence[tuple[int, ...]],
    shape: tuple[int, int],
    like: Tensor,
) -> tuple[Representation | None, Representation | None]:
    """Matrices of signed permutations, from those that also permute negatives."""
    m, n = shape
    doubled = represented(table, listed, (2 * m, 2 * n), like)
    found: list[Representation | None] = []
    for rho, size, name in zip(doubled, (n, m), ("rho_in", "rho_out")):
        if rho is not None:
            plus, minus = rho.matrices[:, :size, :size], rho.matrices[:, size:, :size]
            rho = trusted_representation(table, plus - minus, name)
        found.append(rho)
    return found[0], found[1]


def _pair(images: list[int], shape: tuple[int, int]) -> Pair:
    """In one-line notation: output i moves to |P[i]| - 1, with the sign of P[i]."""
    m, n = shape
    rows = [image + 1 if image < m else m - image - 1 for image in images[:m]]
    moved = [image - 2 * m for image in images[2 * m : 2 * m + n]]
    columns = [image + 1 if image < n else n - image - 1 for image in moved]
    return tuple(rows), tuple(columns)
