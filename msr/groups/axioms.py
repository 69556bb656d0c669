"""The group axioms, checked on a multiplication table, with errors that name elements."""

from collections.abc import Sequence

import torch
from torch import Tensor


def square_integer_table(table: Tensor | Sequence[Sequence[int]]) -> Tensor:
    """The table as a tensor of its own, on the CPU.

    Raises:
        TypeError: it does not hold integers.
        ValueError: it is empty or not square.
    """
    if isinstance(table, str) or not isinstance(table, Tensor | Sequence):
        raise TypeError(
            f"expected a table of integers, as a tensor or nested lists, got "
            f"{type(table).__name__}"
        )
    tensor = torch.as_tensor(table, device="cpu")
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise TypeError(f"expected a table of integers, got dtype {tensor.dtype}")
    if tensor.ndim != 2 or tensor.shape[0] != tensor.shape[1] or not tensor.numel():
        raise ValueError(
            f"expected a non-empty square table, got shape {tuple(tensor.shape)}"
        )
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
    """Raise a ValueError unless ``(a b) c = a (b c)`` throughout."""
    for a in range(len(table)):
        left, right = table[table[a]], table[a][table]
        wrong = (left != right).nonzero()
        if len(wrong):
            b, c = wrong[0].tolist()
            raise ValueError(
                f"associativity fails for a, b, c = {names[a]}, {names[b]}, {names[c]} "
                f"(elements {a}, {b}, {c}): (a b) c = {names[int(left[b, c])]}, "
                f"a (b c) = {names[int(right[b, c])]}"
            )
