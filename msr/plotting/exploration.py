"""Figures that a reader can steer: drawn anew with a kernel, played without one."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._utils.arguments import checked
from .._utils.checks import check_between
from .controls import Spec, settings, specs_of, texts_of
from .live import Form, Live, live_note
from .panel import Panel
from .picture import figure_of, picture, text_of
from .player import MOST_MILLISECONDS, Slideshow, png_and_width
from .scenes import check_takes_controls, check_template, labels_of, scenes_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# While a slider is dragged, figures are drawn on the way if one takes no longer than this.
QUICK_SECONDS = 0.3


class Exploration(Live):
    """A figure with controls; `explore` makes it."""

    def __init__(
        self,
        draw: "Callable[..., Figure]",
        alt: str | Callable[..., str],
        specs: Mapping[str, Spec],
        scenes: Sequence[Mapping[str, Any]],
        title: str,
        interval: int,
    ) -> None:
        self._draw, self._alt, self._specs, self._title = draw, alt, specs, title
        alts = [self._describe(scene) for scene in scenes]
        self._seconds = []
        frames = []
        for scene in scenes:
            started = time.perf_counter()
            frames.append(png_and_width(figure_of(draw(**scene))))
            self._seconds.append(time.perf_counter() - started)
        first = texts_of(specs, settings(specs, {}))
        texts = [texts_of(specs, scene) for scene in scenes]
        self.player = Slideshow(
            title=title,
            labels=labels_of(specs, texts),
            alts=alts,
            frames=[png for png, _ in frames],
            width=frames[0][1],
            start=texts.index(first) if first in texts else 0,
            interval=interval,
            note=live_note(specs),
        )

    def __repr__(self) -> str:
        return f"Exploration({self._title!r}, controls: {', '.join(self._specs)})"

    def _describe(self, values: Mapping[str, Any]) -> str:
        if callable(self._alt):
            return text_of("alt", self._alt(**values))
        return self._alt.format(**texts_of(self._specs, values))

    def _make_form(self) -> Form:
        typical = sorted(self._seconds)[len(self._seconds) // 2]
        panel = Panel(self._specs, quick=typical <= QUICK_SECONDS, changed=self._redraw)
        form = Form(panel)
        form.picture.value = self._drawn(panel.values)
        return form

    def _redraw(self) -> None:
        self._form.picture.value = self._drawn(self._form.panel.values)

    def _drawn(self, values: Mapping[str, Any]) -> str:
        return picture(lambda: self._draw(**values), lambda: self._describe(values))


@checked(by_hand=["frames"])
def explore(
    draw: "Callable[..., Figure]",
    *,
    title: str,
    alt: str | Callable[..., str],
    frames: str | Sequence[str] | Sequence[Mapping[str, Any]] | None = None,
    interval: int = 700,
    **controls: Any,
) -> Exploration:
    """A figure that a reader can steer: sliders, menus and check boxes draw it anew.

    In JupyterLab, Notebook, VS Code and on Colab the controls call ``draw`` with what they
    are set to. On pages, on paper, and where a program executes the notebook, some frames
    take their place, drawn now and put behind the slider of `slideshow`. An error of
    ``draw`` is shown where the figure would be.

    A control is

    - True or False: a check box;
    - a range, list, or array: a slider for numbers in order, else a menu;
    - a dict from texts to values: a menu of the texts;
    - a function that returns one of the last two, whose parameters are names of controls
      before it, ``element=lambda group: group.names``: what is offered follows them;
    - a `Control`, which says more than that: where to start, how to write values, ...;
    - a widget with a ``value``: taken as it is, at its value in all frames.

    Args:
        draw: makes the figure; takes the values of all controls, by name. The figure is
            closed afterwards.
        title: what can be explored; screen readers say it.
        alt: the alternative text, as a function that takes what ``draw`` takes, or as a
            template, ``"The weight for {group}."``, into which the texts of values go.
        frames: what the player shows: the name of a control, or several, to walk through
            all their values while the others stay at their start; or a list of scenes, each
            a dict of values or their texts. Default: the first control.
        interval: milliseconds a frame while playing.
        controls: by the names of the parameters of ``draw``.

    Raises:
        TypeError: an argument is of the wrong type, ``draw`` or ``alt`` does not take the
            controls, or makes no figure or text.
        ValueError: there is no control, nothing to choose from, a name or value that is
            not there, or far too much to draw.
    """
    check_between(1, MOST_MILLISECONDS, interval=interval)
    specs = specs_of(controls)
    check_takes_controls("draw", draw, specs)
    if isinstance(alt, str):
        check_template(alt, specs)
    else:
        check_takes_controls("alt", alt, specs)
    scenes = scenes_of(specs, frames)
    return Exploration(draw, alt, specs, scenes, title, interval)
