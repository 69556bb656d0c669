"""Groups by name, and from others."""

import itertools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import MOST_ELEMENTS, check_at_least, check_order, check_size
from .finite import FiniteGroup, trusted_group


def _powers(letter: str, n: int) -> list[str]:
    return ["e", letter, *(f"{letter}^{i}" for i in range(2, n))][:n]


@checked
def cyclic(n: int) -> FiniteGroup:
    """The cyclic group C_n: rotations by multiples of 360/n degrees, or shifts mod n.

    Raises:
        ValueError: ``n`` < 1, or the group would be too large.
    """
    check_at_least(1, n=n)
    check_order("cyclic(n)", n)
    return trusted_group(_sums_mod(n), _powers("r", n), f"C{n}")


def _sums_mod(n: int) -> Int[Tensor, "n n"]:
    numbers = torch.arange(n, device="cpu")
    return (numbers[:, None] + numbers).remainder_(n)


@checked
def dihedral(n: int) -> FiniteGroup:
    """The dihedral group D_n of order 2n: n rotations, then n reflections.

    Element ``i`` is r^i and element ``n + i`` is r^i s, with ``s r = r^-1 s``.

    Raises:
        ValueError: ``n`` < 1, or the group would be too large.
    """
    check_at_least(1, n=n)
    check_order("dihedral(n)", 2 * n)
    rotations = _powers("r", n)
    names = rotations + ["s"] + [f"{rotation} s" for rotation in rotations[1:]]
    sums = _sums_mod(n)
    differences = sums[:, -torch.arange(n, device="cpu")]  # of r^i and r^j: r^(i - j)
    rows = torch.cat([sums, sums + n], 1), torch.cat([differences + n, differences], 1)
    return trusted_group(torch.cat(rows), names, f"D{n}")


@checked
def permutation_group(
    permutations: Sequence[Sequence[int]], name: str = "G"
) -> FiniteGroup:
    """A group of permutations of the points 0 to p-1, each given as its list of images.

    The product is composition: ``(a b)(i) = a(b(i))``.

    Raises:
        TypeError: a point is no integer.
        ValueError: there is none, one comes twice or is no permutation, or the set
            is not closed or too large.
    """
    check_order("permutation_group(...)", len(permutations))
    check_size("permutations", sum(map(len, permutations)))
    elements = [tuple(p) for p in permutations]
    if len(set(elements)) < max(1, len(elements)):
        raise ValueError(
            f"expected at least one permutation and none twice, got {len(elements)} "
            f"of which {len(set(elements))} are distinct"
        )
    points = list(range(len(elements[0])))
    for p in elements:
        if sorted(p) != points:
            raise ValueError(
                f"expected permutations of 0..{len(points) - 1}, got {shown(p)}"
            )
    return _permutation_group(elements, name)


def _permutation_group(elements: Sequence[tuple[int, ...]], name: str) -> FiniteGroup:
    """The group of these distinct permutations.

    Products are composed for generators alone: the row of ``a g`` in the table is that of
    a, read in the order of the row of g.

    Raises:
        ValueError: a product is not among them.
    """
    index = {p: i for i, p in enumerate(elements)}
    images = torch.tensor(elements, dtype=torch.long, device="cpu")
    n = len(elements)
    table = torch.empty(n, n, dtype=torch.long, device="cpu")
    identity = index.get(tuple(range(images.shape[1])))
    known = set() if identity is None else {identity}
    if identity is not None:
        table[identity] = torch.arange(n, device="cpu")
    generators: list[int] = []
    for a in range(n):
        if a in known:
            continue
        table[a] = _products(a, elements, images, index)
        generators.append(a)
        known.add(a)
        frontier = list(known)
        while frontier:
            rows = table[:, generators][frontier].tolist()
            fresh = {}
            for b, products in zip(frontier, rows):
                for g, product in zip(generators, products):
                    if product not in known and product not in fresh:
                        fresh[product] = b, g
            for product, (b, g) in fresh.items():
                table[product] = table[b][table[g]]
            known |= fresh.keys()
            frontier = list(fresh)
    names = [_cycles(p) for p in elements]
    # a finite set of permutations that is closed has an identity
    return trusted_group(table, names, name, index[tuple(range(images.shape[1]))])


def _products(
    a: int,
    elements: Sequence[tuple[int, ...]],
    images: Int[Tensor, "order points"],
    index: dict[tuple[int, ...], int],
) -> Int[Tensor, " order"]:
    """The numbers of the products ``a b`` for all b."""
    products = list(map(tuple, images[a][images].tolist()))
    for b, product in enumerate(products):
        if product not in index:
            raise ValueError(
                f"closure fails: {elements[a]} * {elements[b]} = {product} is not in "
                f"the set"
            )
    return torch.tensor([index[product] for product in products], device="cpu")


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


@checked
def symmetric(n: int) -> FiniteGroup:
    """The symmetric group S_n: all permutations of n points, in lexicographic order.

    Raises:
        ValueError: ``n`` < 1, or the group would be too large.
    """
    check_at_least(1, n=n)
    _check_factorial(n, 1)
    return _permutation_group(list(itertools.permutations(range(n))), f"S{n}")


@checked
def alternating(n: int) -> FiniteGroup:
    """The alternating group A_n: the even permutations of n points.

    Raises:
        ValueError: ``n`` < 1, or the group would be too large.
    """

    def is_even(p: Sequence[int]) -> bool:
        return sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0

    check_at_least(1, n=n)
    _check_factorial(n, 2)
    even = [p for p in itertools.permutations(range(n)) if is_even(p)]
    return _permutation_group(even, f"A{n}")


def _check_factorial(n: int, divisor: int) -> None:
    """Raise a ValueError if n! / divisor elements are too many."""
    order = math.factorial(min(n, 20)) // divisor  # a larger one may take for ever
    more = "more than " if n > 20 else ""
    if order > MOST_ELEMENTS:
        raise ValueError(
            f"expected a group of at most {MOST_ELEMENTS} elements, whose table has their "
            f"square, got permutations of {shown(n)} points with {more}{order} elements"
        )


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

    table = [[product(a, b) for b in range(8)] for a in range(8)]
    return trusted_group(torch.tensor(table, device="cpu"), names, "Q8")


@checked
def direct_product(g: FiniteGroup, h: FiniteGroup) -> FiniteGroup:
    """The direct product G x H; element ``i * |H| + j`` is the pair (i, j).

    Raises:
        ValueError: the group would be too large.
    """
    order = g.order * h.order
    check_order(f"{g.name}x{h.name}", order)
    names = [f"({a}, {b})" for a, b in itertools.product(g.names, h.names)]
    table = g.table[:, None, :, None] * h.order + h.table[None, :, None, :]
    identity = g.identity * h.order + h.identity
    return trusted_group(table.reshape(order, order), names, f"{g.name}x{h.name}", identity)


def small_groups() -> dict[str, FiniteGroup]:
    """All 14 groups of order at most 8, up to isomorphism, by name."""
    c2 = cyclic(2)
    klein = direct_product(c2, c2)
    groups = [cyclic(n) for n in range(1, 9)]
    groups += [klein, symmetric(3), direct_product(cyclic(4), c2)]
    groups += [direct_product(klein, c2), dihedral(4), quaternion()]
    return {group.name: group for group in groups}
