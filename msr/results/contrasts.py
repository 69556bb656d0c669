"""Differences between cells of a table, with intervals from a paired bootstrap."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from .._utils.arguments import checked, shown
from .._utils.checks import check_between, check_number, check_seed
from .store import Results, cell_row

Scale = Literal["error", "log-odds"]
MOST_DRAWS = 10**6


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of errors, with its 95% interval.

    Attributes:
        estimate: the sum.
        low, high: the interval's ends.
        seeds: over how many seeds.
        units: over how many units: blocks of latitude, or classes.
    """

    estimate: float
    low: float
    high: float
    seeds: int
    units: int

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside of the interval."""
        return self.low > 0 or self.high < 0


@checked(by_hand=["weights"])
def contrast(
    results: Results,
    weights: Mapping[tuple[str, str], float | int],
    scale: Scale = "error",
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Contrast:
    """A weighted sum of cells of a table, such as a difference in differences.

    For experiments whose cells keep ``units``, such as winds (blocks of latitude) and
    letters (classes of the test). The error of a cell is ``sum(top) / sum(bottom)`` over
    its units, and over seeds that all of the cells have. For the interval seeds and units
    are both drawn with replacement, the same ones for all cells, so that what they share
    cancels; its ends are the quantiles .025 and .975 of so many draws (Owen 2007, the
    pigeonhole bootstrap, which is cautious). ::

        msr.contrast(results, {("MSR-8", "2 months"): 1, ("Ridge", "2 months"): -1})

    Args:
        results: of `msr.reproduce`.
        weights: by row and column of the table.
        scale: "error" sums the errors themselves, "log-odds" ``log((1 - e) / e)`` of each,
            which is that of right answers where the error e is the share of wrong ones.
        draws: of the bootstrap.
        seed: of the draws.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: there are no weights, a cell is not there or keeps no units, cells have
            no seed in common, or log-odds of an error outside of 0 to 1 are asked for.
    """
    check_between(1, MOST_DRAWS, draws=draws)
    check_seed(seed)
    _check_weights(weights)
    found = {cell: _by_seed(results, *cell) for cell in weights}
    common = sorted(set.intersection(*(set(cells) for cells in found.values())))
    if not common:
        raise ValueError(f"expected cells with a seed in common, got none for {weights}")
    counts = [np.stack([found[cell][s] for s in common]) for cell in weights]
    if len({c.shape for c in counts}) > 1:
        raise ValueError("expected cells with the same units, got different numbers")
    table, factors = np.stack(counts), np.array(list(weights.values()), float)
    number = table.shape[-1]
    generator = np.random.default_rng(seed)
    sums = np.empty(draws)
    for i in range(draws):
        of_seeds, of_units = _drawn(generator, len(common)), _drawn(generator, number)
        sums[i] = factors @ _errors(table, of_seeds, of_units, scale)
    once = np.ones(len(common)), np.ones(number)
    estimate = float(factors @ _errors(table, *once, scale))
    low, high = np.quantile(sums, [0.025, 0.975])
    return Contrast(estimate, float(low), float(high), len(common), number)


def _check_weights(weights: object) -> None:
    if not isinstance(weights, Mapping):
        raise TypeError(f"expected weights to be a dict, got {shown(weights)}")
    if not weights:
        raise ValueError("expected the weight of at least one cell, got none")
    for cell, weight in weights.items():
        if not (
            isinstance(cell, tuple)
            and len(cell) == 2
            and all(isinstance(name, str) for name in cell)
        ):
            raise TypeError(f"expected weights by (row, column), got one of {shown(cell)}")
        check_number("a weight", weight)
        if not math.isfinite(weight):
            raise ValueError(f"expected finite weights, got {shown(weight)}")


def _by_seed(
    results: Results, row: str, column: str
) -> dict[int, Float[np.ndarray, "two units"]]:
    """What a cell keeps of its units, by seed."""
    cells = [
        c for c in results.cells.values() if (cell_row(c), c["column"]) == (row, column)
    ]
    found = {
        c["seed"]: np.array([c["units"]["top"], c["units"]["bottom"]], float)
        for c in cells
        if "units" in c
    }
    if not found:
        raise ValueError(
            f"expected a cell with units in row {shown(row)}, column {shown(column)}, got "
            f"{'one without' if cells else 'none'}"
        )
    return found


def _drawn(generator: np.random.Generator, number: int) -> Float[np.ndarray, " number"]:
    """How often each of so many is drawn, in as many draws."""
    draws = generator.integers(0, number, number)
    return np.bincount(draws, minlength=number).astype(float)


def _errors(
    table: Float[np.ndarray, "cells seeds two units"],
    of_seeds: Float[np.ndarray, " seeds"],
    of_units: Float[np.ndarray, " units"],
    scale: str,
) -> Float[np.ndarray, " cells"]:
    """The error of each cell, with seeds and units as often as said."""
    sums = np.einsum("cstu,s,u->ct", table, of_seeds, of_units)
    errors = sums[:, 0] / sums[:, 1]
    if scale == "error":
        return errors
    if not ((errors > 0) & (errors < 1)).all():
        raise ValueError(f"expected errors between 0 and 1 for log-odds, got {errors}")
    return np.log((1 - errors) / errors)
