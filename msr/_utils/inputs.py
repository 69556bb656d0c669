"""Inputs of a model: one tensor, or several as a tuple or a dict."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .annotations import shown

# A tuple holds positional arguments of a model, a dict arguments by name.
Inputs = Tensor | tuple[Tensor, ...] | dict[str, Tensor]


def tensors_of(x: Inputs) -> list[Tensor]:
    """All tensors, in order."""
    if isinstance(x, Tensor):
        return [x]
    return list(x.values() if isinstance(x, dict) else x)


def named_tensors(label: str, x: Inputs) -> list[tuple[str, Tensor]]:
    """All tensors with what they are called in errors: ``x``, ``x[0]``, ``x['mask']``."""
    if not isinstance(x, tuple | dict):
        return [(label, x)]
    items = x.items() if isinstance(x, dict) else enumerate(x)
    return [(f"{label}[{key!r}]", tensor) for key, tensor in items]


def mapped(function: Callable[..., Any], x: Any, *others: Any) -> Any:
    """A function of tensors, applied to each of the inputs, or of several alike."""
    if isinstance(x, dict):
        return {key: function(t, *(o[key] for o in others)) for key, t in x.items()}
    if isinstance(x, tuple):
        return tuple(function(*tensors) for tensors in zip(x, *others, strict=True))
    return function(x, *others)


def structure_of(x: Inputs) -> tuple[object, ...]:
    """What two inputs have in common that may stand side by side: names or places."""
    if isinstance(x, Tensor):
        return ()
    return (type(x), *(sorted(x) if isinstance(x, dict) else range(len(x))))


def length_of(x: Any) -> int:
    """The length of the first axis, over tasks or examples."""
    return len(tensors_of(x)[0])


def arguments_of(x: Inputs) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """Positional arguments and arguments by name that a model is called with."""
    if isinstance(x, dict):
        return (), x
    return (x if isinstance(x, tuple) else (x,)), {}


def shown_inputs(x: Inputs) -> str:
    """Shapes, in a few words."""
    if isinstance(x, Tensor):
        return f"shape {tuple(x.shape)}"
    return f"shapes {shown(mapped(lambda tensor: tuple(tensor.shape), x))}"


class Flat:
    """Takes several inputs apart into a list of tensors, and puts such lists together."""

    def __init__(self, *inputs: Any) -> None:
        self.like = inputs
        self.tensors = [t for x in inputs for t in tensors_of(x)]

    def rebuilt(self, *tensors: Tensor) -> list[Any]:
        """The inputs, with these tensors in the places of their own."""
        rest = iter(tensors)
        return [mapped(lambda _: next(rest), x) for x in self.like]
