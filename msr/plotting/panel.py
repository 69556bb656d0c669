"""Widgets for the controls of a figure, and the values that they hold."""

from collections.abc import Callable, Mapping
from typing import Any

from .controls import (
    Choices,
    Control,
    Given,
    Spec,
    Toggle,
    choices_of,
    kind_of_control,
    label_of,
    settings,
)


class Panel:
    """A widget for every control; ``changed`` is called when a value has changed.

    Attributes:
        widgets: by name, in order. Those of listed values hold the texts.
        values: what they are set to, in the caller's terms.
    """

    def __init__(
        self, specs: Mapping[str, Spec], *, quick: bool, changed: Callable[[], None]
    ) -> None:
        self._specs, self._changed = specs, changed
        self._choices: dict[str, Choices] = {}
        self._showing = False
        self.values = settings(specs, {})
        self.widgets = {name: self._widget(name, quick) for name in specs}
        for name, widget in self.widgets.items():
            widget.observe(lambda change, name=name: self._moved(name), "value")

    def set(self, wanted: Mapping[str, Any]) -> None:
        """Set several controls, by values or texts; ``changed`` is called once.

        Raises:
            TypeError: a check box is neither true nor false.
            ValueError: a name or a value is not among those there are.
        """
        hoped = {
            name: self._choices[name].texts[index]
            if (index := self._index(name)) is not None
            else self.values[name]
            for name in self._specs
        }
        values = settings(self._specs, wanted, hoped)
        self._show(values)
        self._changed()

    def _index(self, name: str) -> int | None:
        """The place of a listed value among its choices."""
        if name not in self._choices:
            return None
        return self._choices[name].find(name, self.values[name])

    def _widget(self, name: str, quick: bool) -> Any:
        import ipywidgets

        spec = self._specs[name]
        if isinstance(spec, Given):
            return spec.widget
        widest = max(len(label_of(*item)) for item in self._specs.items())
        shared = {
            "description": label_of(name, spec),
            "style": {"description_width": f"{widest}ch"},
            "layout": {"width": "auto", "max_width": "36em"},
        }
        if isinstance(spec, Toggle):
            return ipywidgets.Checkbox(value=spec.start, indent=False, **shared)
        choices = self._choices[name] = choices_of(name, spec, self.values)
        index = choices.find(name, self.values[name])
        options: dict[str, Any] = {"options": list(choices.texts), "index": index}
        if kind_of_control(spec, choices) == "menu":
            return ipywidgets.Dropdown(**options, **shared)
        return ipywidgets.SelectionSlider(continuous_update=quick, **options, **shared)

    def _moved(self, name: str) -> None:
        """A reader, or a cell, has set this widget."""
        if self._showing:
            return
        value = self.widgets[name].value
        if name in self._choices:
            value = self._choices[name].values[self.widgets[name].index]
        self.set({name: value})

    def _show(self, values: dict[str, Any]) -> None:
        """Bring the widgets to these values."""
        self._showing = True
        try:
            for name, spec in self._specs.items():
                widget = self.widgets[name]
                if not isinstance(spec, Control):
                    widget.value = values[name]
                    continue
                choices = choices_of(name, spec, values)
                if list(choices.texts) != list(self._choices[name].texts):
                    widget.options = list(choices.texts)
                self._choices[name] = choices
                widget.index = choices.find(name, values[name])
            self.values = values
        finally:
            self._showing = False
