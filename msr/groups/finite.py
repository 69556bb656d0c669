"""Finite groups, given by their multiplication (Cayley) tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from .._utils.arguments import checked, shown
from .axioms import (
    check_associativity,
    check_closure,
    find_identity,
    find_inverses,
    square_integer_table,
)


@checked(by_hand=["table"])
@dataclass(frozen=True, eq=False, repr=False)
class FiniteGroup:
    """A finite group of order n, checked against the group axioms.

    Elements are the integers ``0 .. n-1``; ``table[a, b]`` is the product ``a b``.

    Args:
        table: integers of shape (n, n), as a tensor or nested sequences.
        names: one label per element, for printing. Default: the integers.
        name: label of the group itself.

    Attributes:
        table: the checked table, an integer tensor of shape (n, n), on the CPU.
        names: one label per element.
        name: label of the group.
        identity: the identity element.
        inverse: ``inverse[a]`` is the inverse of ``a``; shape (n,), on the CPU.

    Raises:
        TypeError: the table does not hold integers, or a name is no text.
        ValueError: the table is not square or too large, the number of names differs from
            its size, a name comes twice, or an axiom fails. The message names the axiom
            and the elements.
    """

    table: Int[Tensor, "n n"]
    names: tuple[str, ...] = ()
    name: str = "G"
    identity: int = field(init=False)
    inverse: Int[Tensor, " n"] = field(init=False)

    def __init__(
        self,
        table: Tensor | Sequence[Sequence[int]],
        names: Sequence[str] = (),
        name: str = "G",
    ) -> None:
        checked_table = square_integer_table(table)
        labels = tuple(names) or tuple(str(a) for a in range(len(checked_table)))
        if len(labels) != len(checked_table):
            raise ValueError(
                f"expected {len(checked_table)} names, one per element, got {len(labels)}"
            )
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(f"expected a name of its own per element, got {twice!r} twice")
        check_closure(checked_table)
        identity = find_identity(checked_table)
        inverse = find_inverses(checked_table, identity, labels)
        check_associativity(checked_table, labels)
        _set_attributes(self, checked_table, labels, name, identity, inverse)

    def __repr__(self) -> str:
        return f"FiniteGroup({self.name}, order={self.order})"

    @property
    def order(self) -> int:
        """The number of elements, ``|G|``."""
        return len(self.table)

    @property
    def is_abelian(self) -> bool:
        """Whether ``a b = b a`` for all elements."""
        return torch.equal(self.table, self.table.T)

    def multiply(self, a: int, b: int) -> int:
        """The product ``a b``.

        Raises:
            ValueError: there is no such element.
        """
        self._check_elements(a, b)
        return int(self.table[a, b])

    def _check_elements(self, *elements: int) -> None:
        """Raise a ValueError unless these are elements of the group."""
        for a in elements:
            if not 0 <= a < self.order:
                raise ValueError(
                    f"expected an element 0..{self.order - 1} of {self}, got {shown(a)}"
                )

    def element_order(self, a: int) -> int:
        """The smallest p >= 1 with ``a^p = e``.

        Raises:
            ValueError: there is no such element.
        """
        self._check_elements(a)
        power, exponent = a, 1
        while power != self.identity:
            power, exponent = self.multiply(power, a), exponent + 1
        return exponent

    def conjugacy_classes(self) -> tuple[tuple[int, ...], ...]:
        """The classes ``{g a g^-1 : g in G}``, each sorted, in order of first element."""
        seen = torch.zeros(self.order, dtype=torch.bool, device="cpu")
        classes = []
        for a in range(self.order):
            if not seen[a]:
                conjugates = self.table[self.table[:, a], self.inverse].unique()
                seen[conjugates] = True
                classes.append(tuple(conjugates.tolist()))
        return tuple(classes)

    def relabel(self, order: Sequence[int]) -> "FiniteGroup":
        """The same group with new element ``i`` standing for old element ``order[i]``.

        Raises:
            ValueError: ``order`` is not a permutation of the elements.
        """
        if len(order) != self.order or sorted(order) != list(range(self.order)):
            got = list(order) if len(order) <= 24 else f"{len(order)} numbers"
            raise ValueError(f"expected a permutation of 0..{self.order - 1}, got {got}")
        old = torch.as_tensor(order, device="cpu")
        new = torch.argsort(old)
        table = new[self.table[old][:, old]]
        return trusted_group(
            table, [self.names[i] for i in order], self.name, int(new[self.identity])
        )


def _set_attributes(
    group: FiniteGroup,
    table: Tensor,
    names: tuple[str, ...],
    name: str,
    identity: int,
    inverse: Tensor,
) -> None:
    for attribute, value in (
        ("table", table),
        ("names", names),
        ("name", name),
        ("identity", identity),
        ("inverse", inverse),
    ):
        object.__setattr__(group, attribute, value)


def trusted_group(
    table: Tensor, names: Sequence[str], name: str, identity: int = 0
) -> FiniteGroup:
    """A group whose table is one by construction: the axioms are not looked at."""
    group = object.__new__(FiniteGroup)
    inverse = (table == identity).byte().argmax(1)
    _set_attributes(group, table, tuple(names), name, identity, inverse)
    return group
