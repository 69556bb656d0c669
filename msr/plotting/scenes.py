"""Which settings of the controls the frames of a player show."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .._utils.arguments import shown
from .._utils.checks import check_between, check_known
from .controls import (
    Control,
    Given,
    Spec,
    choices_of,
    label_of,
    settings,
    texts_of,
)
from .player import MOST_FRAMES

Frames = str | Sequence[str] | Sequence[Mapping[str, Any]] | None


def scenes_of(specs: Mapping[str, Spec], frames: Frames) -> list[dict[str, Any]]:
    """The values of all controls, for each frame.

    Raises:
        TypeError: ``frames`` is neither names nor scenes.
        ValueError: a name or a value is not there, or there are too many frames, or none.
    """
    if not specs:
        raise ValueError("expected at least one control, got none")
    if frames is None:
        frames = next(iter(specs))
    if isinstance(frames, str):
        frames = [frames]
    wanted = "expected frames to be names of controls, or a list of dicts of their values"
    if not isinstance(frames, Sequence):
        raise TypeError(f"{wanted}, got {shown(frames)}")
    check_between(1, MOST_FRAMES, number_of_frames=len(frames))
    scenes = [frame for frame in frames if isinstance(frame, Mapping)]
    if len(scenes) == len(frames):
        return [settings(specs, scene) for scene in scenes]
    for name in frames:
        if not isinstance(name, str):
            raise TypeError(f"{wanted}, got {shown(name)} among them")
        check_known("control", name, specs)
    # in the order of the controls: what is offered may depend on those before
    names = [name for name in specs if name in frames]
    found: list[dict[str, Any]] = []
    for scene in _combinations(specs, names, {}):
        check_between(1, MOST_FRAMES, number_of_frames=len(found) + 1)
        found.append(settings(specs, scene))
    return found


def _combinations(
    specs: Mapping[str, Spec], names: Sequence[str], chosen: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Every combination of values of some controls, the last one fastest."""
    if not names:
        yield chosen
        return
    name, spec = names[0], specs[names[0]]
    if isinstance(spec, Given):
        raise ValueError(
            f"expected frames over controls whose values are listed, got {name}, a widget"
        )
    values: Sequence[Any] = (False, True)
    if isinstance(spec, Control):
        values = choices_of(name, spec, settings(specs, chosen)).values
    for value in values:
        yield from _combinations(specs, names[1:], chosen | {name: value})


def labels_of(specs: Mapping[str, Spec], texts: Sequence[Mapping[str, str]]) -> list[str]:
    """For each scene, the values of the controls in which scenes differ."""
    differ = [name for name in specs if len({scene[name] for scene in texts}) > 1]
    names = differ or list(specs)
    return [
        ", ".join(_said(label_of(name, specs[name]), scene[name]) for name in names)
        for scene in texts
    ]


def _said(label: str, text: str) -> str:
    """A value by itself, with its label where it would say nothing."""
    number = text.strip("+-")[:1].isdigit()
    return f"{label} {text}" if number or text in ("yes", "no") else text


def check_takes_controls(
    name: str, function: Callable[..., Any], specs: Mapping[str, Spec]
) -> None:
    """Raise a TypeError unless a function takes the controls by name.

    Those of C, which have no signature, are taken at their word.
    """
    if not callable(function):
        raise TypeError(f"expected {name} to be a function, got {shown(function)}")
    try:
        signature = inspect.signature(function)
    except ValueError:
        return
    try:
        signature.bind(**dict.fromkeys(specs))
    except TypeError as error:
        raise TypeError(
            f"expected {name} to take the controls ({', '.join(specs)}) by name, got "
            f"{shown(function)}: {error}"
        ) from None


def check_template(alt: str, specs: Mapping[str, Spec]) -> None:
    """Raise a ValueError unless a template asks for controls alone."""
    try:
        alt.format(**texts_of(specs, settings(specs, {})))
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"expected alt with the names of controls ({', '.join(specs)}) in braces, got "
            f"{shown(alt)}: {type(error).__name__}: {error}"
        ) from None
