"""Near symmetries by assignment, groups grown from them, and exceptional entries."""

import itertools
import math

import numpy as np
import pytest
import torch
from actions import cosets, fixed, pattern, shuffled, spanning, together

import msr
from msr.discovery.closure import closure, numbered, orbits_of
from msr.discovery.exceptional_entries import excepted
from msr.discovery.matching import proposals
from msr.discovery.scores import gain
from msr.discovery.span import Span, span_of
from msr.experiments.identifying.planted import exceptional, outside

D4, A4, C12 = msr.dihedral(4), msr.alternating(4), msr.cyclic(12)
# Where clusters of entries fail at 30 degrees: small, non-commutative, with fixed points,
# intransitive, from one set of points to another, with equal columns.
PLANTS = {
    "C8": (cosets(msr.cyclic(8)),) * 2,
    "D4": (cosets(D4),) * 2,
    "A4 and fixed points": (together(cosets(A4), fixed(cosets(A4), 2)),) * 2,
    "D4 on corners and more": (together(cosets(D4, 4), cosets(D4)),) * 2,
    "A4 from 6 points": (cosets(A4), cosets(A4, 1)),
    "C12 from 4 points": (cosets(C12), cosets(C12, 4)),
}


def circulant(n: int) -> np.ndarray:
    i, j = np.indices((n, n))
    return (j - i) % n


def span(U: np.ndarray) -> Span:
    found = span_of(U, 1e-10)
    assert found is not None
    return found


def test_the_nearest_proposals_are_the_group() -> None:
    generator = np.random.default_rng(0)
    labels = shuffled(circulant(8), generator)
    U = spanning(labels, generator, degrees=30).numpy()
    features = span(U).basis.reshape(8, 8, 8)
    found = proposals(features)
    keep = [bool((labels[np.ix_(g[:8], g[8:] - 8)] == labels).all()) for g, _ in found]
    assert keep[:7] == [True] * 7
    assert not any(keep[7:])
    assert len({g.tobytes() for g, _ in found}) == len(found)


def test_distances_are_those_of_the_entries_that_move() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(3, 4, 2))
    found = proposals(features)
    for images, distance in found:
        apart = size = 0.0
        for i, j in itertools.product(range(3), range(4)):
            row, column = images[i], images[3 + j] - 3
            if (row, column) != (i, j):
                apart += ((features[i, j] - features[row, column]) ** 2).sum()
                size += 2 * (features[i, j] ** 2).sum()
        assert distance == pytest.approx(apart / size)
    swaps = [g for g, _ in found if (g != np.arange(7)).sum() == 2]
    assert len(swaps) == 3 + 6
    distances = [distance for _, distance in found]
    assert distances == sorted(distances)


@pytest.mark.parametrize("name", PLANTS)
def test_thirty_degrees_off(name: str) -> None:
    generator = np.random.default_rng(3)
    labels = shuffled(pattern(*PLANTS[name]), generator)
    found = msr.identify(spanning(labels, generator, degrees=30), labels.shape)
    group = closure(numbered(labels))
    assert found.order == group.order
    np.testing.assert_array_equal(found.orbits.numpy(), group.orbits)
    assert found.status == "found"


@pytest.mark.parametrize("number", [3, 9, 16])
def test_exceptional_entries(number: int) -> None:
    generator = np.random.default_rng(number)
    labels = shuffled(circulant(8), generator)
    U = exceptional(labels, generator, number)
    found = msr.identify(torch.tensor(U), (8, 8))
    assert (found.status, found.name) == ("found", "C8")
    np.testing.assert_array_equal(found.orbits.numpy(), numbered(labels))


def test_exceptions_are_the_entries_that_were_replaced() -> None:
    generator = np.random.default_rng(4)
    labels = numbered(circulant(8)).reshape(-1)
    for number in (0, 1, 5, 13):
        U = np.eye(8)[labels] @ generator.normal(size=(8, 8))
        replaced = generator.permutation(64)[:number]
        U[replaced] = 3 * generator.normal(size=(number, 8))
        own = span(U)
        found = excepted(own, labels, 8)
        assert found.number == number
        sizes = np.bincount(found.classes)
        assert set(np.flatnonzero(sizes[found.classes] == 1)) == set(replaced)
        ways = math.log(math.comb(64, number)) + math.log(64) * (number > 0)
        assert found.gain == pytest.approx(gain(own, found.classes)[0] - ways)


def test_noise_that_takes_the_direction_of_a_weak_column() -> None:
    """Strong columns count, at the cost of saying how many of them."""
    generator = np.random.default_rng(5)
    labels = circulant(8).reshape(-1)
    basis = np.eye(8)[labels] / 8**0.5
    weak = generator.normal(size=(64, 4))
    U = np.concatenate([basis @ generator.normal(size=(8, 4)), 0.01 * weak], axis=1)
    evidence, rank = gain(span(U), labels)
    assert rank == 4
    assert evidence == pytest.approx(0.5 * 4 * 56 * math.log(1e4) - math.log(8))


def test_noise_outside_the_span() -> None:
    generator = np.random.default_rng(6)
    for name in ("C8", "D4", "A4 and fixed points"):
        labels = shuffled(pattern(*PLANTS[name]), generator)
        U = torch.tensor(outside(labels, generator, share=0.3))
        found = msr.identify(U, labels.shape)
        assert found.status == "found"
        assert found.order == closure(numbered(labels)).order


def test_weights_that_are_all_equal() -> None:
    """Shuffled entries are no rival: a random direction is."""
    generator = np.random.default_rng(7)
    U = spanning(np.zeros((6, 4), dtype=int), generator, degrees=10)
    found = msr.identify(U, (6, 4))
    assert found.order == math.factorial(6) * math.factorial(4)
    assert found.status == "not sure"  # a subgroup is nearly as likely
    assert found.confidence.p_value < 1e-6
    U = spanning(np.zeros((2, 2), dtype=int), generator, degrees=40)
    # the share of the sphere in four dimensions that is as near to a line through its centre
    angle = math.radians(40)
    as_near = 2 * (angle - math.sin(angle) * math.cos(angle)) / math.pi
    assert msr.identify(U, (2, 2)).confidence.p_value == pytest.approx(as_near)


def test_orbits_of_a_rotation() -> None:
    turn = np.array([1, 2, 0, 4, 5, 3])
    np.testing.assert_array_equal(orbits_of([turn], (3, 3)), circulant(3))
    assert orbits_of([], (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
