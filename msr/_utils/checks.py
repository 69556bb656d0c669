"""Checks of arguments that several modules share."""

import difflib
from collections.abc import Collection


def check_integer(name: str, value: object) -> None:
    """Raise a TypeError unless the value is an integer (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected {name} to be an integer, got {value!r}")


def check_at_least(least: int, **values: int) -> None:
    """Raise unless every value, given by its name, is an integer >= least."""
    for name, value in values.items():
        check_integer(name, value)
        if value < least:
            raise ValueError(f"expected {name} >= {least}, got {value}")


def check_positive(**values: float) -> None:
    """Raise a ValueError unless every value, given by its name, is finite and > 0."""
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"expected a positive, finite {name}, got {value}")


def check_not_negative(**values: float) -> None:
    """Raise a ValueError unless every value, given by its name, is finite and >= 0."""
    for name, value in values.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"expected a finite {name} >= 0, got {value}")


def check_kernel_fits(kernel_size: int, input_size: int) -> None:
    """Raise a ValueError unless the kernel is not empty and fits the input."""
    if not 1 <= kernel_size <= input_size:
        raise ValueError(
            f"expected 1 <= kernel_size <= input_size = {input_size}, got {kernel_size}"
        )


def check_known(what: str, name: str, known: Collection[str]) -> str:
    """The name, if it is a known one.

    Raises:
        ValueError: it is not; the message names the nearest that is.
    """
    if name in known:
        return name
    close = difflib.get_close_matches(str(name), known, 1, 0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    article = "an" if what[0] in "aeio" else "a"
    raise ValueError(
        f"expected {article} {what} among {', '.join(known)}, got {name!r}{hint}"
    )


def check_kind(name: str, value: object, kind: type) -> None:
    """Raise a TypeError unless the value is of this kind; an integer is a number too."""
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        words = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
        raise TypeError(f"expected {name} to be {words[kind]}, got {value!r}")
