"""Groups: the axioms, the catalogue, and invariance under relabelling."""

import itertools
import math
import re
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import msr
from msr.groups.axioms import check_associativity

GROUPS = [*msr.small_groups().values(), msr.alternating(4), msr.symmetric(4)]
groups = st.sampled_from(GROUPS)


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)
def test_axioms_by_brute_force(group: msr.FiniteGroup) -> None:
    elements = range(group.order)
    product = group.multiply
    for a, b, c in itertools.product(elements, repeat=3):
        assert product(product(a, b), c) == product(a, product(b, c))
    for a in elements:
        assert product(a, group.identity) == a == product(group.identity, a)
        inverse = int(group.inverse[a])
        assert product(a, inverse) == group.identity == product(inverse, a)


def test_small_groups_are_14_and_pairwise_not_isomorphic() -> None:
    groups = msr.small_groups()
    assert Counter(g.order for g in groups.values()) == Counter(
        {1: 1, 2: 1, 3: 1, 4: 2, 5: 1, 6: 2, 7: 1, 8: 5}
    )
    # order statistics with commutativity tell the groups of order <= 8 apart
    signatures = {
        (g.is_abelian, *sorted(g.element_order(a) for a in range(g.order)))
        for g in groups.values()
    }
    assert len(signatures) == 14


def test_orders_of_elements() -> None:
    cyclic = [msr.cyclic(12).element_order(a) for a in range(12)]
    assert cyclic == [12 // math.gcd(12, a) for a in range(12)]  # the power a is element a
    assert sorted(map(msr.quaternion().element_order, range(8))) == [1, 2] + [4] * 6


@pytest.mark.parametrize(
    ("group", "sizes"),
    [
        (msr.symmetric(3), [1, 2, 3]),
        (msr.dihedral(4), [1, 1, 2, 2, 2]),
        (msr.quaternion(), [1, 1, 2, 2, 2]),
        (msr.alternating(4), [1, 3, 4, 4]),
        (msr.symmetric(4), [1, 3, 6, 6, 8]),
        (msr.cyclic(5), [1] * 5),
    ],
    ids=lambda value: str(value),
)
def test_conjugacy_classes(group: msr.FiniteGroup, sizes: list[int]) -> None:
    classes = group.conjugacy_classes()
    assert sorted(map(len, classes)) == sizes
    assert sorted(itertools.chain(*classes)) == list(range(group.order))


def test_dihedral_relation() -> None:
    group = msr.dihedral(5)
    r, s = 1, 5
    assert group.multiply(s, r) == group.multiply(int(group.inverse[r]), s)


def test_quaternion_products() -> None:
    names = msr.quaternion().names
    product = {
        (names[a], names[b]): names[msr.quaternion().multiply(a, b)]
        for a in range(8)
        for b in range(8)
    }
    assert product["i", "j"] == "k"
    assert product["j", "i"] == "-k"
    assert product["k", "k"] == "-1"
    assert product["-i", "-i"] == "-1"


def test_names_of_permutations() -> None:
    assert msr.symmetric(3).names == (
        "e",
        "(2 3)",
        "(1 2)",
        "(1 2 3)",
        "(1 3 2)",
        "(1 3)",
    )


@settings(deadline=None)
@given(data=st.data(), group=groups)
def test_relabelling_changes_nothing_but_names(data, group: msr.FiniteGroup) -> None:
    order = data.draw(st.permutations(range(group.order)))
    new = group.relabel(order)
    for a, b in itertools.product(range(group.order), repeat=2):
        assert order[new.multiply(a, b)] == group.multiply(order[a], order[b])
    assert order[new.identity] == group.identity
    assert new.names[new.identity] == group.names[group.identity]
    assert sorted(map(len, new.conjugacy_classes())) == sorted(
        map(len, group.conjugacy_classes())
    )


@given(data=st.data(), group=st.sampled_from([g for g in GROUPS if g.order > 2]))
def test_a_spoilt_table_is_no_group(data, group: msr.FiniteGroup) -> None:
    """Changing one entry of a Latin square with n > 2 always breaks an axiom."""
    table = group.table.clone()
    a, b = (data.draw(st.integers(0, group.order - 1)) for _ in range(2))
    table[a, b] = (table[a, b] + data.draw(st.integers(1, group.order - 1))) % group.order
    with pytest.raises(ValueError, match=r"fails"):
        msr.FiniteGroup(table)


def test_direct_product_order_of_pairs() -> None:
    group = msr.direct_product(msr.cyclic(2), msr.cyclic(3))
    assert group.multiply(1 * 3 + 2, 1 * 3 + 2) == 0 * 3 + 1
    assert torch.equal(group.table, group.table.T)


def test_a_group_owns_its_table() -> None:
    table = msr.cyclic(3).table.clone()
    group = msr.FiniteGroup(table)
    table[0, 0] = 2
    assert group.multiply(0, 0) == 0


def test_a_large_group_is_built_from_its_generators() -> None:
    """Products looked up in the table are those of the permutations."""
    group = msr.symmetric(7)
    points = list(itertools.permutations(range(7)))
    for a, b in ((17, 4000), (5039, 1), (2520, 2520)):
        product = tuple(points[a][i] for i in points[b])
        assert points[group.multiply(a, b)] == product
    assert group.table[:, group.identity].tolist() == list(range(5040))
    assert len(group.conjugacy_classes()) == 15  # partitions of 7
    with pytest.raises(ValueError, match=r"at most 8192 elements.* got .* 40320 elements"):
        msr.symmetric(8)


@given(data=st.data(), group=groups)
def test_the_first_triple_that_is_not_associative_is_named(data, group) -> None:
    """As by looking at all of them: Light's test skips only what is associative."""
    n = group.order
    table = group.table.clone()
    for _ in range(2):
        a, b = (data.draw(st.integers(0, n - 1)) for _ in range(2))
        table[a, b] = data.draw(st.integers(0, n - 1))
    names = [str(a) for a in range(n)]
    wrong = (table[table] != table[:, table]).nonzero()
    if not len(wrong):
        check_associativity(table, names)
        return
    first = ", ".join(map(str, wrong[0].tolist()))
    with pytest.raises(ValueError, match=re.escape(f"(elements {first})")):
        check_associativity(table, names)
