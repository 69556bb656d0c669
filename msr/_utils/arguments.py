"""Arguments are what signatures say: one mechanism for everything public.

``@checked`` reads the annotations of a function, or of a class's public methods, once and
compares every call's arguments with them before any work. It differs from general type
checkers in what errors say, in one line for a reader who knows the call and not the code;
in that True is no integer and a text no sequence; and in that every item of a list is
looked at. What a type cannot say, such as the range of a number, functions check
themselves, with `msr._utils.checks`.
"""

import functools
import inspect
import typing
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeVar, cast, overload

from .annotations import Kind, kind_of, shown

Target = TypeVar("Target", bound=Callable[..., Any])


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations; names that exist for type checkers only mean anything."""
    try:
        return typing.get_type_hints(function)
    except NameError:
        return {
            name: Any if isinstance(hint, str) else hint
            for name, hint in getattr(function, "__annotations__", {}).items()
        }


def _kinds(
    function: Callable[..., Any],
) -> tuple[list[str], Kind | None, dict[str, Kind]]:
    """The names of positional parameters, the kind of further ones, and all by name."""
    hints = _hints(function)
    parameters = inspect.signature(function).parameters
    named = {name: kind_of(hints[name]) for name in parameters if name in hints}
    order = [
        name
        for name, p in parameters.items()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    rest = next((n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL), None)
    further = named.pop(rest, None) if rest else None
    keywords = next((n for n, p in parameters.items() if p.kind is p.VAR_KEYWORD), None)
    named.pop(keywords or "", None)
    return order, further, named


@overload
def checked(target: Target) -> Target: ...


@overload
def checked(*, by_hand: Sequence[str]) -> Callable[[Target], Target]: ...


def checked(target: Target | None = None, *, by_hand: Sequence[str] = ()) -> Any:
    """Compare the arguments of a function, or of a class's methods, with its signature.

    Calls then raise, before any work,

    - TypeError: "expected n to be an integer, got '4'";
    - ValueError: the type is right, but not the word, or not the number of axes.

    Args:
        target: a function, or a class, whose public methods and constructor are meant.
        by_hand: parameters that the function itself checks, with better words.
    """
    if target is None:
        return functools.partial(checked, by_hand=by_hand)
    if isinstance(target, type):
        for name, attribute in list(vars(target).items()):
            if name.startswith("_") and name not in ("__init__", "__call__"):
                continue
            if isinstance(attribute, classmethod | staticmethod):
                function = _checked(attribute.__func__, by_hand)
                setattr(target, name, type(attribute)(function))
            elif inspect.isfunction(attribute) and not hasattr(attribute, "__checked__"):
                setattr(target, name, _checked(attribute, by_hand))
        return target
    return _checked(target, by_hand)


def _checked(function: Target, by_hand: Sequence[str]) -> Target:
    kinds: tuple[list[str], Kind | None, dict[str, Kind]] | None = None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal kinds
        if kinds is None:
            order, further, named = _kinds(function)
            named = {name: kind for name, kind in named.items() if name not in by_hand}
            kinds = order, further, named
        order, further, named = kinds
        for name, value in chain(zip(order, args), kwargs.items()):
            kind = named.get(name)
            if kind is not None and (fault := kind.fault(value)) is not None:
                raise fault(f"expected {name} to be {kind.words}, got {shown(value)}")
        if further is not None:
            for value in args[len(order) :]:
                if (fault := further.fault(value)) is not None:
                    raise fault(f"expected {further.words}, got {shown(value)}")
        return function(*args, **kwargs)

    call.__checked__ = True  # type: ignore[attr-defined]
    return cast(Target, call)
