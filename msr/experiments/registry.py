"""The experiments by name: which methods, on which problems.

The columns of an experiment are its problems; a column may also change a method, such
as its number of inner steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch

from ..inner_loops.gradient_descent import GradientDescent
from ..tasks.letters import Letters
from ..tasks.low_rank_1d import LowRank1d
from ..tasks.ring_winds import RingWinds
from ..tasks.steerable_conv2d import SteerableConv2d
from .letters import LETTERS, measure_letters
from .methods import MSR_RIDGE, ROTATION, SUPPORT, TRANSLATION, Method, Tasks
from .winds import WINDS, measure_winds

Measure = Callable[
    [Any, Any, int, int, torch.device | str | None], dict[str, Any]
]  # of a method, tasks, steps, seed and device


def _unchanged(method: Method, tasks: Tasks) -> Method:
    return method


@dataclass(frozen=True)
class Column:
    """What a column of a table means.

    Args:
        problem: settings of its tasks, by name.
        method: hyperparameters that it gives to every method, by name; see
            `msr.experiments.HYPERPARAMETERS`.
    """

    problem: Mapping[str, Any] = field(default_factory=dict)
    method: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """A table of methods by problems.

    Args:
        title: what it is, in a few words.
        methods: the rows, by name.
        columns: the columns, by label.
        problem: makes tasks from settings by name and a seed.
        adjust: what the tasks change in a method.
        steps: outer steps unless said otherwise.
        measure: trains and tests a cell, and returns what is kept of it; by default see
            `msr.experiments.cells.run_cell`.
        error: what the number of a cell is, in a few words.
    """

    title: str
    methods: Mapping[str, Method]
    columns: Mapping[str, Column]
    problem: Callable[..., Tasks] = LowRank1d
    adjust: Callable[[Method, Tasks], Method] = _unchanged
    steps: int = 1000
    measure: Measure | None = None
    error: str = "MSE"


def _with_stable_steps(method: Method, tasks: Tasks) -> Method:
    """Gradient descent from a step size in the middle of the stable range.

    The largest eigenvalue of the Hessian of m channels' mean squared error, for P
    windows of nine standard normal pixels, is about ``(2 / m) (1 + sqrt(9 / P))^2``
    (Marchenko and Pastur 1967). Steps are stable up to 2 over it; half of that is best
    for the steepest direction.
    """
    if not isinstance(method.inner, GradientDescent) or not isinstance(
        tasks, SteerableConv2d
    ):
        return method
    windows = (tasks.size - 2) ** 2
    steepest = 2 / tasks.channels * (1 + (9 / windows) ** 0.5) ** 2
    return replace(method, inner=GradientDescent(method.inner.steps, 1 / steepest))


def _pick(*names: str) -> dict[str, Method]:
    return {name: TRANSLATION[name] for name in names}


def _translation(size: str, k: int, **problem: Any) -> dict[str, Any]:
    """The settings of `LowRank1d` that stand for a column of Table 1."""
    return {"rank": k, "train_examples": {"small": 2, "large": 20}[size]} | problem


_one_field = partial(SteerableConv2d, fields=1, train_examples=5, test_examples=5)

TABLE_1 = {
    f"{size}/k={k}": Column(_translation(size, k))
    for size in ("small", "large")
    for k in (1, 2, 5)
}
SIZES = (3, 4, 5, 6, 8, 12)
MONTHS = (2, 4, 8, 16, 32, 64)

EXPERIMENTS = {
    "translation": Experiment(
        "Table 1: partial translation symmetry", TRANSLATION, TABLE_1
    ),
    "ridge": Experiment(
        "Table 1 with the closed-form inner loop",
        {MSR_RIDGE.name: MSR_RIDGE},
        TABLE_1,
        steps=5000,
    ),
    "inner-steps": Experiment(
        "Table 1 (large) against the number of inner steps",
        _pick("MAML-Conv", "MSR-FC"),
        {
            f"large/k={k}, steps={s}": Column(_translation("large", k), {"inner_steps": s})
            for k in (1, 5)
            for s in (1, 2, 3, 5)
        },
    ),
    "bounded-steps": Experiment(
        "Table 1 (large) with step sizes that each task's curvature bounds",
        _pick("MSR-FC"),
        {
            f"large/k={k}, steps={s}, c={c}": Column(
                _translation("large", k), {"inner_steps": s, "max_curvature": c}
            )
            for k, s in ((1, 3), (2, 3), (5, 3), (5, 5))
            for c in (1.0, 1.5)
        },
    ),
    "training-tasks": Experiment(
        "Table 1 (large, k=1) against the number of training tasks",
        _pick("MSR-FC"),
        {
            f"large/k=1, tasks={n}": Column(_translation("large", 1, train_tasks=n))
            for n in (4, 16, 64, 256, 1024, 8000)
        },
    ),
    "rotation": Experiment(
        "Table 2: rotations and flips",
        ROTATION,
        {"Rot": Column(), "Rot+Flip": Column({"flip": True})},
        SteerableConv2d,
    ),
    "step-size": Experiment(
        "Table 2 (Rot) against the first inner step size",
        ROTATION,
        {
            f"Rot, lr={a}": Column(method={"inner_lr": float(a)})
            for a in (0.1, 0.3, 1, 3, 6, 10, 15)
        },
        SteerableConv2d,
        steps=150,
    ),
    "support": Experiment(
        "One small support image, with and without noise on its targets",
        SUPPORT,
        {
            f"{label}size={size}": Column({"size": size, "noise": noise})
            for label, noise in (("", 0.0), ("noise=0.3, ", 0.3))
            for size in SIZES
        },
        _one_field,
        _with_stable_steps,
        steps=400,
    ),
    "winds": Experiment(
        "Winds on a ring of longitudes, against the months of a support set",
        WINDS,
        {
            f"{label}{months} months": Column(
                {"support": months, "query": min(24, 72 - months), "years": years}
            )
            for label, years in (("", "alternate"), ("later, ", "later"))
            for months in MONTHS
        },
        RingWinds,
        steps=400,
        measure=measure_winds,
        error="MSE over that of predicting zero",
    ),
    "letters": Experiment(
        "Letters whose query images are moved, 5 ways and 1 shot",
        LETTERS,
        {moves: Column({"query_moves": moves}) for moves in ("none", "D4", "shifts")},
        Letters,
        measure=measure_letters,
        error="share of wrong answers",
    ),
}
