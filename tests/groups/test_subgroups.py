"""All subgroups, against every set of elements and against known counts."""

import itertools

import pytest

import msr
from msr.groups.subgroups import generators_of, subgroup


def by_brute_force(group: msr.FiniteGroup) -> set[tuple[int, ...]]:
    """Every set that holds all products of its elements."""
    table = group.table.tolist()
    found = set()
    for size in range(1, group.order + 1):
        for elements in itertools.combinations(range(group.order), size):
            inside = set(elements)
            if all(table[a][b] in inside for a in elements for b in elements):
                found.add(elements)
    return found


@pytest.mark.parametrize("name", msr.small_groups())
def test_every_closed_set_of_a_small_group(name: str) -> None:
    group = msr.small_groups()[name]
    moved = group.relabel([*range(1, group.order), 0])
    for own in (group, moved):
        found = msr.subgroups(own)
        assert len(found) == len(set(found))
        assert set(found) == by_brute_force(own)
        assert [len(s) for s in found] == sorted(len(s) for s in found)


@pytest.mark.parametrize(
    ("group", "number"),
    # cyclic: a divisor each; dihedral: divisors and their sum (Cavior 1975)
    [
        (msr.cyclic(12), 6),
        (msr.dihedral(12), 6 + 28),
        (msr.dihedral(16), 5 + 31),
        (msr.symmetric(4), 30),
        (msr.alternating(5), 59),
        (msr.symmetric(5), 156),
    ],
    ids=lambda v: v.name if isinstance(v, msr.FiniteGroup) else "",
)
def test_known_numbers(group: msr.FiniteGroup, number: int) -> None:
    assert len(msr.subgroups(group)) == number


def test_a_subgroup_is_a_group_and_its_generators_make_it() -> None:
    for group in (msr.symmetric(4), msr.dihedral(6).relabel([*range(1, 12), 0])):
        for elements in msr.subgroups(group):
            own = subgroup(group, elements, "H")
            msr.FiniteGroup(own.table, own.names)
            assert own.names[own.identity] == group.names[group.identity]
            made = {group.identity}
            generators = generators_of(group, elements)
            while True:
                more = made | {group.multiply(a, g) for a in made for g in generators}
                if more == made:
                    break
                made = more
            assert made == set(elements)


@pytest.mark.bad_input
def test_too_many() -> None:
    with pytest.raises(ValueError, match=r"at most 256 elements, got .*C257"):
        msr.subgroups(msr.cyclic(257))
    c2 = msr.cyclic(2)
    large = c2
    for _ in range(6):
        large = msr.direct_product(large, c2)
    with pytest.raises(ValueError, match="at most 2000 subgroups"):
        msr.subgroups(large)
