"""The settings of a method that a sweep can vary, by name."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

from .._utils.checks import (
    MOST_TASKS,
    check_at_least,
    check_between,
    check_kind,
    check_known,
    check_positive,
)
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.ridge import Ridge
from ..meta.settings import Decay
from .methods import Method


@dataclass(frozen=True)
class Hyperparameter:
    """One setting of a method.

    Args:
        meaning: in a few words.
        kind: type of its values.
        belongs_to: whether a method has it.
        put: the method with this value.
    """

    meaning: str
    kind: type
    belongs_to: Callable[[Method], bool]
    put: Callable[[Method, Any], Method]


def configure(method: Method, settings: Mapping[str, Any]) -> Method:
    """The method with these settings instead of its own.

    Args:
        method: in whose place to give one.
        settings: values by name, of `HYPERPARAMETERS`.

    Raises:
        ValueError: a name is unknown, the method has no such setting, or a value is
            out of range.
        TypeError: a value is of the wrong type.
    """
    for name, value in settings.items():
        setting = HYPERPARAMETERS[check_known("hyperparameter", name, HYPERPARAMETERS)]
        if not setting.belongs_to(method):
            raise ValueError(f"expected a hyperparameter of {method.name}, got {name!r}")
        check_kind(name, value, setting.kind)
        method = setting.put(method, value)
    return method


def _has_filters(method: Method) -> bool:
    return "filters" in inspect.signature(method.model).parameters


def _with_filters(method: Method, filters: int) -> Method:
    check_at_least(1, filters=filters)
    return replace(method, model=partial(method.model, filters=filters))  # type: ignore[call-arg]


def _with_lr(method: Method, lr: float) -> Method:
    check_positive(lr=lr)
    return replace(method, lr=lr)


def _with_decay(method: Method, decay: Decay) -> Method:
    check_known("decay", decay, get_args(Decay))
    return replace(method, decay=decay)


def _with_batch_size(method: Method, batch_size: int) -> Method:
    check_between(1, MOST_TASKS, batch_size=batch_size)
    return replace(method, batch_size=batch_size)


def _of_inner(loop: type, name: str, kind: type, meaning: str) -> Hyperparameter:
    """A field of the inner loop, for methods with this kind of inner loop."""

    def put(method: Method, value: Any) -> Method:
        return replace(method, inner=replace(method.inner, **{name: value}))  # type: ignore[type-var]

    return Hyperparameter(meaning, kind, lambda method: isinstance(method.inner, loop), put)


def _any(method: Method) -> bool:
    return True


HYPERPARAMETERS: dict[str, Hyperparameter] = {
    "filters": Hyperparameter(
        "columns of a dense U; default: the paper's", int, _has_filters, _with_filters
    ),
    "inner_steps": _of_inner(GradientDescent, "steps", int, "steps of the inner loop"),
    "inner_lr": _of_inner(GradientDescent, "lr", float, "first inner step size"),
    "learn_inner_lr": _of_inner(
        GradientDescent, "learn_lr", bool, "whether inner step sizes are learned"
    ),
    "max_curvature": _of_inner(
        GradientDescent, "max_curvature", float, "bound on step size times curvature"
    ),
    "ridge": _of_inner(Ridge, "ridge", float, "first penalty of the closed form"),
    "lr": Hyperparameter("outer step size", float, _any, _with_lr),
    "decay": Hyperparameter(
        'of the outer step size: "none" or "cosine"',
        str,
        lambda method: method.training != "multitask",
        _with_decay,
    ),
    "batch_size": Hyperparameter("tasks per outer step", int, _any, _with_batch_size),
}
