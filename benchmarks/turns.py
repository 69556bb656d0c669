"""Times of several contenders, in turn.

``torch.utils.benchmark`` times one statement after the other; here contenders take turns,
so that a machine that slows down slows all of them.
"""

import statistics
import time

import numpy as np
import torch

from .contender import Contender

TURN = 0.25


def times(made: dict[str, Contender], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of a meta-step; all contenders in turn, ``rounds`` times.

    A turn lasts `TURN` seconds or one step, so that caches are warm as in training. A slow
    moment of the machine hits all contenders alike, so that ratios hold.
    """
    repeats = {name: _repeats(contender) for name, contender in made.items()}
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, contender in made.items():
            started = time.perf_counter()
            for _ in range(repeats[name]):
                contender.step()
            _wait_for_gpu()
            passed = time.perf_counter() - started
            seconds[name].append(passed / (repeats[name] * contender.steps))
    return {name: _summary(np.array(s) * 1e3) for name, s in seconds.items()}


def _repeats(contender: Contender) -> int:
    """Calls that fill a turn. The first calls are for compilation and allocation."""
    for _ in range(3):
        started = time.perf_counter()
        contender.step()
        _wait_for_gpu()
        passed = time.perf_counter() - started
    return max(1, round(TURN / passed))


def _wait_for_gpu() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _summary(milliseconds: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(milliseconds, [0.1, 0.9])
    return {
        "median": statistics.median(milliseconds.tolist()),
        "low": float(low),
        "high": float(high),
    }
