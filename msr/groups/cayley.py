"""Multiplication tables as arrays, with what naming a group asks: subgroups, quotients.

Elements are numbered from 0, which is the identity. A subset is a mask: boolean, shape
(n,), true for its elements.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from .finite import FiniteGroup

Invariants = tuple[tuple[int, int, int, int], ...]


class NormalSubgroup(NamedTuple):
    """A normal subgroup and its centralizer, the elements that commute with all of its."""

    mask: Bool[np.ndarray, " n"]
    centralizer: Bool[np.ndarray, " n"]


class CayleyTable:
    """A finite group G of order n, whose identity is element 0.

    Args:
        products: ``products[a, b]`` is the product ``a b``; shape (n, n).

    Attributes:
        products: as given.
    """

    def __init__(self, products: Int[np.ndarray, "n n"]) -> None:
        self.products = products

    @classmethod
    def of(cls, group: FiniteGroup) -> "CayleyTable":
        """The table of a group; its identity and element 0 change places."""
        products = group.table.numpy()
        if group.identity == 0:
            return cls(products)
        swap = np.arange(group.order)
        swap[[0, group.identity]] = group.identity, 0
        return cls(swap[products[np.ix_(swap, swap)]])

    @property
    def order(self) -> int:
        """The number of elements."""
        return len(self.products)

    @cached_property
    def inverse(self) -> Int[np.ndarray, " n"]:
        """The inverse of every element."""
        return (self.products == 0).argmax(1)

    @cached_property
    def orders(self) -> Int[np.ndarray, " n"]:
        """The order of every element: the smallest p >= 1 with ``a^p = e``."""
        orders = np.zeros(self.order, dtype=np.int64)
        left = power = np.arange(self.order)
        exponent = 1
        while len(left):
            orders[left[power == 0]] = exponent
            left, power = left[power != 0], power[power != 0]
            power = self.products[power, left]
            exponent += 1
        return orders

    @cached_property
    def commuting(self) -> Bool[np.ndarray, "n n"]:
        """Which pairs of elements commute."""
        return self.products == self.products.T

    @property
    def is_abelian(self) -> bool:
        """Whether all elements commute."""
        return bool(self.commuting.all())

    @cached_property
    def classes(self) -> list[Int[np.ndarray, " size"]]:
        """The conjugacy classes, in order of their first elements."""
        seen = np.zeros(self.order, dtype=bool)
        classes = []
        for a in range(self.order):
            if not seen[a]:
                conjugates = np.unique(self.products[self.products[:, a], self.inverse])
                seen[conjugates] = True
                classes.append(conjugates)
        return classes

    @cached_property
    def invariants(self) -> Invariants:
        """Order, size of the centralizer, number of square roots; how many have these.

        The same for isomorphic groups. It tells all groups of order at most 31 apart;
        orders of elements alone do not, first at 16.
        """
        roots = np.bincount(self.products.diagonal(), minlength=self.order)
        columns = self.orders.tolist(), self.commuting.sum(1).tolist(), roots.tolist()
        return tuple((*key, count) for key, count in sorted(Counter(zip(*columns)).items()))

    @cached_property
    def generators(self) -> list[int]:
        """Elements that generate the group, those of high order first; few, not fewest."""
        generators: list[int] = []
        known = self.generated([])
        for a in np.argsort(-self.orders, kind="stable").tolist():
            if not known[a]:
                generators.append(a)
                known = self.generated(generators)
        return generators

    def generated(self, elements: Iterable[int]) -> Bool[np.ndarray, " n"]:
        """The subgroup that these elements generate."""
        mask = np.zeros(self.order, dtype=bool)
        mask[0] = True
        generators: list[int] = []
        for a in elements:
            if mask[a]:
                continue
            generators.append(int(a))
            frontier = np.flatnonzero(mask)
            while len(frontier):
                products = np.unique(self.products[frontier][:, generators])
                frontier = products[~mask[products]]
                mask[frontier] = True
        return mask

    @cached_property
    def derived(self) -> Bool[np.ndarray, " n"]:
        """The commutator subgroup G'.

        The commutators of a generator with any element are enough: they generate a normal
        subgroup, by whose quotient the generators are central.
        """
        g = np.array(self.generators, dtype=np.int64)[:, None]
        x = np.arange(self.order)
        commutators = self.products[
            self.products[g, x], self.products[self.inverse[g], self.inverse[x]]
        ]
        return self.generated(np.unique(commutators).tolist())

    @cached_property
    def abelianization(self) -> tuple["CayleyTable", Int[np.ndarray, " n"]]:
        """The quotient G/G', and the coset of every element."""
        quotient, coset, _ = self.quotient(self.derived)
        return quotient, coset

    @cached_property
    def normal_closures(self) -> list[NormalSubgroup]:
        """The smallest normal subgroup with a, for every element a other than e.

        Each comes once, the smaller ones first.
        """
        found = {}
        for conjugates in self.classes[1:]:
            mask = self.generated(conjugates.tolist())
            found[mask.tobytes()] = mask, self.commuting[conjugates].all(0)
        return sorted(
            (NormalSubgroup(*masks) for masks in found.values()),
            key=lambda normal: int(normal.mask.sum()),
        )

    def subgroup(self, mask: Bool[np.ndarray, " n"]) -> "CayleyTable":
        """A subgroup as a group of its own; the order of its elements is kept."""
        elements = np.flatnonzero(mask)
        number = np.cumsum(mask) - 1
        return CayleyTable(number[self.products[np.ix_(elements, elements)]])

    def quotient(
        self, mask: Bool[np.ndarray, " n"]
    ) -> tuple["CayleyTable", Int[np.ndarray, " n"], Int[np.ndarray, " cosets"]]:
        """The quotient by a normal subgroup N.

        Returns:
            the group G/N; the coset of every element, shape (n,); an element of every
            coset, shape (n / |N|,), which is e for N itself.
        """
        smallest = self.products[:, mask].min(1)
        elements, coset = np.unique(smallest, return_inverse=True)
        return (
            CayleyTable(coset[self.products[np.ix_(elements, elements)]]),
            coset,
            elements,
        )
