"""The experiments by name: which methods, on which problems.

The columns of an experiment are its problems; a column may also change a method, such
as its number of inner steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ..inner_loops.gradient_descent import GradientDescent
from ..tasks.low_rank_1d import LowRank1d
from ..tasks.steerable_conv2d import SteerableConv2d
from .methods import MSR_RIDGE, ROTATION, SUPPORT, TRANSLATION, Method, Tasks


def _unchanged(method: Method, column: str, tasks: Tasks) -> Method:
    return method


@dataclass(frozen=True)
class Experiment:
    """A table of methods by problems.

    Args:
        title: what it is, in a few words.
        methods: the rows, by name.
        columns: names of the columns.
        tasks: the task distribution of a column for a seed.
        problem: the task distribution for settings given by name, as in a sweep.
        adjust: what a column, or its tasks, change in a method.
        steps: outer steps unless said otherwise.
    """

    title: str
    methods: Mapping[str, Method]
    columns: tuple[str, ...]
    tasks: Callable[[str, int], Tasks]
    problem: Callable[..., Tasks] = LowRank1d
    adjust: Callable[[Method, str, Tasks], Method] = _unchanged
    steps: int = 1000


def _settings(column: str) -> dict[str, str]:
    """The settings in a column's name: "large, k=5" is {"large": "", "k": "5"}."""
    parts = (part.partition("=") for part in column.replace("/", ",").split(","))
    return {name.strip(): value for name, _, value in parts}


def _translation(column: str, seed: int) -> LowRank1d:
    settings = _settings(column)
    return LowRank1d(
        rank=int(settings["k"]),
        seed=seed,
        train_examples=2 if "small" in settings else 20,
        train_tasks=int(settings.get("tasks", 8000)),
    )


def _rotation(column: str, seed: int) -> SteerableConv2d:
    return SteerableConv2d(flip="Flip" in column, seed=seed)


_one_field = partial(SteerableConv2d, fields=1, train_examples=5, test_examples=5)


def _support(column: str, seed: int) -> SteerableConv2d:
    settings = _settings(column)
    size, noise = int(settings["size"]), float(settings.get("noise", 0))
    return _one_field(seed=seed, size=size, noise=noise)


def _with_gradient_descent(method: Method, column: str, tasks: Tasks) -> Method:
    """The number of inner steps and the first step size that the column names."""
    settings = _settings(column)
    steps, lr = int(settings.get("steps", 3)), float(settings.get("lr", 0.1))
    return replace(method, inner=GradientDescent(steps, lr))


def _with_stable_steps(method: Method, column: str, tasks: Tasks) -> Method:
    """Gradient descent from a step size in the middle of the stable range.

    The largest eigenvalue of the Hessian of c channels' mean squared error, for P
    windows of nine standard normal pixels, is about ``(2 / c) (1 + sqrt(9 / P))^2``
    (Marchenko and Pastur 1967). Steps are stable up to 2 over it; half of that is best
    for the steepest direction.
    """
    if not isinstance(method.inner, GradientDescent) or isinstance(tasks, LowRank1d):
        return method
    windows = (tasks.size - 2) ** 2
    steepest = 2 / tasks.channels * (1 + (9 / windows) ** 0.5) ** 2
    return replace(method, inner=GradientDescent(method.inner.steps, 1 / steepest))


def _pick(*names: str) -> dict[str, Method]:
    return {name: TRANSLATION[name] for name in names}


TABLE_1 = tuple(f"{size}/k={k}" for size in ("small", "large") for k in (1, 2, 5))
SIZES = (3, 4, 5, 6, 8, 12)

EXPERIMENTS = {
    "translation": Experiment(
        "Table 1: partial translation symmetry",
        TRANSLATION,
        TABLE_1,
        _translation,
    ),
    "ridge": Experiment(
        "Table 1 with the closed-form inner loop",
        {MSR_RIDGE.name: MSR_RIDGE},
        TABLE_1,
        _translation,
        steps=5000,
    ),
    "inner-steps": Experiment(
        "Table 1 (large) against the number of inner steps",
        _pick("MAML-Conv", "MSR-FC"),
        tuple(f"large/k={k}, steps={s}" for k in (1, 5) for s in (1, 2, 3, 5)),
        _translation,
        adjust=_with_gradient_descent,
    ),
    "training-tasks": Experiment(
        "Table 1 (large, k=1) against the number of training tasks",
        _pick("MSR-FC"),
        tuple(f"large/k=1, tasks={n}" for n in (4, 16, 64, 256, 1024, 8000)),
        _translation,
    ),
    "rotation": Experiment(
        "Table 2: rotations and flips",
        ROTATION,
        ("Rot", "Rot+Flip"),
        _rotation,
        SteerableConv2d,
    ),
    "step-size": Experiment(
        "Table 2 (Rot) against the first inner step size",
        ROTATION,
        tuple(f"Rot, lr={lr}" for lr in (0.1, 0.3, 1, 3, 6, 10, 15)),
        _rotation,
        SteerableConv2d,
        _with_gradient_descent,
        steps=150,
    ),
    "support": Experiment(
        "One small support image, with and without noise on its targets",
        SUPPORT,
        tuple(f"{noise}size={s}" for noise in ("", "noise=0.3, ") for s in SIZES),
        _support,
        _one_field,
        _with_stable_steps,
        steps=400,
    ),
}
