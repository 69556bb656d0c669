"""One output for every place: widgets where somebody can move them, else a player."""

import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from .controls import Spec, label_of
from .panel import Panel
from .player import Slideshow

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def has_widgets() -> bool:
    """Whether ipywidgets is installed."""
    return importlib.util.find_spec("ipywidgets") is not None


def somebody_reads() -> bool:
    """Whether the cell that runs came from a front end where somebody sits.

    Front ends say in each request whether they can be asked for input: JupyterLab,
    Notebook, VS Code and Colab can; programs that execute notebooks (nbclient, nbconvert,
    papermill, nbval) cannot. There a widget would be a blank in what they write.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    if kernel is None:
        return False
    if not hasattr(kernel, "get_parent"):  # a kernel other than ipykernel
        return True
    request: dict[str, Any] = kernel.get_parent()
    return bool(request.get("content", {}).get("allow_stdin", True))


class Form:
    """The live form: controls above the picture.

    Attributes:
        panel: the controls.
        buttons: by name.
        status: a line beside the buttons.
        picture: the figure, an HTML widget.
        box: all of it.
    """

    def __init__(self, panel: Panel, buttons: Mapping[str, Any] | None = None) -> None:
        import ipywidgets

        self.panel = panel
        self.buttons = dict(buttons or {})
        self.status = ipywidgets.Label()
        self.picture = ipywidgets.HTML()
        rows = list(panel.widgets.values())
        if buttons:
            rows.append(ipywidgets.HBox([*buttons.values(), self.status]))
        self.box = ipywidgets.VBox([*rows, self.picture])


class Live(ABC):
    """A figure with two forms: live widgets, and a player of frames drawn before.

    Notebooks display the widgets where somebody can move them, with the player as what
    saved notebooks and pages show. Executed by a program, or without ipywidgets, there is
    the player alone.

    Attributes:
        player: the frames, as `slideshow` makes them.
    """

    player: Slideshow

    @property
    def widget(self) -> Any:
        """The live form, for a layout of your own.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        return self._form.box

    @property
    def controls(self) -> dict[str, Any]:
        """The widgets by name; those of listed values hold the texts.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        return dict(self._form.panel.widgets)

    @property
    def values(self) -> dict[str, Any]:
        """What the controls are set to.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        return dict(self._form.panel.values)

    @property
    def picture(self) -> str:
        """The HTML of the figure as it is shown now, or of an error.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        return str(self._form.picture.value)

    def set(self, **values: Any) -> None:
        """Set controls, by values or by texts.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
            TypeError: a check box is neither true nor false.
            ValueError: a name or a value is not among those there are.
        """
        self._form.panel.set(values)

    @cached_property
    def _form(self) -> Form:
        if not has_widgets():
            raise ModuleNotFoundError(
                "expected ipywidgets for live controls: pip install ipywidgets"
            )
        return self._make_form()

    @abstractmethod
    def _make_form(self) -> Form: ...

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, Any]:
        bundle: dict[str, Any] = {
            "text/plain": repr(self),
            "text/html": self.player._repr_html_(),
        }
        if has_widgets() and somebody_reads():
            bundle[WIDGET_VIEW] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            }
        return bundle


def live_note(specs: Mapping[str, Spec], action: str = "") -> str:
    """What a player says of its other form."""
    named = ", ".join(label_of(name, spec) for name, spec in specs.items())
    choice = f"choose: {named}" if named else ""
    return f"In Jupyter and on Colab you {' and '.join(filter(None, (action, choice)))}."
