"""The largest group that keeps a pattern, against all pairs of permutations."""

import math

import numpy as np
import pytest
from actions import cosets, orbits, pattern, shuffled, symmetries
from sympy.combinatorics import Permutation, PermutationGroup

import msr
from msr.discovery.automorphisms import TooManySteps, automorphisms
from msr.discovery.closure import closure, normalizer_order, numbered
from msr.discovery.refinement import Pattern


def random_patterns(count: int, largest: int) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(count):
        m, n = generator.integers(1, largest + 1, 2)
        classes = int(generator.integers(1, 5))
        found.append(numbered(generator.integers(0, classes, (m, n))))
    return found


def check(labels: np.ndarray) -> None:
    m, n = labels.shape
    pairs = symmetries(labels)
    group = closure(labels)
    assert group.order == len(pairs)
    np.testing.assert_array_equal(group.orbits, orbits(pairs, m, n))
    assert {(tuple(g[:m]), tuple(g[m:] - m)) for g in group.generators} <= set(pairs)


def test_random_patterns() -> None:
    for labels in random_patterns(150, 4):
        check(labels)
    for labels in random_patterns(20, 5):
        check(labels)


def test_the_normalizer_of_random_patterns() -> None:
    for labels in random_patterns(60, 4):
        assert normalizer_order(labels) == len(symmetries(labels, classes_stay=False))


@pytest.mark.parametrize(
    "group", [msr.cyclic(5), msr.symmetric(3), msr.cyclic(6)], ids=lambda g: g.name
)
def test_convolutions(group: msr.FiniteGroup) -> None:
    regular = cosets(group)
    labels = shuffled(pattern(regular, regular), np.random.default_rng(1))
    pairs = symmetries(labels) if group.order < 6 else None
    found = closure(numbered(labels))
    assert found.order == group.order
    assert pairs is None or len(pairs) == group.order


@pytest.mark.parametrize("n", [8, 12])
def test_the_normalizer_of_shifts_is_known(n: int) -> None:
    """Shifts of rows, shifts of columns, multiplications by units mod n."""
    i, j = np.indices((n, n))
    units = sum(math.gcd(a, n) == 1 for a in range(n))
    assert normalizer_order((j - i) % n) == n * n * units


def test_generators_have_the_order_that_sympy_counts() -> None:
    torus = np.arange(16)
    x, y = torus // 4, torus % 4
    distances = [np.minimum((a[:, None] - a) % 4, (a - a[:, None]) % 4) for a in (x, y)]
    labels = 3 * np.minimum(*distances) + np.maximum(*distances)
    for pattern_ in (numbered(labels), *random_patterns(30, 6)):
        group = closure(pattern_)
        points = sum(pattern_.shape)
        permutations = [Permutation(g.tolist()) for g in group.generators]
        expected = PermutationGroup(*permutations or [Permutation(points - 1)]).order()
        assert group.order == expected


def test_twins_are_set_apart() -> None:
    """A circulant, and four more equal rows and columns."""
    labels = np.zeros((7, 7), dtype=int)
    i, j = np.indices((3, 3))
    labels[:3, :3] = (j - i) % 3 + 1
    group = closure(labels)
    assert group.without_twins.order == 3
    assert group.order == 3 * math.factorial(4) ** 2
    np.testing.assert_array_equal(group.twin_rows, [0, 1, 2, 3, 3, 3, 3])


def test_all_permutations_of_many_points() -> None:
    group = closure(np.eye(40, dtype=int))
    assert group.order == math.factorial(40)
    assert group.orbits.max() == 1


def test_a_search_that_takes_too_long_is_given_up() -> None:
    one = np.ones(12, dtype=int)
    with pytest.raises(TooManySteps):
        automorphisms(Pattern(np.eye(12, dtype=int), one, one), steps=20)
