"""Calling a module with other tensors in the place of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

Names = Mapping[str, tuple[str, ...]]


def other_names(module: nn.Module) -> dict[str, tuple[str, ...]]:
    """Where else in the tree a parameter or buffer stands, by its first name.

    A module that appears twice is one place: substituting there twice would lose what was
    there before.
    """
    places: dict[int, list[str]] = {}
    for path, owner in module.named_modules():
        for name, tensor in chain(owner._parameters.items(), owner._buffers.items()):
            if tensor is not None:
                places.setdefault(id(tensor), []).append(f"{path}.{name}".removeprefix("."))
    return {first: tuple(rest) for first, *rest in places.values() if rest}


def call_with(
    module: nn.Module, values: Mapping[str, Tensor], names: Names, *args: Any, **kwargs: Any
) -> Any:
    """Call a module with these values for its parameters and buffers.

    Args:
        module: the module; afterwards it has its own tensors again.
        values: by the first name of each parameter or buffer.
        names: the `other_names` of the module.
        *args: what to call it with.
        **kwargs: the same, by name.
    """
    if names:
        values = {
            place: value
            for name, value in values.items()
            for place in (name, *names.get(name, ()))
        }
    return functional_call(module, dict(values), args, kwargs, tie_weights=False)


@contextmanager
def without_cached_weights() -> Iterator[None]:
    """Let parametrized weights be computed at each use, even within `cached()` of torch.

    A cached weight belongs to the parameters that it was first computed from.
    """
    if not parametrize._cache_enabled:
        yield
        return
    enabled, cache = parametrize._cache_enabled, parametrize._cache
    parametrize._cache_enabled, parametrize._cache = 0, {}
    try:
        yield
    finally:
        parametrize._cache_enabled, parametrize._cache = enabled, cache
