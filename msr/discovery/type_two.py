"""Type-II maximum likelihood: noise and prior width that make data likeliest.

In the right coordinates the data of a linear model are independent: coordinate l has
variance ``s^2 + t^2 d_l^2``, with noise s and prior width t, and all further ones have
``s^2``. With the ratio ``r = t^2 / s^2`` the best noise is known,
``s^2 = (sum_l z_l^2 / (1 + r d_l^2) + rest) / count``, and r is found on a grid and
refined. All is done for several data sets with the same inputs at once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LOWEST, HIGHEST, STEP = -14.0, 30.0, 0.5  # of log(r d^2) for the largest d
SECTIONS = 12
ROUNDING = 1e-11
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Spectrum:
    """Data in coordinates that are independent.

    Attributes:
        sizes: d, the standard deviations that a prior of width 1 gives; shape (k,).
        multiplicity: how many coordinates have each; shape (k,).
        squares: sums of squares of these coordinates, per data set; shape (sets, k).
        rest: of all other coordinates; shape (sets,).
        count: how many numbers a data set has.
        least_noise: the smallest s, per data set; shape (sets,).
    """

    sizes: Float[np.ndarray, " k"]
    multiplicity: Float[np.ndarray, " k"]
    squares: Float[np.ndarray, "sets k"]
    rest: Float[np.ndarray, " sets"]
    count: int
    least_noise: Float[np.ndarray, " sets"]


@dataclass(frozen=True)
class Maximum:
    """The largest log evidence of each data set, and where it is.

    Attributes:
        log_evidence: shape (sets,).
        ratio: r = t^2 / s^2; shape (sets,).
        noise: s; shape (sets,).
    """

    log_evidence: Float[np.ndarray, " sets"]
    ratio: Float[np.ndarray, " sets"]
    noise: Float[np.ndarray, " sets"]


def maximum(
    spectrum: Spectrum,
    noise: float | None = None,
    width: float | None = None,
    refined: bool = True,
) -> Maximum:
    """The evidence at its maximum over what is not given of noise and width.

    Without refinement the maximum is that on the grid.
    """
    sets = len(spectrum.rest)
    if noise is not None and width is not None:
        return _at(spectrum, np.full(sets, (width / noise) ** 2), noise, width)
    grid = _grid(spectrum, width)
    values = _on_grid(spectrum, np.exp(grid), noise, width)
    # where the evidence is flat, the smallest width
    most = values.max(1, keepdims=True)
    flat = ROUNDING * (1 + np.abs(most))
    best = (values >= most - flat).argmax(1)
    coarse = _at(spectrum, np.exp(grid[best]), noise, width)
    if len(grid) < 3 or not refined:
        return coarse
    first = 1 + int(np.isinf(grid[0]))
    middle = grid[np.clip(best, first, len(grid) - 2)]

    def value(log_ratio: Float[np.ndarray, " sets"]) -> Float[np.ndarray, " sets"]:
        return _at(spectrum, np.exp(log_ratio), noise, width).log_evidence

    step = grid[2] - grid[1]
    fine = _at(spectrum, np.exp(_peak(value, middle - step, middle + step)), noise, width)
    better = fine.log_evidence > coarse.log_evidence + flat[:, 0]
    return Maximum(
        *(
            np.where(better, getattr(fine, name), getattr(coarse, name))
            for name in ("log_evidence", "ratio", "noise")
        )
    )


def _peak(
    value: Callable[[Float[np.ndarray, " sets"]], Float[np.ndarray, " sets"]],
    low: Float[np.ndarray, " sets"],
    high: Float[np.ndarray, " sets"],
) -> Float[np.ndarray, " sets"]:
    """Where functions are largest between two ends: golden section, then a parabola."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    for _ in range(SECTIONS):
        up = at_left < at_right
        low, high = np.where(up, left, low), np.where(up, high, right)
        fresh = np.where(up, low + GOLDEN * (high - low), high - GOLDEN * (high - low))
        at_fresh = value(fresh)
        left, right = np.where(up, right, fresh), np.where(up, fresh, left)
        at_left, at_right = (
            np.where(up, at_right, at_fresh),
            np.where(up, at_fresh, at_left),
        )
    centre, half = (low + high) / 2, (high - low) / 2
    below, at, above = value(low), value(centre), value(high)
    bend = below - 2 * at + above
    shift = np.divide(below - above, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return centre + half * np.clip(shift, -1, 1)


def _grid(spectrum: Spectrum, width: float | None) -> Float[np.ndarray, " points"]:
    """Values of log r among which the best is, up to a step."""
    if width is not None:  # the noise is at most the size of the data
        most = float((spectrum.squares.sum(1) + spectrum.rest).max())
        least = float(spectrum.least_noise.min()) ** 2
        ends = math.log(width**2 / most), math.log(width**2 / least)
        return np.linspace(*ends, math.ceil((ends[1] - ends[0]) / STEP) + 1)
    largest = float(spectrum.sizes.max(initial=0.0))
    if largest == 0:
        return np.array([-math.inf])  # no weight has an influence
    return np.append(-math.inf, np.arange(LOWEST, HIGHEST, STEP) - 2 * math.log(largest))


def _at(
    spectrum: Spectrum,
    ratio: Float[np.ndarray, " sets"],
    noise: float | None,
    width: float | None,
) -> Maximum:
    """The evidence with a ratio for each data set."""
    spread = 1 + ratio[:, None] * spectrum.sizes**2
    misfit = (spectrum.squares / spread).sum(1) + spectrum.rest
    volume = np.log(spread) @ spectrum.multiplicity
    variance = _variance(spectrum, misfit[:, None], ratio[:, None], noise, width)[:, 0]
    value = _value(spectrum, misfit, volume, variance)
    return Maximum(value, ratio, np.sqrt(variance))


def _on_grid(
    spectrum: Spectrum,
    ratios: Float[np.ndarray, " points"],
    noise: float | None,
    width: float | None,
) -> Float[np.ndarray, "sets points"]:
    """The evidence of every data set with every ratio."""
    spread = 1 + ratios[:, None] * spectrum.sizes**2
    misfit = spectrum.squares @ (1 / spread).T + spectrum.rest[:, None]
    volume = np.log(spread) @ spectrum.multiplicity
    variance = _variance(spectrum, misfit, ratios[None], noise, width)
    return _value(spectrum, misfit, volume, variance)


def _variance(
    spectrum: Spectrum,
    misfit: Float[np.ndarray, "sets points"],
    ratio: Float[np.ndarray, "#sets #points"],
    noise: float | None,
    width: float | None,
) -> Float[np.ndarray, "sets points"]:
    """The noise s^2 that is given, or best."""
    if noise is not None:
        return np.full(misfit.shape, noise**2)
    best = misfit / spectrum.count if width is None else width**2 / ratio + 0 * misfit
    return np.maximum(best, spectrum.least_noise[:, None] ** 2)


def _value(
    spectrum: Spectrum,
    misfit: Float[np.ndarray, "*shape"],
    volume: Float[np.ndarray, "*#shape"],
    variance: Float[np.ndarray, "*shape"],
) -> Float[np.ndarray, "*shape"]:
    """``log N(y; 0, s^2 (I + r Phi Phi^T))``."""
    normal = spectrum.count * np.log(2 * math.pi * variance)
    return -0.5 * (normal + volume + misfit / variance)
