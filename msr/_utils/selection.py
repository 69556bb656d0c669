"""Choosing among things with dotted names: by name, by pattern, or by a function."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from torch import nn

from .arguments import shown
from .checks import check_takes

Thing = TypeVar("Thing")
Selection = str | Sequence[str] | Callable[[str, Any], bool]


def select(
    argument: str,
    selection: Selection,
    things: Mapping[str, Thing],
    others: Mapping[str, str] | None = None,
    *,
    itself: Collection[str] = (),
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """The names of the things that are meant, in the order of the mapping.

    A pattern, as of ``fnmatch``, means what has that name and everything within it: "head"
    means "head.weight". A function is asked with name and thing.

    Args:
        argument: what the selection is called in messages.
        selection: a pattern, several, or a function.
        things: by name.
        others: why other names cannot be meant, by name.
        itself: those of the names that only a pattern for themselves means: neither one
            of what they are in, nor one that leaves their last part open ("head.*").
        aliases: further names of things, by name.

    Raises:
        TypeError: the selection is none, or the function returns something else than True
            or False.
        ValueError: a pattern means nothing.
    """
    if isinstance(selection, nn.Module):
        raise TypeError(f"expected {argument} as names or a function, got a module")
    if callable(selection):
        check_takes(argument, selection, "name", "what has it")
        found = []
        for name, thing in things.items():
            answer = selection(name, thing)
            if not isinstance(answer, bool):
                raise TypeError(
                    f"expected the function {argument} to return True or False, got "
                    f"{shown(answer)} for {name!r}"
                )
            found += [name] if answer else []
        return found
    names = {name: [name, *(aliases or {}).get(name, ())] for name in things}

    def means(pattern: str, name: str) -> bool:
        fits = _is_for if name in itself else _means
        return any(fits(pattern, other) for other in names[name])

    patterns = [selection] if isinstance(selection, str) else list(selection)
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            raise (ValueError if pattern == "" else TypeError)(
                f"expected {argument} to hold names or patterns, got {shown(pattern)}"
            )
        if not any(means(pattern, name) for name in things):
            raise ValueError(_nothing(argument, pattern, things, others or {}))
    return [name for name in things if any(means(p, name) for p in patterns)]


def _means(pattern: str, name: str) -> bool:
    return any(fnmatchcase(part, pattern) for part in _within(name))


def _is_for(pattern: str, name: str) -> bool:
    last = pattern.rpartition(".")[2]
    return name == pattern or (
        last != "*"
        and fnmatchcase(name, pattern)
        and fnmatchcase(name.rpartition(".")[2], last)
    )


def _within(name: str) -> Iterator[str]:
    """The name, those of what it is in, and it as a tensor that is no parametrization."""
    parts = name.split(".")
    yield from (".".join(parts[:i]) for i in range(1, len(parts) + 1))
    if "parametrizations" in parts and parts[-1] == "original":
        yield ".".join(p for p in parts[:-1] if p != "parametrizations")


def _nothing(
    argument: str, pattern: str, things: Mapping[str, Any], others: Mapping[str, str]
) -> str:
    for name, why in others.items():
        if _means(pattern, name):
            return f"expected {argument} to name what can be chosen, got {name!r}: {why}"
    known = list(dict.fromkeys(part for name in things for part in _within(name) if part))
    near = get_close_matches(pattern, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else f" among {', '.join(known[:9])}"
    return f"expected {argument} to match a name, got {shown(pattern)}{hint}"
