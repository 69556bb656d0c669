"""Groups of signed permutations, against all pairs of signed permutations."""

import itertools
import math

import numpy as np
import pytest
from sympy.combinatorics import Permutation, PermutationGroup

from msr.discovery.signed_closure import SignedLabels, signed_closure, signed_labels


def signed_permutations(n: int) -> np.ndarray:
    """All matrices with one entry 1 or -1 in each row and column."""
    found = []
    for order in itertools.permutations(range(n)):
        for signs in itertools.product([1, -1], repeat=n):
            P = np.zeros((n, n), dtype=int)
            P[list(order), range(n)] = signs
            found.append(P)
    return np.array(found)


def values_of(labels: SignedLabels) -> np.ndarray:
    """A weight whose values are equal up to sign exactly where they share a class."""
    return (labels.classes + 1) * labels.signs


def symmetries(W: np.ndarray) -> set[tuple[bytes, bytes]]:
    """All pairs with ``P W = W Q``."""
    m, n = W.shape
    columns = signed_permutations(n)
    found = set()
    WQ = W @ columns
    for P in signed_permutations(m):
        keep = (P @ W == WQ).all((1, 2))
        found |= {(P.tobytes(), Q.tobytes()) for Q in columns[keep]}
    return found


def matrices(images: np.ndarray, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The pair of signed permutation matrices of a generator."""
    P, Q = np.zeros((m, m), dtype=int), np.zeros((n, n), dtype=int)
    for i in range(m):
        P[images[i] % m, i] = 1 if images[i] < m else -1
        assert (images[m + i] - images[i]) % (2 * m) == m
    for j in range(n):
        image = images[2 * m + j] - 2 * m
        Q[image % n, j] = 1 if image < n else -1
    return P, Q


def random_labels(count: int, largest: int) -> list[SignedLabels]:
    draws = np.random.default_rng(0)
    found = []
    for _ in range(count):
        shape = draws.integers(1, largest + 1, 2)
        values = draws.integers(-2, 3, shape) if count % 2 else draws.integers(-1, 3, shape)
        if values.any():
            found.append(signed_labels(values, -values))
    return found


def orbits_by_hand(pairs, m: int, n: int) -> np.ndarray:
    """The smallest signed entry, 1 to mn, that each entry moves to; 0 if to its negative."""
    moved = np.zeros((m, n, 2, m * n + 1), dtype=bool)
    names = np.arange(1, m * n + 1).reshape(m, n)
    for P, Q in pairs:
        image = P @ names @ Q.T
        for (i, j), name in np.ndenumerate(image):
            moved[i, j, int(name < 0), abs(name)] = True
    found = np.zeros((m, n), dtype=int)
    for i, j in np.ndindex(m, n):
        plus, minus = moved[i, j]
        if (plus & minus).any():
            continue
        reached = np.flatnonzero(plus | minus)[0]
        found[i, j] = reached if plus[reached] else -reached
    return found


@pytest.mark.parametrize(("count", "largest"), [(81, 3), (60, 3), (7, 4)])
def test_random_patterns(count: int, largest: int) -> None:
    for labels in random_labels(count, largest):
        m, n = labels.classes.shape
        pairs = symmetries(values_of(labels))
        group = signed_closure(labels)
        assert group.order == len(pairs)
        generators = [matrices(g, m, n) for g in group.generators]
        assert {(P.tobytes(), Q.tobytes()) for P, Q in generators} <= pairs
        permutations = [Permutation(g.tolist()) for g in group.generators]
        assert PermutationGroup(permutations).order() == len(pairs)
        whole = [
            (np.frombuffer(P, int).reshape(m, m), np.frombuffer(Q, int).reshape(n, n))
            for P, Q in pairs
        ]
        names = orbits_by_hand(whole, m, n)
        expected = signed_labels(names, -names)
        np.testing.assert_array_equal(group.labels.classes, expected.classes)
        np.testing.assert_array_equal(group.labels.signs, expected.signs)


def test_all_signed_permutations() -> None:
    identity = np.eye(3, dtype=int)
    group = signed_closure(signed_labels(identity, -identity))
    assert group.order == 2**3 * 6
    assert group.labels.classes.tolist() == [[0, -1, -1], [-1, 0, -1], [-1, -1, 0]]


def test_zeros_may_change_sign_and_equal_rows_places() -> None:
    values = np.array([[1, 2], [1, 2], [-1, -2], [0, 0], [0, 0]])
    group = signed_closure(signed_labels(values, -values))
    assert group.order == 2 * math.factorial(3) * (2**2 * 2)
    assert group.twins[0].tolist() == [0, 0, 0, 1, 1]


def test_labels_of_negatives_divide_classes() -> None:
    found = signed_labels(np.array([0, 0, 1, 2, 3]), np.array([1, 2, 0, 0, 3]))
    assert found.classes.tolist() == [0, 1, 0, 1, -1]
    assert found.signs.tolist() == [1, 1, -1, -1, 0]
    assert found.number == 2
