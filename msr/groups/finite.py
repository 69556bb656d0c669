"""Finite groups, given by their multiplication (Cayley) tables."""

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

from .axioms import (
    check_associativity,
    check_closure,
    find_identity,
    find_inverses,
    square_integer_table,
)

Element = TypeVar("Element", bound=Hashable)


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
        TypeError: the table does not hold integers.
        ValueError: the table is not square, the number of names differs from its
            size, or an axiom fails. The message names the axiom and the elements.
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
        checked = square_integer_table(table)
        labels = tuple(names) or tuple(str(a) for a in range(len(checked)))
        if len(labels) != len(checked):
            raise ValueError(
                f"expected {len(checked)} names, one per element, got {len(labels)}"
            )
        check_closure(checked)
        identity = find_identity(checked)
        inverse = find_inverses(checked, identity, labels)
        check_associativity(checked, labels)
        for attribute, value in (
            ("table", checked),
            ("names", labels),
            ("name", name),
            ("identity", identity),
            ("inverse", inverse),
        ):
            object.__setattr__(self, attribute, value)

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
        """The product ``a b``."""
        return int(self.table[a, b])

    def element_order(self, a: int) -> int:
        """The smallest p >= 1 with ``a^p = e``."""
        power, exponent = a, 1
        while power != self.identity:
            power, exponent = self.multiply(power, a), exponent + 1
        return exponent

    def conjugacy_classes(self) -> tuple[tuple[int, ...], ...]:
        """The classes ``{g a g^-1 : g in G}``, each sorted, in order of first element."""
        everyone = torch.arange(self.order, device="cpu")
        classes = []
        for a in range(self.order):
            conjugates = self.table[self.table[everyone, a], self.inverse[everyone]]
            classes.append(tuple(sorted(set(conjugates.tolist()))))
        return tuple(dict.fromkeys(classes))

    def relabel(self, order: Sequence[int]) -> "FiniteGroup":
        """The same group with new element ``i`` standing for old element ``order[i]``.

        Raises:
            ValueError: ``order`` is not a permutation of the elements.
        """
        if sorted(order) != list(range(self.order)):
            raise ValueError(
                f"expected a permutation of 0..{self.order - 1}, got {list(order)}"
            )
        old = torch.as_tensor(order, device="cpu")
        new = torch.argsort(old)
        table = new[self.table[old][:, old]]
        return FiniteGroup(table, [self.names[i] for i in order], self.name)


def _from_elements(
    elements: Sequence[Element],
    product: Callable[[Element, Element], Element],
    names: Sequence[str],
    name: str,
) -> FiniteGroup:
    index = {element: i for i, element in enumerate(elements)}
    table = [[index[product(a, b)] for b in elements] for a in elements]
    return FiniteGroup(table, names, name)


def _at_least_one(n: int) -> int:
    if n < 1:
        raise ValueError(f"expected n >= 1, got {n}")
    return n


def _powers(letter: str, n: int) -> list[str]:
    return ["e", letter, *(f"{letter}^{i}" for i in range(2, n))][:n]


def cyclic(n: int) -> FiniteGroup:
    """The cyclic group C_n: rotations by multiples of 360/n degrees, or shifts mod n."""
    _at_least_one(n)
    return _from_elements(range(n), lambda a, b: (a + b) % n, _powers("r", n), f"C{n}")


def dihedral(n: int) -> FiniteGroup:
    """The dihedral group D_n of order 2n: n rotations, then n reflections.

    Element ``i`` is r^i and element ``n + i`` is r^i s, with ``s r = r^-1 s``.
    """
    _at_least_one(n)
    elements = [(i, flip) for flip in (0, 1) for i in range(n)]
    rotations = _powers("r", n)
    names = rotations + ["s"] + [f"{rotation} s" for rotation in rotations[1:]]

    def product(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return ((a[0] + (-b[0] if a[1] else b[0])) % n, a[1] ^ b[1])

    return _from_elements(elements, product, names, f"D{n}")


def permutation_group(
    permutations: Sequence[Sequence[int]], name: str = "G"
) -> FiniteGroup:
    """A group of permutations of the points 0 to p-1, each given as its list of images.

    The product is composition: ``(a b)(i) = a(b(i))``.

    Raises:
        ValueError: there is none, one comes twice or is no permutation, or the set
            is not closed.
    """
    elements = [tuple(p) for p in permutations]
    if len(set(elements)) < max(1, len(elements)):
        raise ValueError(
            f"expected at least one permutation and none twice, got {len(elements)} "
            f"of which {len(set(elements))} are distinct"
        )
    for p in elements:
        if sorted(p) != list(range(len(elements[0]))):
            raise ValueError(f"expected permutations of 0..{len(elements[0]) - 1}, got {p}")

    def product(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        composed = tuple(a[i] for i in b)
        if composed not in elements:
            raise ValueError(f"closure fails: {a} * {b} = {composed} is not in the set")
        return composed

    return _from_elements(elements, product, [_cycles(p) for p in elements], name)


def _cycles(permutation: Sequence[int]) -> str:
    """Cycle notation, with points counted from 1; the identity is ``e``."""
    seen: set[int] = set()
    text = ""
    for start in range(len(permutation)):
        cycle = []
        while start not in seen:
            seen.add(start)
            cycle.append(start + 1)
            start = permutation[start]
        if len(cycle) > 1:
            text += "(" + " ".join(map(str, cycle)) + ")"
    return text or "e"


def symmetric(n: int) -> FiniteGroup:
    """The symmetric group S_n: all permutations of n points, in lexicographic order."""
    points = range(_at_least_one(n))
    return permutation_group(list(itertools.permutations(points)), f"S{n}")


def alternating(n: int) -> FiniteGroup:
    """The alternating group A_n: the even permutations of n points."""

    def is_even(p: Sequence[int]) -> bool:
        return sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0

    points = range(_at_least_one(n))
    even = [p for p in itertools.permutations(points) if is_even(p)]
    return permutation_group(even, f"A{n}")


def quaternion() -> FiniteGroup:
    """The quaternion group Q8 = {1, -1, i, -i, j, -j, k, -k}."""
    names = [sign + unit for unit in "1ijk" for sign in ("", "-")]
    # unit products as (sign, unit) with units 1, i, j, k numbered 0..3
    units = {(0, b): (0, b) for b in range(4)} | {(a, 0): (0, a) for a in range(4)}
    units |= {(a, a): (1, 0) for a in (1, 2, 3)}
    for a, b, c in ((1, 2, 3), (2, 3, 1), (3, 1, 2)):
        units |= {(a, b): (0, c), (b, a): (1, c)}

    def product(a: int, b: int) -> int:
        sign, unit = units[a // 2, b // 2]
        return 2 * unit + (sign + a + b) % 2

    return _from_elements(range(8), product, names, "Q8")


def direct_product(g: FiniteGroup, h: FiniteGroup) -> FiniteGroup:
    """The direct product G x H; element ``i * |H| + j`` is the pair (i, j)."""
    pairs = list(itertools.product(range(g.order), range(h.order)))
    names = [f"({g.names[a]}, {h.names[b]})" for a, b in pairs]

    def product(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return g.multiply(a[0], b[0]), h.multiply(a[1], b[1])

    return _from_elements(pairs, product, names, f"{g.name}x{h.name}")


def small_groups() -> dict[str, FiniteGroup]:
    """All 14 groups of order at most 8, up to isomorphism, by name."""
    c2 = cyclic(2)
    klein = direct_product(c2, c2)
    groups = [cyclic(n) for n in range(1, 9)]
    groups += [klein, symmetric(3), direct_product(cyclic(4), c2)]
    groups += [direct_product(klein, c2), dihedral(4), quaternion()]
    return {group.name: group for group in groups}
