"""Checks of arguments that several modules share."""

import difflib
import inspect
import math
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .arguments import shown

MOST_NUMBERS = 2**28  # of one tensor: 1 GiB in float32
MOST_ELEMENTS = 2**13  # of a group, whose table has their square
MOST_TASKS = 100_000  # of one batch
MOST_SEEDS = 10_000
MOST_JOBS = 1024
MOST_STEPS = 10**8
MOST_INNER_STEPS = 10**6


def check_integer(name: str, value: object) -> None:
    """Raise a TypeError unless the value is an integer (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected {name} to be an integer, got {shown(value)}")


def check_number(name: str, value: object) -> None:
    """Raise a TypeError unless the value is a real number (True and False are none)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected {name} to be a number, got {shown(value)}")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floating-point numbers
        return False


def check_at_least(least: int, **values: int) -> None:
    """Raise unless every value, given by its name, is an integer >= least."""
    for name, value in values.items():
        check_integer(name, value)
        if value < least:
            raise ValueError(f"expected {name} >= {least}, got {shown(value)}")


def check_between(least: int, most: int, **values: int) -> None:
    """Raise unless every value is an integer from least to most."""
    check_at_least(least, **values)
    for name, value in values.items():
        if value > most:
            raise ValueError(f"expected {name} <= {most}, got {shown(value)}")


def check_on_cpu(generator: torch.Generator) -> None:
    """Raise unless a generator draws on the CPU, where all values are drawn."""
    if generator.device.type != "cpu":
        raise ValueError(
            f"expected a generator on the CPU, got one on {generator.device}: values are "
            f"drawn there and moved"
        )


def check_seed(seed: int) -> None:
    """Raise unless a random number generator takes this seed."""
    check_at_least(0, seed=seed)
    if seed >= 2**63:
        raise ValueError(f"expected seed < 2^63, got {shown(seed)}")


def check_positive(**values: float) -> None:
    """Raise unless every value, given by its name, is a finite number > 0."""
    for name, value in values.items():
        check_number(name, value)
        if not (_finite(value) and value > 0):
            raise ValueError(f"expected a positive, finite {name}, got {shown(value)}")


def check_not_negative(**values: float) -> None:
    """Raise unless every value, given by its name, is a finite number >= 0."""
    for name, value in values.items():
        check_number(name, value)
        if not (_finite(value) and value >= 0):
            raise ValueError(f"expected a finite {name} >= 0, got {shown(value)}")


def check_size(what: str, *shape: int) -> None:
    """Raise a ValueError if a tensor of this shape would be absurdly large."""
    numbers = math.prod(shape)
    if numbers > MOST_NUMBERS:
        sizes = " x ".join(map(shown, shape))
        raise ValueError(
            f"expected {what} of at most {MOST_NUMBERS} numbers, got {sizes} = "
            f"{shown(numbers)} numbers"
        )


def check_order(name: str, order: int) -> None:
    """Raise a ValueError unless the multiplication table of such a group is no burden."""
    if order > MOST_ELEMENTS:
        raise ValueError(
            f"expected a group of at most {MOST_ELEMENTS} elements, whose table has "
            f"their square, got {name} with {shown(order)} elements"
        )


def check_floating(name: str, tensor: Tensor) -> None:
    """Raise unless the tensor is an ordinary one of finite floating-point numbers."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected {name} to be a tensor, got {shown(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"expected floating-point {name}, got {tensor.dtype}")
    if tensor.layout != torch.strided:
        raise ValueError(f"expected {name} to be a dense tensor, got {shown(tensor)}")
    if not tensor.is_meta and not torch.isfinite(tensor).all():
        raise ValueError(f"expected finite {name}, got NaN or infinity")


def check_values(name: str, tensor: Tensor) -> None:
    """As `check_floating`, and raise a ValueError for a tensor on the device meta."""
    check_floating(name, tensor)
    if tensor.is_meta:
        raise ValueError(f"expected {name} with values, got a tensor on the device meta")


def check_same_dtype(name: str, tensor: Tensor, dtype: torch.dtype) -> None:
    """Raise a TypeError unless the tensor has this dtype, or autocast will see to it."""
    if tensor.dtype == dtype:
        return
    kind = tensor.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return
    raise TypeError(
        f"expected {name} of dtype {dtype}, got {tensor.dtype}: convert it with .to(...)"
    )


def check_dtype(dtype: object) -> None:
    """Raise a TypeError unless this is None or a dtype of floating-point numbers."""
    wanted = "expected dtype to be a floating-point torch.dtype or None"
    if dtype is not None and not (
        isinstance(dtype, torch.dtype) and dtype.is_floating_point
    ):
        raise TypeError(f"{wanted}, got {shown(dtype)}")


def integers(name: str, value: object) -> Tensor:
    """A tensor on the CPU of what ought to be integers, in a tensor or nested lists.

    Raises:
        TypeError: there is something else.
        ValueError: lists have different lengths, or a tensor is sparse.
    """
    wanted = f"expected {name} of integers, as a tensor or nested lists"
    if isinstance(value, str) or not isinstance(value, Tensor | Collection):
        raise TypeError(f"{wanted}, got {type(value).__name__}")
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.is_meta:
            raise ValueError(f"{wanted}, got {shown(value)}")
    else:
        check_size(name, len(value))
        check_size(name, sum(len(v) if isinstance(v, Collection) else 1 for v in value))
    try:
        tensor = torch.as_tensor(value, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"{wanted}, got {shown(value)}") from None
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        # of nothing, torch makes floating-point numbers
        if tensor.numel() or isinstance(value, Tensor):
            raise TypeError(f"expected {name} of integers, got dtype {tensor.dtype}")
        tensor = tensor.long()
    return tensor


def check_takes(name: str, function: Callable[..., Any], *arguments: str) -> None:
    """Raise a TypeError unless a function can be called with so many arguments.

    Those of C, which have no signature, are taken at their word.
    """
    wanted = ", ".join(arguments)
    if not callable(function):
        raise TypeError(f"expected {name} to be a function, got {shown(function)}")
    try:
        signature = inspect.signature(function)
    except ValueError:
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        names = [
            str(p.replace(annotation=p.empty, default=p.empty))
            for p in signature.parameters.values()
        ]
        raise TypeError(
            f"expected {name} to take the arguments ({wanted}), got {shown(function)} "
            f"that takes ({', '.join(names)})"
        ) from None


def chosen(what: str, names: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """The names, if all are known ones; None stands for all.

    Raises:
        TypeError: they are no list of texts.
        ValueError: there is none, one is unknown, or one comes twice.
    """
    if names is None:
        return list(known)
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise TypeError(f"expected a list of {what}s, got {shown(names)}")
    found = [check_known(what, name, known) for name in names]
    if not found:
        raise ValueError(f"expected at least one {what}, got none")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise ValueError(f"expected each {what} once, got {twice!r} twice")
    return found


def named_path(name: str, value: str | Path) -> Path:
    """The path of a file or folder.

    Raises:
        ValueError: no file can have this name.
    """
    if str(value) == "" or "\0" in str(value):
        raise ValueError(f"expected {name} to name a file or folder, got {shown(value)}")
    return Path(value)


def check_kernel_fits(kernel_size: int, input_size: int) -> None:
    """Raise unless both are integers, and the kernel is not empty and fits the input."""
    check_integer("input_size", input_size)
    check_integer("kernel_size", kernel_size)
    if not 1 <= kernel_size <= input_size:
        raise ValueError(
            f"expected 1 <= kernel_size <= input_size = {shown(input_size)}, got "
            f"{shown(kernel_size)}"
        )


def check_known(what: str, name: str, known: Collection[str]) -> str:
    """The name, if it is a known one.

    Raises:
        TypeError: it is no text.
        ValueError: it is not; the message names the nearest that is.
    """
    article = "an" if what[0] in "aeio" else "a"
    if not isinstance(name, str):
        raise TypeError(
            f"expected {article} {what} among {', '.join(known)}, got {shown(name)}"
        )
    if name in known:
        return name
    close = difflib.get_close_matches(name[:100], known, 1, 0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(
        f"expected {article} {what} among {', '.join(known)}, got {shown(name)}{hint}"
    )


def check_kind(name: str, value: object, kind: type) -> None:
    """Raise a TypeError unless the value is of this kind; an integer is a number too."""
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        words = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
        raise TypeError(f"expected {name} to be {words[kind]}, got {shown(value)}")
