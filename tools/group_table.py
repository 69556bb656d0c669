"""The table of all groups of order at most 31, up to isomorphism, with names.

All of them are solvable, so that each is an extension of a smaller one by a cyclic group of
prime order. Going through these extensions, and keeping one for each value of the
invariants, gives as many groups as there are: hence none is missing, and the invariants
tell them apart. Names belong to permutations that generate the groups.

Usage: python -m tools.group_table    (writes msr/data/small_groups.json, in some seconds)
"""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from msr.groups.abelian import prime_powers
from msr.groups.cayley import CayleyTable, Invariants

TARGET = Path(__file__).resolve().parent.parent / "msr" / "data" / "small_groups.json"
# How many groups of order 1, 2, ... there are: https://oeis.org/A000001
NUMBERS = [
    *(1, 1, 1, 2, 1, 2, 1, 5, 2, 2, 1, 5, 1, 2, 1, 14),
    *(1, 5, 1, 5, 2, 2, 1, 15, 2, 2, 5, 4, 1, 4, 1),
]
Permutation = tuple[int, ...]

# In order. Cyclic, dihedral and dicyclic groups, S_n and direct products are made from
# their names, the others from what follows.
NAMES = """
C1 / C2 / C3 / C4, C2 x C2 / C5 / C6, S3 / C7
C8, C2 x C4, C2 x C2 x C2, D4, Q8 / C9, C3 x C3 / C10, D5 / C11
C12, C2 x C6, D6, A4, Dic3 / C13 / C14, D7 / C15
C16, C2 x C8, C4 x C4, C2 x C2 x C4, C2 x C2 x C2 x C2, D8, SD16, Q16, M16, C2 x D4,
    C2 x Q8, C4 : C4, (C2 x C2) : C4, C4 o D4
C17 / C18, C3 x C6, D9, C3 x S3, (C3 x C3) : C2 / C19
C20, C2 x C10, D10, Dic5, C5 : C4 / C21, C7 : C3 / C22, D11 / C23
C24, C2 x C12, C2 x C2 x C6, S4, SL(2,3), D12, Dic6, C2 x C2 x S3, C2 x Dic3, C2 x A4,
    C3 x D4, C3 x Q8, C4 x S3, C3 : C8, C3 : D4
C25, C5 x C5 / C26, D13 / C27, C3 x C9, C3 x C3 x C3, (C3 x C3) : C3, C9 : C3
C28, C2 x C14, D14, Dic7 / C29 / C30, D15, C3 x D5, C5 x S3 / C31
"""
# (m, k, r, t) for a^m = e, b^k = a^t, b a b^-1 = a^r
METACYCLIC = {
    "SD16": (8, 2, 3, 0),
    "M16": (8, 2, 5, 0),
    "C4 : C4": (4, 4, -1, 0),
    "C5 : C4": (5, 4, 2, 0),
    "C7 : C3": (7, 3, 2, 0),
    "C3 : C8": (3, 8, -1, 0),
    "C9 : C3": (9, 3, 4, 0),
}
CYCLES = {
    "A4": ["(0 1 2)", "(1 2 3)"],
    "(C2 x C2) : C4": ["(0 1)", "(0 2)(1 3)(4 5 6 7)"],
    # i, X and Z of the Pauli group, on multiples of two basis vectors by powers of i
    "C4 o D4": ["(0 2 4 6)(1 3 5 7)", "(0 1)(2 3)(4 5)(6 7)", "(1 5)(3 7)"],
    "(C3 x C3) : C2": ["(0 1 2)", "(3 4 5)", "(1 2)(4 5)"],
    # shears of the plane over three elements, on its vectors other than 0
    "SL(2,3)": ["(0 3 6)(1 7 4)", "(2 3 4)(5 7 6)"],
    # D4 acts by one of its signs: a turn inverts, a flip does not
    "C3 : D4": ["(0 1 2)", "(1 2)(3 4 5 6)", "(4 6)"],
    # a shift of the same plane, and a shear
    "(C3 x C3) : C3": ["(0 3 6)(1 4 7)(2 5 8)", "(3 4 5)(6 8 7)"],
}


def names() -> list[str]:
    """The names of the groups of order at most 31, the smaller groups first."""
    return [" ".join(name.split()) for name in re.split(r" / |,\s|\n", NAMES.strip())]


def named_generators(name: str) -> list[Permutation]:
    """Permutations that generate the group of this name.

    Those of a direct product move separate points.
    """
    generators: list[Permutation] = []
    points = 0
    for factor in [name] if name in CYCLES else name.split(" x "):
        moved = _factor_generators(factor)
        behind = tuple(range(points, points + len(moved[0])))
        generators = [g + behind for g in generators]
        generators += [(*range(points), *(points + i for i in g)) for g in moved]
        points += len(behind)
    return generators


def _factor_generators(name: str) -> list[Permutation]:
    if name in METACYCLIC:
        return _metacyclic(*METACYCLIC[name])
    if name in CYCLES:
        points = 1 + max(int(i) for text in CYCLES[name] for i in re.findall(r"\d+", text))
        return [_permutation(text, points) for text in CYCLES[name]]
    family, n = name.rstrip("0123456789"), int(name.lstrip("CDQSic"))
    if family in ("Dic", "Q"):
        half = n if family == "Dic" else n // 4
        return _metacyclic(2 * half, 2, -1, half)
    turn = tuple((i + 1) % n for i in range(n))
    return {
        "C": [turn],
        "D": [turn, tuple(-i % n for i in range(n))],
        "S": [turn, (1, 0, *range(2, n))],
    }[family]


def _metacyclic(m: int, k: int, r: int, t: int) -> list[Permutation]:
    """How a and b multiply the elements a^i b^j, which are the points ``i k + j``."""
    pairs = list(itertools.product(range(m), range(k)))
    by_a = tuple((i + 1) % m * k + j for i, j in pairs)
    by_b = tuple((r * i + t * (j == k - 1)) % m * k + (j + 1) % k for i, j in pairs)
    return [by_a, by_b]


def _permutation(cycles: str, points: int) -> Permutation:
    images = list(range(points))
    for text in re.findall(r"\(([\d ]+)\)", cycles):
        cycle = [int(i) for i in text.split()]
        for i, image in zip(cycle, cycle[1:] + cycle[:1]):
            images[i] = image
    return tuple(images)


def generated_group(generators: list[Permutation]) -> CayleyTable:
    """The group that permutations generate, the identity first; ``(a b)(i) = a(b(i))``."""
    elements = [tuple(range(len(generators[0])))]
    number = {elements[0]: 0}
    for a in elements:
        for g in generators:
            product = tuple(a[i] for i in g)
            if product not in number:
                number[product] = len(elements)
                elements.append(product)
    products = [[number[tuple(a[i] for i in b)] for b in elements] for a in elements]
    return CayleyTable(np.array(products))


def all_groups() -> list[list[CayleyTable]]:
    """All groups of order 1, 2, ..., 31 up to isomorphism.

    Raises:
        ValueError: there are not as many as there should be.
    """
    groups = [[CayleyTable(np.zeros((1, 1), dtype=np.int64))]]
    for order in range(2, len(NUMBERS) + 1):
        found: dict[Invariants, CayleyTable] = {}
        for p, _ in prime_powers(order):
            for normal in groups[order // p - 1]:
                for group in _extensions(normal, p):
                    found.setdefault(group.invariants, group)
        groups.append(list(found.values()))
    if (numbers := list(map(len, groups))) != NUMBERS:
        raise ValueError(f"expected {NUMBERS} groups of order 1, 2, ..., got {numbers}")
    return groups


def _extensions(normal: CayleyTable, p: int) -> Iterator[CayleyTable]:
    """All groups with this normal subgroup N, and C_p as the quotient by it.

    An element g outside acts on N by an automorphism f, and g^p is an element v of N. They
    make a group if ``f(v) = v`` and f^p is conjugation by v (Hoelder). Its elements are
    ``x g^i``, numbered ``x p + i``.
    """
    n = normal.order
    x, i = np.divmod(np.arange(n * p), p)
    for f in _automorphisms(normal):
        powers = [np.arange(n)]
        for _ in range(p):
            powers.append(f[powers[-1]])
        action = np.array(powers)
        for v in np.flatnonzero(f == np.arange(n)):
            conjugation = normal.products[normal.products[v], normal.inverse[v]]
            if (action[p] == conjugation).all():
                left = normal.products[x[:, None], action[i[:, None], x]]
                j = i[:, None] + i
                left = np.where(j < p, left, normal.products[left, v])
                yield CayleyTable(left * p + j % p)


def _automorphisms(group: CayleyTable) -> Iterator[np.ndarray]:
    """All automorphisms, as arrays of images: the generators' images decide."""
    generators = group.generators
    orders = group.orders
    same = [np.flatnonzero(orders == orders[g]).tolist() for g in generators]
    for images in itertools.product(*same):
        f = np.full(group.order, -1)
        f[0] = 0
        queue = [0]
        for a in queue:
            for g, image in zip(generators, images):
                if f[product := group.products[a, g]] < 0:
                    f[product] = group.products[f[a], image]
                    queue.append(int(product))
        if (
            len(set(f.tolist())) == group.order
            and (f[group.products] == group.products[np.ix_(f, f)]).all()
        ):
            yield f


def table() -> str:
    """The file, as text.

    Raises:
        ValueError: a group lacks a name, or has two.
    """
    groups = {name: generated_group(named_generators(name)) for name in names()}
    named = {group.invariants: name for name, group in groups.items()}
    found = {group.invariants for same in all_groups() for group in same}
    if named.keys() != found or len(named) < len(groups):
        raise ValueError(
            f"expected a name for each of {len(found)} groups, got {len(groups)} names for "
            f"{len(named.keys() & found)} of them"
        )
    lines = [
        json.dumps(
            {
                "name": name,
                "order": group.order,
                "generators": named_generators(name),
                "invariants": group.invariants,
            }
        )
        for name, group in groups.items()
    ]
    head = "python -m tools.group_table: element order, centralizer, square roots, how many"
    return f'{{"about": "{head}", "groups": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    TARGET.write_text(table(), encoding="utf-8")
