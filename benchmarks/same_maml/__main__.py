"""The same MAML by every library that is installed: equal, and how fast.

Usage: python -m benchmarks.same_maml [--out FILE]

Some minutes. Libraries that cannot be imported here are written down as such.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from msr._utils.files import write_atomically
from msr.results.origin import provenance
from msr.results.recorded import BENCHMARKS_FORMAT

from .libraries import (
    LIBRARIES,
    MetaGradient,
    declare_kernels_of_torchvision,
    meta_gradient,
    state_of,
)
from .problem import LR, NORMS, STEPS, TASKS, network, sines

RESULTS = Path(__file__).resolve().parents[2] / "results" / "same-maml.json"
ROUNDS, TURN = 15, 0.3


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    path = parser.parse_args().out
    torch.set_num_threads(1)
    run = provenance("python -m benchmarks.same_maml")
    states = {name: state_of(library) for name, library in LIBRARIES.items()}
    found, errors = available()
    apart = {
        name: {norm or "none": differences(function, norm) for norm in (None, *NORMS)}
        for name, function in found.items()
    }
    took = milliseconds({name: meta_step(function) for name, function in found.items()})
    for name, library in LIBRARIES.items():
        if library.package and states[name]["version"]:
            run["versions"][library.package] = states[name]["version"]
    content = {
        "format": BENCHMARKS_FORMAT,
        "runs": [run],
        "problem": {"tasks": TASKS, "steps": STEPS, "lr": LR, "rounds": ROUNDS},
        "torchvision_declared": "learn2learn" in found and declare_kernels_of_torchvision(),
        "libraries": {
            name: {
                "title": library.title,
                "package": library.package,
                **states[name],
                "error": errors.get(name),
                "apart": apart.get(name),
                "milliseconds": took.get(name),
            }
            for name, library in LIBRARIES.items()
        },
    }
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    print(f"complete: {path.name}")


def available() -> tuple[dict[str, MetaGradient], dict[str, str]]:
    """The functions of libraries that can be imported; of the others, why not."""
    found, errors = {}, {}
    for name in LIBRARIES:
        try:
            found[name] = meta_gradient(name)
        except ImportError as error:
            errors[name] = f"{type(error).__name__}: {error}"
    return found, errors


def differences(function: MetaGradient, norm: str | None = None) -> dict[str, float]:
    """How far losses and meta-gradients are from those of the plain loop, in float64.

    The largest difference within a tensor, relative to its largest entry; of the
    gradients, the largest of all tensors, relative to a thousandth of the largest entry
    of all where a tensor's gradient vanishes but for rounding.
    """
    outcomes = [
        f(network(torch.float64, norm), *sines(torch.float64), LR, STEPS)
        for f in (function, meta_gradient("autograd"))
    ]
    (losses, gradients), (wanted_losses, wanted) = outcomes
    floor = 1e-3 * max(float(g.abs().max()) for g in wanted)
    return {
        "losses": relative_difference(losses.detach(), wanted_losses.detach()),
        "gradients": max(
            relative_difference(g, w, floor) for g, w in zip(gradients, wanted, strict=True)
        ),
    }


def relative_difference(tensor: Tensor, wanted: Tensor, floor: float = 0.0) -> float:
    """The largest difference, relative to the largest entry that is wanted."""
    return float((tensor - wanted).abs().max()) / max(float(wanted.abs().max()), floor)


def meta_step(function: MetaGradient) -> Callable[[], None]:
    """A meta-step in float32: the gradient, and an update by Adam."""
    model, batch = network(torch.float32), sines(torch.float32)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        _, gradients = function(model, *batch, LR, STEPS)
        for p, g in zip(model.parameters(), gradients, strict=True):
            p.grad = g
        optimizer.step()

    return step


def milliseconds(steps: dict[str, Callable[[], None]]) -> dict[str, dict[str, float]]:
    """Of a meta-step; all take turns, so that a slow moment of the machine hits all."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS + 1):
        for name, step in steps.items():
            count, started = 0, time.perf_counter()
            while not count or time.perf_counter() - started < TURN:
                step()
                count += 1
            seconds[name].append((time.perf_counter() - started) / count)
    # the first turn is for what is prepared once
    loop = seconds["autograd"][1:]
    return {name: _summary(turns[1:], loop) for name, turns in seconds.items()}


def _summary(seconds: list[float], loop: list[float]) -> dict[str, float]:
    """Ratios are of turns of the same round, since the machine has slow moments."""
    ratios = [plain / own for own, plain in zip(seconds, loop, strict=True)]
    return {
        "median": 1e3 * statistics.median(seconds),
        "low": 1e3 * min(seconds),
        "high": 1e3 * max(seconds),
        "times_as_fast_as_the_loop": statistics.median(ratios),
    }


if __name__ == "__main__":
    main()
