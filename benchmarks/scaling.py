"""How cost grows: with tasks, size of U, inner steps, depth; and what chunks save."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import nn

import msr

from .cases import omniglot_batch, omniglot_learner
from .contender import ours
from .memory import peak

Curve = dict[str, Any]
Make = Callable[[int], tuple[msr.MetaLearner, msr.TaskBatch]]


def milliseconds(
    learner: msr.MetaLearner, batch: msr.TaskBatch, budget: float = 1.0
) -> float:
    """The median time of a meta-step, repeated for about ``budget`` seconds."""
    step = ours(learner, batch).step
    for _ in range(3):
        step()
    seconds: list[float] = []
    while len(seconds) < 5 or sum(seconds) < budget:
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return 1e3 * float(np.median(seconds))


def exponent(sizes: Iterable[float], values: Iterable[float]) -> float:
    """The slope of log value against log size, over the larger half of the sizes."""
    x, y = np.log(list(sizes)), np.log(list(values))
    half = len(x) // 2
    return float(np.polyfit(x[half:], y[half:], 1)[0])


def _curve(title: str, sizes: list[int], make: Make) -> Curve:
    times = [milliseconds(*make(size)) for size in sizes]
    return {
        "title": title,
        "sizes": sizes,
        "milliseconds": times,
        "exponent": exponent(sizes, times),
    }


def _layer(
    n: int, filters: int | None, tasks: int = 32, steps: int = 3
) -> tuple[msr.MetaLearner, msr.TaskBatch]:
    """A Linear layer from n to n, dense with so many filters, or Kronecker for None."""
    model = nn.Sequential(nn.Linear(n, n, bias=False))
    msr.reparameterize(model, filters, "kronecker" if filters is None else "dense")
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=steps, lr=0.01))
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, tasks, 20, n, generator=generator)
    return learner, msr.TaskBatch(x[:, :1], y[:, :1], x[:, 1:], y[:, 1:])


def _network(depth: int) -> tuple[msr.MetaLearner, msr.TaskBatch]:
    """Linear layers of width 64 with tanh between them, Kronecker."""
    layers = [m for _ in range(depth) for m in (nn.Linear(64, 64), nn.Tanh())][:-1]
    model = msr.reparameterize(nn.Sequential(*layers), factorization="kronecker")
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=3, lr=0.01))
    return learner, _layer(64, 1)[1]


def curves() -> dict[str, Curve]:
    """Time of a meta-step against one size at a time, the others as in MSR-FC."""
    kronecker = milliseconds(*_layer(64, None))
    filters = _curve(
        "filters k of a dense U", [2, 4, 8, 16, 32, 64, 128, 256, 512], _filters
    )
    return {
        "tasks": _curve("tasks", [4, 8, 16, 32, 64, 128, 256], lambda t: _layer(64, 3, t)),
        "steps": _curve("inner steps", [1, 2, 4, 8, 16, 32, 64], _steps),
        "filters": filters | {"kronecker": kronecker},
        "width-dense": _curve(
            "width n, dense U, k = 3", [16, 32, 64, 128, 256], lambda n: _layer(n, 3)
        ),
        "width-kronecker": _curve(
            "width n, Kronecker U", [16, 32, 64, 128, 256], lambda n: _layer(n, None)
        ),
        "depth": _curve("depth", [2, 3, 4, 6, 8, 12], _network),
    }


def _filters(k: int) -> tuple[msr.MetaLearner, msr.TaskBatch]:
    return _layer(64, k)


def _steps(steps: int) -> tuple[msr.MetaLearner, msr.TaskBatch]:
    """By U's Kronecker factors: the formula for few filters hides the cost of a step."""
    return _layer(64, None, steps=steps)


def chunks(tasks: int = 32) -> list[dict[str, float]]:
    """Time and peak memory of the Omniglot-size network by ``chunk_size``.

    ``share`` is the peak of a batch that has no more tasks than one chunk.
    """
    batch, found = omniglot_batch(tasks), []
    for size in (1, 2, 4, 8, 16, tasks):
        chunk_size = None if size == tasks else size
        found.append(
            {
                "chunk_size": size,
                "milliseconds": milliseconds(omniglot_learner(chunk_size), batch),
                "peak_bytes": peak("chunks", str(tasks), str(chunk_size or 0)),
                "share_bytes": peak("chunks", str(size), "0"),
            }
        )
    return found
