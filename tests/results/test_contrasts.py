"""Contrasts of cells: the sum by hand, intervals by plain loops and by known cases."""

import math

import numpy as np
import pytest
import scipy.stats

import msr


def results(errors: dict[tuple[str, str], np.ndarray], bottom: float = 10.0) -> msr.Results:
    """Cells with these errors, by seed and unit."""
    cells = {}
    for (row, column), table in errors.items():
        for seed, units in enumerate(table):
            cells[f"{row} | {column} | {seed}"] = {
                "method": row,
                "column": column,
                "seed": seed,
                "mse": float(units.mean()),
                "ci95": 0.1,
                "units": {
                    "top": (units * bottom).tolist(),
                    "bottom": [bottom] * len(units),
                },
            }
    return msr.Results({}, cells=cells)


def some(seed: int, mean: float, seeds: int = 4, units: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.05, (seeds, units))


def test_the_estimate_is_the_weighted_sum_of_errors() -> None:
    errors = {
        (r, c): some(i, 0.2 + 0.1 * i) for i, (r, c) in enumerate(["ab", "Ab", "aB", "AB"])
    }
    weights = dict(zip(errors, (1, -1, -1, 1)))
    found = msr.contrast(results(errors), weights, draws=50)
    expected = sum(w * errors[cell].mean() for cell, w in weights.items())
    assert found.estimate == pytest.approx(expected)
    assert (found.seeds, found.units) == (4, 30)
    odds = msr.contrast(results(errors), weights, "log-odds", draws=50)
    expected = sum(
        w * math.log((1 - errors[cell].mean()) / errors[cell].mean())
        for cell, w in weights.items()
    )
    assert odds.estimate == pytest.approx(expected)


def test_units_count_by_their_denominators() -> None:
    cells = results({("a", "c"): np.array([[0.5, 0.1]])}).cells
    cells["a | c | 0"]["units"] = {"top": [1.0, 30.0], "bottom": [10.0, 90.0]}
    found = msr.contrast(msr.Results({}, cells=cells), {("a", "c"): 1}, draws=10)
    assert found.estimate == pytest.approx(31 / 100)


def test_the_interval_is_that_of_plain_loops() -> None:
    a, b = some(1, 0.3, 3, 5), some(2, 0.2, 3, 5)
    found = msr.contrast(
        results({("a", "c"): a, ("b", "c"): b}), {("a", "c"): 1, ("b", "c"): -1}, draws=4000
    )
    rng = np.random.default_rng(99)
    sums = []
    for _ in range(4000):
        seeds, units = rng.integers(0, 3, 3), rng.integers(0, 5, 5)
        pairs = [(s, u) for s in seeds for u in units]
        sums.append(np.mean([a[s, u] - b[s, u] for s, u in pairs]))
    low, high = np.quantile(sums, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.003)
    assert found.high == pytest.approx(high, abs=0.003)
    assert found.excludes_zero == (low > 0)


def test_what_cells_share_cancels() -> None:
    shared = some(1, 0.5) * 4
    pair = results({("a", "c"): shared + 0.01, ("b", "c"): shared})
    both = {("a", "c"): 1.0, ("b", "c"): -1.0}
    found = msr.contrast(pair, both, draws=300)
    assert found.low == pytest.approx(0.01)
    assert found.high == pytest.approx(0.01)
    assert found.excludes_zero
    alone = msr.contrast(pair, {("a", "c"): 1.0}, draws=300)
    assert alone.high - alone.low > 0.05


def test_with_one_seed_it_is_the_interval_over_units() -> None:
    errors = some(3, 0.4, 1, 200)
    found = msr.contrast(results({("a", "c"): errors}), {("a", "c"): 1}, draws=4000)
    low, high = scipy.stats.norm.interval(0.95, errors.mean(), scipy.stats.sem(errors[0]))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.001)


def test_only_common_seeds_count_and_draws_have_a_seed() -> None:
    a, b = some(1, 0.3, 4), some(2, 0.2, 2)
    table = results({("a", "c"): a, ("b", "c"): b})
    weights = {("a", "c"): 1, ("b", "c"): -1}
    found = msr.contrast(table, weights, draws=100)
    assert found.seeds == 2
    assert found.estimate == pytest.approx(a[:2].mean() - b.mean())
    assert msr.contrast(table, weights, draws=100) == found
    assert msr.contrast(table, weights, draws=100, seed=1) != found


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("weights", "scale", "error", "message"),
    [
        ({}, "error", ValueError, "at least one cell, got none"),
        ([("a", "c")], "error", TypeError, "weights to be a dict"),
        ({"a": 1}, "error", TypeError, r"by \(row, column\), got one of 'a'"),
        ({("a", "c"): math.nan}, "error", ValueError, "finite weights"),
        ({("a", "c"): "1"}, "error", TypeError, "a weight to be a number"),
        ({("a", "x"): 1}, "error", ValueError, "row 'a', column 'x', got none"),
        ({("old", "c"): 1}, "error", ValueError, "got one without"),
        ({("a", "c"): 1, ("late", "c"): 1}, "error", ValueError, "a seed in common"),
        ({("a", "c"): 1, ("few", "c"): 1}, "error", ValueError, "the same units"),
        ({("zero", "c"): 1}, "log-odds", ValueError, "between 0 and 1 for log-odds"),
        ({("a", "c"): 1}, "odds", ValueError, "log-odds"),
    ],
)
def test_wrong_arguments(weights, scale, error, message) -> None:
    table = results(
        {
            ("a", "c"): some(1, 0.3),
            ("late", "c"): some(1, 0.3),
            ("few", "c"): some(1, 0.3, 4, 7),
            ("zero", "c"): np.zeros((1, 3)),
            ("old", "c"): some(1, 0.3, 1),
        }
    )
    for cell in table.cells.values():
        if cell["method"] == "late":
            cell["seed"] += 10
        if cell["method"] == "old":
            del cell["units"]
    with pytest.raises(error, match=message):
        msr.contrast(table, weights, scale, draws=5)
