"""What a group and a partition cost, and what they gain."""

import itertools
import math

import numpy as np
import pytest
from actions import cosets, pattern, spanning

import msr
from msr.discovery.closure import numbered
from msr.discovery.scores import cost_of_group, cost_of_partition, gain, violation
from msr.discovery.span import span_of


@pytest.mark.parametrize("classes", [[0, 0, 1, 2], [0, 1, 1, 0, 1], [0, 0, 0]])
def test_a_partition_costs_the_log_of_how_many_there_are(classes: list[int]) -> None:
    arrangements = set(itertools.permutations(classes))
    assert cost_of_partition(np.array(classes)) == pytest.approx(
        math.log(len(arrangements)), abs=1e-9
    )


def test_a_group_costs_the_log_of_the_namings_that_move_it() -> None:
    """Of 3! 4! namings of rows and columns, those of the group itself change nothing."""
    assert cost_of_group((3, 4), 6) == pytest.approx(math.log(24))
    assert cost_of_group((5, 5), math.factorial(5) ** 2) == pytest.approx(0)


def test_violation_is_0_for_the_right_classes_and_near_1_for_random_ones() -> None:
    generator = np.random.default_rng(0)
    labels = pattern(*[cosets(msr.cyclic(8))] * 2).reshape(-1)
    span = span_of(spanning(labels.reshape(8, 8), generator).cpu().numpy(), 1e-10)
    assert span.basis.shape == (64, 8)
    assert violation(span, labels, 8) < 1e-20
    wrong = [violation(span, numbered(generator.permutation(labels)), 8) for _ in range(50)]
    assert 0.8 < np.mean(wrong) < 1.1  # less than 1: constant weights are in every span
    assert violation(span, np.arange(64), 8) == 1


def test_the_gain_is_that_of_the_angle() -> None:
    """At an angle a, the square of sin a is left: r (mn - d) / 2 times its log, corrected."""
    generator = np.random.default_rng(1)
    labels = pattern(*[cosets(msr.cyclic(8))] * 2)
    U = spanning(labels, generator, degrees=20).cpu().numpy()
    evidence, rank = gain(span_of(U, 1e-10), labels.reshape(-1))
    left = math.sin(math.radians(20)) ** 2 * 64 / (64 - 8)
    assert rank == 8
    expected = -0.5 * 8 * (64 - 8) * math.log(left) - math.log(8)
    assert evidence == pytest.approx(expected, abs=1)
