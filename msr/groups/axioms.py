"""The group axioms, checked on a multiplication table, with errors that name elements."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .._utils.checks import check_order, integers


def square_integer_table(table: Tensor | Sequence[Sequence[int]]) -> Tensor:
    """The table as a tensor of its own, on the CPU.

    Raises:
        TypeError: it does not hold integers.
        ValueError: it is empty, not square, or too large.
    """
    tensor = integers("a table", table)
    if tensor.ndim != 2 or tensor.shape[0] != tensor.shape[1] or not tensor.numel():
        raise ValueError(
            f"expected a non-empty square table, got shape {tuple(tensor.shape)}"
        )
    check_order("a table", len(tensor))
    return tensor.long().clone()


def check_closure(table: Tensor) -> None:
    """Raise a ValueError unless every product is an element."""
    n = len(table)
    outside = ((table < 0) | (table >= n)).nonzero()
    if len(outside):
        a, b = outside[0].tolist()
        raise ValueError(
            f"closure fails: {a} * {b} = {int(table[a, b])}, "
            f"expected an element of 0..{n - 1}"
        )


def find_identity(table: Tensor) -> int:
    """The element e with ``e a = a e = a``.

    Raises:
        ValueError: there is none.
    """
    everyone = torch.arange(len(table), device="cpu")
    neutral = (table == everyone).all(1) & (everyone == table.T).all(1)
    if not neutral.any():
        raise ValueError(
            "identity axiom fails: expected one element e with e a = a e = a "
            "for every a, got none"
        )
    return int(neutral.nonzero()[0])


def find_inverses(table: Tensor, identity: int, names: Sequence[str]) -> Tensor:
    """The inverse of every element.

    Raises:
        ValueError: an element has none.
    """
    two_sided = (table == identity) & (identity == table.T)
    missing = (~two_sided.any(1)).nonzero()
    if len(missing):
        a = int(missing[0])
        raise ValueError(
            f"inverse axiom fails: no b with a b = b a = {names[identity]} "
            f"for a = {names[a]} (element {a})"
        )
    return two_sided.long().argmax(1)


def check_associativity(table: Tensor, names: Sequence[str]) -> None:
    """Raise a ValueError unless ``(a b) c = a (b c)`` throughout.

    Elements a for which that holds, for all b and c, are closed under products, so that
    only those are looked at that others do not generate (Light's test): a handful, since
    each one at least doubles what is generated.
    """
    known = torch.zeros(len(table), dtype=torch.bool, device="cpu")
    generators: list[int] = []
    for a in range(len(table)):
        if known[a]:
            continue
        left, right = table[table[a]], table[a][table]
        wrong = (left != right).nonzero()
        if len(wrong):
            b, c = wrong[0].tolist()
            raise ValueError(
                f"associativity fails for a, b, c = {names[a]}, {names[b]}, {names[c]} "
                f"(elements {a}, {b}, {c}): (a b) c = {names[int(left[b, c])]}, "
                f"a (b c) = {names[int(right[b, c])]}"
            )
        generators.append(a)
        known[a] = True
        _close(known, generators, table)


def _close(known: Tensor, generators: list[int], table: Tensor) -> None:
    """Add all products of known elements and generators to the known ones."""
    frontier = known.nonzero()[:, 0]
    while len(frontier):
        products = table[frontier][:, generators].flatten().unique()
        frontier = products[~known[products]]
        known[frontier] = True
