"""Names of groups, against constructions that share no code with them."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Hashable
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import msr

# Numbers of groups of order 1 to 31: sequence A000001 of the OEIS.
COUNTS = [
    *(1, 1, 1, 2, 1, 2, 1, 5, 2, 2, 1, 5, 1, 2, 1, 14),
    *(1, 5, 1, 5, 2, 2, 1, 15, 2, 2, 5, 4, 1, 4, 1),
]
Element = Hashable
Product = Callable[[Element, Element], Element]


def generated(generators: list[Element], product: Product) -> msr.FiniteGroup:
    """The group that some elements generate, numbered as they are found."""
    found = {g: i for i, g in enumerate(generators)}
    queue = list(generators)
    for a in queue:  # which grows
        for g in generators:
            if (b := product(a, g)) not in found:
                found[b] = len(found)
                queue.append(b)
    return msr.FiniteGroup([[found[product(a, b)] for b in found] for a in found])


def abelian(*orders: int) -> msr.FiniteGroup:
    elements = list(itertools.product(*map(range, orders)))
    return generated(
        elements, lambda a, b: tuple((x + y) % n for x, y, n in zip(a, b, orders))
    )


def split(m: int, n: int, r: int) -> msr.FiniteGroup:
    """C_m : C_n, whose generator acts by the power r."""
    return generated(
        [(1, 0), (0, 1)],
        lambda a, b: ((a[0] + r ** a[1] * b[0]) % m, (a[1] + b[1]) % n),
    )


def dicyclic(n: int) -> msr.FiniteGroup:
    """a^2n = 1, x^2 = a^n, x a = a^-1 x."""

    def product(a, b):
        sign = -1 if a[1] else 1
        return (a[0] + sign * b[0] + n * (a[1] & b[1])) % (2 * n), a[1] ^ b[1]

    return generated([(1, 0), (0, 1)], product)


def matrices(modulus: int, *generators: tuple[tuple[int, ...], ...]) -> msr.FiniteGroup:
    def product(a, b):
        return tuple(
            tuple(sum(x * y for x, y in zip(row, column)) % modulus for column in zip(*b))
            for row in a
        )

    return generated(list(generators), product)


def permutations(*generators: tuple[int, ...]) -> msr.FiniteGroup:
    return generated(list(generators), lambda a, b: tuple(a[i] for i in b))


def times(first: msr.FiniteGroup, second: msr.FiniteGroup) -> msr.FiniteGroup:
    elements = list(itertools.product(range(first.order), range(second.order)))
    return generated(
        elements,
        lambda a, b: (first.multiply(a[0], b[0]), second.multiply(a[1], b[1])),
    )


def pauli() -> msr.FiniteGroup:
    """Powers of i times products of the matrices X and Z."""
    return generated(
        [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
        lambda a, b: (
            (a[0] + b[0] + 2 * a[2] * b[1]) % 4,
            a[1] ^ b[1],
            a[2] ^ b[2],
        ),
    )


def turned_squares() -> msr.FiniteGroup:
    """C4 that exchanges two C2."""

    def product(a, b):
        x, y = (b[1], b[0]) if a[2] % 2 else (b[0], b[1])
        return a[0] ^ x, a[1] ^ y, (a[2] + b[2]) % 4

    return generated([(1, 0, 0), (0, 0, 1)], product)


def signed(n: int) -> msr.FiniteGroup:
    """C_n x C_n, and the inversion of both."""

    def product(a, b):
        sign = -1 if a[2] else 1
        return (a[0] + sign * b[0]) % n, (a[1] + sign * b[1]) % n, a[2] ^ b[2]

    return generated([(1, 0, 0), (0, 1, 0), (0, 0, 1)], product)


def three_and_square() -> msr.FiniteGroup:
    """D4 acts on C3 by signs; the kernel is the group of half turn and a flip."""

    def product(a, b):
        sign = -1 if a[1] % 2 else 1
        turn = -b[1] if a[2] else b[1]
        return (a[0] + sign * b[0]) % 3, (a[1] + turn) % 4, a[2] ^ b[2]

    return generated([(1, 0, 0), (0, 1, 0), (0, 0, 1)], product)


S3, S4 = permutations((1, 0, 2), (1, 2, 0)), permutations((1, 0, 2, 3), (1, 2, 3, 0))
A4 = permutations((1, 2, 0, 3), (0, 2, 3, 1))
C2, C3, C4, C5 = (abelian(n) for n in (2, 3, 4, 5))
D4, Q8, DIC3 = split(4, 2, 3), dicyclic(2), dicyclic(3)
KNOWN = {
    **{f"C{n}": abelian(n) for n in range(1, 32)},
    "C2 x C2": abelian(2, 2),
    "C2 x C4": abelian(4, 2),
    "C2 x C2 x C2": abelian(2, 2, 2),
    "C3 x C3": abelian(3, 3),
    "C2 x C6": abelian(2, 2, 3),
    "C2 x C8": abelian(8, 2),
    "C4 x C4": abelian(4, 4),
    "C2 x C2 x C4": abelian(2, 4, 2),
    "C3 x C6": abelian(3, 3, 2),
    "C2 x C12": abelian(4, 6),
    "C5 x C5": abelian(5, 5),
    "C3 x C9": abelian(9, 3),
    "S3": S3,
    **{f"D{n}": split(n, 2, n - 1) for n in range(4, 16)},
    "Q8": Q8,
    "Q16": dicyclic(4),
    **{f"Dic{n}": dicyclic(n) for n in (3, 5, 6, 7)},
    "A4": A4,
    "S4": S4,
    "SD16": split(8, 2, 3),
    "M16": split(8, 2, 5),
    "C4 : C4": split(4, 4, 3),
    "(C2 x C2) : C4": turned_squares(),
    "C4 o D4": pauli(),
    "C2 x D4": times(C2, D4),
    "C2 x Q8": times(Q8, C2),
    "C3 x S3": times(S3, C3),
    "(C3 x C3) : C2": signed(3),
    "C5 : C4": split(5, 4, 2),
    "C7 : C3": split(7, 3, 2),
    "SL(2,3)": matrices(3, ((1, 1), (0, 1)), ((1, 0), (1, 1))),
    "C2 x C2 x S3": times(C2, times(C2, S3)),
    "C2 x Dic3": times(C2, DIC3),
    "C2 x A4": times(A4, C2),
    "C3 x D4": times(C3, D4),
    "C3 x Q8": times(C3, Q8),
    "C4 x S3": times(S3, C4),
    "C3 : C8": split(3, 8, 2),
    "C3 : D4": three_and_square(),
    "(C3 x C3) : C3": matrices(
        3, ((1, 1, 0), (0, 1, 0), (0, 0, 1)), ((1, 0, 0), (0, 1, 1), (0, 0, 1))
    ),
    "C9 : C3": split(9, 3, 4),
    "C3 x D5": times(split(5, 2, 4), C3),
    "C5 x S3": times(C5, S3),
}
# Beyond the table: families, and what splits.
LARGER = {
    "C2 x C4 x C8": abelian(8, 4, 2),
    "C36": abelian(4, 9),
    "D16": split(16, 2, 15),
    "D20": split(20, 2, 19),
    "S5": permutations((1, 0, 2, 3, 4), (1, 2, 3, 4, 0)),
    "A5": permutations((1, 2, 0, 3, 4), (1, 2, 3, 4, 0)),
    "S3 x S3": times(S3, S3),
    "C2 x S4": times(C2, S4),
}


@pytest.mark.parametrize("name", [*KNOWN, *LARGER])
def test_name_of_independent_constructions(name) -> None:
    assert msr.name_of((KNOWN | LARGER)[name]) == name


@given(st.sampled_from(sorted(KNOWN)), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_numbering_does_not_matter(name, random) -> None:
    group = KNOWN[name]
    order = list(range(group.order))
    random.shuffle(order)
    assert msr.name_of(group.relabel(order)) == name


def table() -> list[dict]:
    file = resources.files("msr") / "data" / "small_groups.json"
    return json.loads(file.read_text())["groups"]


def invariants(group: msr.FiniteGroup) -> Counter:
    """Of each element: its order, how many it commutes with, how many square roots."""
    elements = range(group.order)
    product = group.multiply
    roots = Counter(product(a, a) for a in elements)
    commuting = [sum(product(a, b) == product(b, a) for b in elements) for a in elements]
    return Counter((group.element_order(a), commuting[a], roots[a]) for a in elements)


def test_the_table_has_every_group_once() -> None:
    rows = table()
    assert Counter(row["order"] for row in rows) == dict(enumerate(COUNTS, 1))
    assert len({row["name"] for row in rows}) == sum(COUNTS) == 93
    seen = set()
    for row in rows:
        group = permutations(*map(tuple, row["generators"]))
        assert group.order == row["order"], row["name"]
        found = invariants(group)
        seen.add(frozenset(found.items()))
        assert found == {tuple(v[:3]): v[3] for v in row["invariants"]}
        assert msr.name_of(group) == row["name"]
    assert len(seen) == 93  # so that no two are isomorphic


def test_a_wallpaper_group() -> None:
    """Translations of a 4 x 4 torus, with quarter turns and flips."""

    def compose(g, h):
        return ((g[0] + (-h[0] if g[1] else h[0])) % 4, g[1] ^ h[1])

    def act(g, p):
        u, v = p
        if g[1]:
            u = -u
        for _ in range(g[0]):
            u, v = -v, u
        return u, v

    def whole(a, b):
        u, v = act(a[2], b[:2])
        return (a[0] + u) % 4, (a[1] + v) % 4, compose(a[2], b[2])

    group = generated([(1, 0, (0, 0)), (0, 0, (1, 0)), (0, 0, (0, 1))], whole)
    assert group.order == 128
    assert msr.name_of(group) == "(C4 x C4) : D4"


def test_what_has_no_name_is_described() -> None:
    group = matrices(5, ((1, 1), (0, 1)), ((1, 0), (1, 1)))
    assert msr.name_of(group) == (
        "a group of order 120 (non-abelian, 9 classes, exponent 60)"
    )


def test_only_groups_have_names() -> None:
    with pytest.raises(TypeError, match=r"expected group to be a msr.FiniteGroup, got 4"):
        msr.name_of(4)
