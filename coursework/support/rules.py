"""Rules for answers: functions that a student is to write, not to call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import torch

import msr

from .judging import Function

DIFFERENTIATION = {
    torch.Tensor: ("backward",),
    torch.autograd: ("grad", "backward"),
    torch.func: (
        "grad",
        "grad_and_value",
        "hessian",
        "jacfwd",
        "jacrev",
        "jvp",
        "linearize",
        "vjp",
    ),
    torch.autograd.functional: ("hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"),
}


@contextmanager
def forbid(function: Function, *names: str) -> Iterator[None]:
    """While inside, the named functions of msr are out of reach of a student's function.

    Raises:
        AssertionError: the function, or a function of the notebook that it calls, names
            one of them.
    """
    for code, scope in _own_code(function):
        for name in names:
            if name in _names(code) - scope.keys():
                _refusal(_own(name))()
    with _out_of_reach(function, [(msr, name) for name in names], _own):
        yield


@contextmanager
def by_formula(function: Function) -> Iterator[None]:
    """While inside, a student's function has no automatic differentiation.

    Raises:
        AssertionError: the function, or a function of the notebook that it calls, uses it.
    """
    places = [(place, n) for place, names in DIFFERENTIATION.items() for n in names]
    message = "a formula is asked for: do without automatic differentiation"
    with _out_of_reach(function, places, lambda _: message):
        yield


@contextmanager
def in_float64() -> Iterator[None]:
    """While inside, double precision is torch's default, whatever the notebook has set."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _out_of_reach(
    function: Function, places: list[tuple[Any, str]], message: Callable[[str], str]
) -> Iterator[None]:
    """Put a refusal in the place of each attribute, and look for it under other names."""
    originals = [(place, name, getattr(place, name)) for place, name in places]
    for code, scope in _own_code(function):
        values = [scope[used] for used in _names(code) & scope.keys()]
        for _, name, original in originals:
            if any(value is original for value in values):
                _refusal(message(name))()
    try:
        for place, name, _ in originals:
            setattr(place, name, _refusal(message(name)))
        yield
    finally:
        for place, name, original in originals:
            setattr(place, name, original)


def _own(name: str) -> str:
    return f"msr.{name} does what is asked for here: write your own"


def _refusal(message: str) -> Function:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError(message)

    return refuse


def _own_code(function: Function) -> Iterator[tuple[CodeType, dict[str, Any]]]:
    """The code of a function of the notebook and of those it calls, with their globals."""
    pending, seen = [function], set()
    while pending:
        current = pending.pop()
        code = getattr(current, "__code__", None)
        if code is None or code in seen:
            continue
        seen.add(code)
        scope: dict[str, Any] = getattr(current, "__globals__", {})
        yield code, scope
        used = [scope[name] for name in _names(code) & scope.keys()]
        pending += [value for value in used if getattr(value, "__globals__", None) is scope]


def _names(code: CodeType) -> set[str]:
    nested = [
        _names(constant) for constant in code.co_consts if isinstance(constant, CodeType)
    ]
    return set(code.co_names).union(*nested)
