"""What a reader may set in a figure: values to choose from, and how they are shown."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_between, check_known

MOST_VALUES = 1000  # of one control

Kind = Literal["slider", "menu"]
_COMPARED = (bool, int, float, str)


@checked(by_hand=["values"])
@dataclass(frozen=True)
class Control:
    """A control of `explore` or `watch`, where its values alone do not say enough.

    Attributes:
        values: what to choose from: a sequence, a dict from texts to values, or a function
            that returns one of these, whose parameters are the names of earlier controls.
        start: the value at first, or its text. Default: the first value.
        label: what stands beside the control. Default: its name.
        text: how a value is written. Default: ``str``, numbers with up to four digits.
        kind: "slider" or "menu". Default: a slider for numbers in order.
    """

    values: "Sequence[Any] | Mapping[str, Any] | Tensor | Callable[..., Any]"
    start: Any = None
    label: str | None = None
    text: Callable[[Any], str] | None = None
    kind: Kind | None = None

    def __post_init__(self) -> None:
        named = isinstance(self.values, Mapping)
        if named and self.text is not None:
            raise ValueError("expected no text for a dict, whose keys are the texts")
        if not (named or _is_sequence(self.values) or callable(self.values)):
            raise TypeError(
                "expected values to be a sequence, a dict from texts to values, or a "
                f"function of earlier controls, got {shown(self.values)}"
            )


@dataclass(frozen=True)
class Choices:
    """What one control offers at a moment.

    Attributes:
        values: in the order shown.
        texts: how they are written; all different.
        named: whether the texts are names of the caller's, the keys of a dict.
    """

    values: Sequence[Any]
    texts: Sequence[str]
    named: bool = False

    def find(self, name: str, wanted: object) -> int:
        """The place of a value, given itself or as text.

        Raises:
            ValueError: it is not offered.
        """
        for index, (value, text) in enumerate(zip(self.values, self.texts)):
            if value is wanted or text == wanted or _equal(value, wanted):
                return index
        few = ", ".join(self.texts[:10]) + (", ..." if len(self.texts) > 10 else "")
        raise ValueError(f"expected {name} to be one of {few}, got {shown(wanted)}")


@dataclass(frozen=True)
class Toggle:
    """A check box."""

    start: bool
    label: str


@dataclass(frozen=True)
class Given:
    """A widget of the caller's own."""

    widget: Any
    label: str

    @property
    def start(self) -> object:
        """Its value now."""
        return self.widget.value


Spec = Control | Toggle | Given


def specs_of(controls: Mapping[str, object]) -> dict[str, Spec]:
    """The controls that a caller asks for, in their order.

    Raises:
        TypeError: something stands for no control.
        ValueError: a control has no values, or depends on something other than those
            before it.
    """
    found: dict[str, Spec] = {}
    for name, value in controls.items():
        found[name] = _spec(name, value)
        if isinstance(spec := found[name], Control) and _depends(spec):
            for parent in _parents(spec):
                if parent not in list(found)[:-1]:
                    raise ValueError(
                        f"expected {name} to depend on controls before it, got a function "
                        f"of {parent}"
                    )
    settings(found, {})
    return found


def _spec(name: str, value: Any) -> Spec:
    label = name.replace("_", " ")
    if isinstance(value, bool):
        return Toggle(value, label)
    if isinstance(value, Control):
        return value
    if hasattr(value, "observe") and hasattr(value, "model_id"):
        if not hasattr(value, "value"):
            raise TypeError(
                f"expected a widget with a value for {name}, got {shown(value)}"
            )
        return Given(value, getattr(value, "description", "") or label)
    if isinstance(value, Mapping) or _is_sequence(value) or callable(value):
        return Control(value)
    raise TypeError(
        f"expected {name} to be true or false, a sequence of values, a dict from texts to "
        f"values, a function of earlier controls, a Control or a widget, got {shown(value)}"
    )


def label_of(name: str, spec: Spec) -> str:
    """What stands beside a control."""
    return spec.label or name.replace("_", " ")


def choices_of(name: str, control: Control, earlier: Mapping[str, Any]) -> Choices:
    """What a control offers, given the values of those before it.

    Raises:
        TypeError: its function returns something else than values, or a text is no text.
        ValueError: there is nothing to choose from, or two values have one text.
    """
    values: Any = control.values
    if _depends(control):
        values = values(**{parent: earlier[parent] for parent in _parents(control)})
        if not isinstance(values, Mapping) and not _is_sequence(values):
            raise TypeError(
                f"expected the function of {name} to return a sequence or a dict, got "
                f"{shown(values)}"
            )
    check_between(1, MOST_VALUES, **{f"number_of_values_of_{name}": len(values)})
    named = isinstance(values, Mapping)
    if named:
        texts, listed = list(values), list(values.values())
    else:
        listed = values.tolist() if hasattr(values, "tolist") else list(values)
        texts = [(control.text or _text)(value) for value in listed]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"expected texts for the values of {name}, got {shown(text)}")
    if len(set(texts)) < len(texts):
        twice = next(text for text in texts if texts.count(text) > 1)
        raise ValueError(
            f"expected different texts for the values of {name}, got {twice!r} twice"
        )
    return Choices(listed, texts, named)


def kind_of_control(control: Control, choices: Choices) -> Kind:
    """A slider for numbers in order, a menu for everything else, or what was asked for."""
    if control.kind is not None:
        return control.kind
    values = choices.values
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if choices.named or not numbers:
        return "menu"
    return "slider" if list(values) in (sorted(values), sorted(values)[::-1]) else "menu"


def settings(
    specs: Mapping[str, Spec],
    wanted: Mapping[str, Any],
    hoped: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A value for every control: the wanted one, else the hoped for, else its start.

    Args:
        specs: the controls.
        wanted: values, or their texts.
        hoped: texts of values, which may be no longer offered.

    Raises:
        TypeError: a check box is neither true nor false.
        ValueError: a wanted name or value is not among those there are.
    """
    for name in wanted:
        check_known("control", name, specs)
    values: dict[str, Any] = {}
    hoped = hoped or {}
    for name, spec in specs.items():
        if not isinstance(spec, Control):
            values[name] = wanted.get(name, hoped.get(name, spec.start))
            if isinstance(spec, Toggle) and not isinstance(values[name], bool):
                raise TypeError(
                    f"expected {name} to be true or false, got {shown(values[name])}"
                )
            continue
        choices = choices_of(name, spec, values)
        chosen = choices.texts[0] if spec.start is None else spec.start
        if hoped.get(name) in choices.texts:
            chosen = hoped[name]
        values[name] = choices.values[choices.find(name, wanted.get(name, chosen))]
    return values


def texts_of(specs: Mapping[str, Spec], values: Mapping[str, Any]) -> dict[str, str]:
    """How the values are written."""
    texts = {}
    for name, spec in specs.items():
        if isinstance(spec, Control):
            choices = choices_of(name, spec, values)
            texts[name] = choices.texts[choices.find(name, values[name])]
        else:
            texts[name] = _text(values[name])
    return texts


def _is_sequence(value: object) -> bool:
    array = hasattr(value, "tolist") and getattr(value, "ndim", None) == 1
    return array or (isinstance(value, Sequence) and not isinstance(value, str | bytes))


def _depends(control: Control) -> bool:
    values = control.values
    return callable(values) and not isinstance(values, Mapping) and not _is_sequence(values)


def _parents(control: Control) -> list[str]:
    assert callable(control.values)
    return list(inspect.signature(control.values).parameters)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _equal(value: object, wanted: object) -> bool:
    """Whether two plain values are equal; True is not 1 here."""
    plain = isinstance(value, _COMPARED) and isinstance(wanted, _COMPARED)
    same_kind = isinstance(value, bool) == isinstance(wanted, bool)
    return plain and same_kind and value == wanted
