"""What annotations ask of values, and how values are shown in errors."""

import inspect
import reprlib
import types
import typing
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

Fault = type[Exception] | None


class _Short(reprlib.Repr):
    """Of tensors within lists and dicts, what `shown` says of them."""

    def repr_Tensor(self, value: Tensor, level: int) -> str:
        return shown(value)

    repr_Parameter = repr_Tensor  # noqa: N815


_SHORT = _Short()
_SHORT.maxstring, _SHORT.maxother = 80, 60
_LONGEST = 200  # characters of a value in a message
_OPTIONAL_AXES = ("*", "...")
_DTYPES = {"Float": "a floating-point ", "Int": "an integer ", "Bool": "a boolean "}


class Kind:
    """What an annotation asks of a value.

    Attributes:
        words: what is expected, to follow "expected ... to be".
    """

    words: str = "anything"

    def fault(self, value: object) -> Fault:
        """None if the value will do, else the error that it deserves."""
        return None


class _Plain(Kind):
    """An instance of these types; True is an integer for Python only."""

    def __init__(self, words: str, *allowed: type) -> None:
        self.words, self.allowed = words, allowed

    def fault(self, value: object) -> Fault:
        return self.fault_of(type(value))

    def fault_of(self, kind: type) -> Fault:
        """As for any value of this type."""
        if kind in self.allowed:
            return None
        fits = issubclass(kind, self.allowed) and kind is not bool
        return None if fits else TypeError


class _Instance(Kind):
    """An instance of a class or a runtime-checkable protocol."""

    def __init__(self, kind: type, words: str) -> None:
        self.kind, self.words = kind, words
        # those of protocols are slow to look up
        self.known: weakref.WeakSet[type] = weakref.WeakSet()

    def fault(self, value: object) -> Fault:
        if type(value) is self.kind or type(value) in self.known:
            return None
        # a class has a protocol's methods too
        if isinstance(value, type) or not isinstance(value, self.kind):
            return TypeError
        self.known.add(type(value))
        return None


class _Function(Kind):
    words = "a function"

    def fault(self, value: object) -> Fault:
        return None if callable(value) else TypeError


class _OneOf(Kind):
    """Words from a fixed list."""

    def __init__(self, values: tuple[object, ...]) -> None:
        self.values = values
        self.words = " or ".join(
            f'"{v}"' if isinstance(v, str) else repr(v) for v in values
        )

    def fault(self, value: object) -> Fault:
        kinds = {type(v) for v in self.values}
        if type(value) not in kinds:
            return TypeError
        return None if value in self.values else ValueError


class _Array(Kind):
    """A tensor with the dtype and the number of axes of a jaxtyping annotation."""

    def __init__(self, hint: Any) -> None:
        kind = hint.dtype.__name__
        self.floating = kind == "Float"
        self.integer = kind == "Int"
        self.boolean = kind == "Bool"
        axes = hint.dim_str.split()
        self.axes = len(axes)
        self.open = any(axis.startswith(_OPTIONAL_AXES) for axis in axes)
        self.least = sum(not axis.startswith(_OPTIONAL_AXES) for axis in axes)
        shape = ", ".join(axis.replace("*", "...") for axis in axes)
        shape += "," if len(axes) == 1 else ""
        self.words = f"{_DTYPES.get(kind, 'a ')}tensor"
        if self.least or not self.open:
            self.words += f" of shape ({shape})"

    def fault(self, value: object) -> Fault:
        if not isinstance(value, Tensor):
            return TypeError
        if self.floating and not value.is_floating_point():
            return TypeError
        if self.integer and not holds_integers(value):
            return TypeError
        if self.boolean and value.dtype != torch.bool:
            return TypeError
        fits = value.ndim >= self.least if self.open else value.ndim == self.axes
        return None if fits and value.layout == torch.strided else ValueError


class _Items(Kind):
    """A collection in which every item is of a kind."""

    def __init__(self, kind: type, words: str, item: Kind) -> None:
        self.kind, self.item = kind, item
        self.words = words if type(item) is Kind else f"{words}, each {item.words}"

    def fault(self, value: object) -> Fault:
        if isinstance(value, str | bytes) or not isinstance(value, self.kind):
            return TypeError
        if type(self.item) is Kind or not isinstance(value, Sequence):
            return None  # an iterator can be read only once
        if isinstance(value, range):
            value = value[:1]  # it may be long, and all of its items are alike
        if isinstance(self.item, _Plain):
            return _first(map(self.item.fault_of, set(map(type, value))))
        return _first(map(self.item.fault, value))


class _Tuple(Kind):
    """A tuple of so many items, each of its own kind."""

    def __init__(self, items: Sequence[Kind]) -> None:
        self.items = items
        self.words = f"a tuple ({', '.join(item.words for item in items)})"

    def fault(self, value: object) -> Fault:
        if not isinstance(value, tuple):
            return TypeError
        if len(value) != len(self.items):
            return ValueError
        return _first(item.fault(v) for item, v in zip(self.items, value))


class _Table(Kind):
    """A mapping whose keys and values are of a kind."""

    def __init__(self, key: Kind, item: Kind) -> None:
        self.key, self.item = key, item
        self.words = (
            "a dict" if type(item) is Kind else f"a dict of values, each {item.words}"
        )

    def fault(self, value: object) -> Fault:
        if not isinstance(value, Mapping):
            return TypeError
        return _first(map(self.key.fault, value)) or _first(
            map(self.item.fault, value.values())
        )


class _Union(Kind):
    """Any of several kinds."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = kinds
        self.words = " or ".join(dict.fromkeys(kind.words for kind in kinds))

    def fault(self, value: object) -> Fault:
        faults = [kind.fault(value) for kind in self.kinds]
        if None in faults:
            return None
        return ValueError if ValueError in faults else TypeError


def _first(faults: Iterable[Fault]) -> Fault:
    return next((fault for fault in faults if fault is not None), None)


def holds_integers(tensor: Tensor) -> bool:
    """Whether the tensor's dtype is one of integers."""
    floating = tensor.is_floating_point() or tensor.is_complex()
    return not floating and tensor.dtype != torch.bool


_SIMPLE: dict[Any, Kind] = {
    int: _Plain("an integer", int),
    float: _Plain("a number", int, float),
    bool: _Plain("True or False", bool),
    str: _Instance(str, "a text"),
    type(None): _Plain("None", type(None)),
    Any: Kind(),
    object: Kind(),
}


def kind_of(hint: Any) -> Kind:
    """What an annotation asks for; anything where it says too little."""
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if hasattr(hint, "dim_str"):
        return _Array(hint)
    if origin is Literal:
        return _OneOf(parts)
    if origin in (typing.Union, types.UnionType):
        return _Union([kind_of(part) for part in parts])
    if isinstance(hint, TypeVar):
        return kind_of(hint.__bound__) if hint.__bound__ else Kind()
    if origin is Callable:
        return _Function()
    if origin in (Mapping, dict):
        return _Table(*map(kind_of, parts or (Any, Any)))
    if origin is tuple and parts and ... not in parts:
        return _Tuple([kind_of(part) for part in parts])
    if origin in (Sequence, list, tuple):
        item = kind_of(parts[0]) if parts else Kind()
        words = "a tuple" if origin is tuple else "a list"
        return _Items(Sequence if origin is Sequence else origin, words, item)
    if origin is Iterable:
        return _Items(Iterable, "a collection", Kind())
    if isinstance(hint, type) and origin is hint:
        return _Instance(hint, _name(hint))
    return Kind()


def _name(kind: type) -> str:
    """The name of a class as users write it, with an article."""
    top = kind.__module__.partition(".")[0]
    if top == "torch":
        name = f"torch.{'nn.' if 'nn' in kind.__module__.split('.') else ''}{kind.__name__}"
    else:
        name = f"{top}.{kind.__name__}" if top == "msr" else kind.__name__
    article = "an" if name[0] in "aeioAEIO" else "a"
    return f"{article} {name}" if kind is not Tensor else "a tensor"


def shown(value: object) -> str:
    """A value in a few words, for an error message of one line."""
    if isinstance(value, Tensor):
        layout = str(value.layout).removeprefix("torch.")
        sparse = "" if layout == "strided" else f"{layout} "
        return f"a {sparse}tensor of {value.dtype} and shape {tuple(value.shape)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.isroutine(value):
        return f"the function {value.__name__}"
    if type(value).__repr__ is object.__repr__:
        return f"an object of the class {type(value).__name__}"
    try:
        text = _SHORT.repr(value)
    except Exception:  # a repr may do anything, and that of large integers fails
        if isinstance(value, int):
            return f"an integer of {value.bit_length()} bits"
        text = f"an object of the class {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
