"""How far ahead of no symmetry a candidate comes by chance, by simulation."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from .evidence import Evidence
from .problem import Problem
from .rotation import Rotation, rotations, spectrum
from .type_two import maximum

MOST_NUMBERS = 2**22  # that are simulated at once


def leads_by_chance(
    problem: Problem,
    free: Evidence,
    candidates: Sequence[tuple[Rotation, ...]],
    simulations: int,
    generator: torch.Generator,
    noise: float | None = None,
    width: float | None = None,
) -> Float[np.ndarray, " simulations"]:
    """The best candidate's log evidence over that of all weights free, if these are true.

    Outputs are drawn from the model without symmetry that was fitted to the data, for the
    same inputs. In the coordinates of the free model they are independent.

    Args:
        problem: the data.
        free: the evidence of all weights free.
        candidates: the coordinates of the other candidates.
        simulations: how many data sets are drawn.
        generator: seeds the draws.
        noise: as given to the comparison.
        width: likewise.
    """
    seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
    draw = np.random.default_rng(seed)
    own = rotations(problem, None)
    numbers = sum(block.targets.size for block in problem.blocks)
    at_once = max(1, min(simulations, MOST_NUMBERS // numbers))
    found = []
    for start in range(0, simulations, at_once):
        sets = min(at_once, simulations - start)
        targets = []
        for block in problem.blocks:
            spread = np.hypot(free.noise, free.width * block.sizes)[:, None, None, None]
            targets.append(spread * draw.standard_normal((*block.targets.shape, sets)))
        rest = np.zeros(sets)
        if numbers < problem.count:
            rest = free.noise**2 * draw.chisquare(problem.count - numbers, sets)
        squares = rest + sum(np.square(t).sum((0, 1, 2)) for t in targets)
        relative = problem.least_noise / np.sqrt(_squares(problem) / problem.count)
        least = relative * np.sqrt(squares / problem.count)
        data = targets, rest, least
        base = maximum(spectrum(problem, own, *data), noise, width).log_evidence
        best = np.full(sets, -np.inf)
        for turns in candidates:
            drawn = maximum(spectrum(problem, turns, *data), noise, width).log_evidence
            best = np.maximum(best, drawn)
        found.append(best - base)
    return np.concatenate(found) if found else np.zeros(0)


def _squares(problem: Problem) -> float:
    return sum(float(np.square(b.targets).sum()) + b.rest for b in problem.blocks)
