"""Computations that a reader can start, stop and watch, such as a training."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._utils.arguments import checked, shown
from .._utils.checks import check_between, check_takes
from .controls import Spec, settings, specs_of
from .live import Form, Live, live_note
from .panel import Panel
from .picture import error_page, figure_of, picture, text_of
from .player import MOST_FRAMES, MOST_MILLISECONDS, Slideshow, png_and_width
from .scenes import check_takes_controls

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_STATES = 1_000_000  # that are walked through for the frames of a player
# Between two states the kernel hears buttons and other cells for so long.
PAUSE_SECONDS = 0.02


class Watched(Live):
    """A computation with buttons; `watch` makes it.

    Attributes:
        player: some of its states, as `slideshow` makes them.
    """

    def __init__(
        self,
        run: Callable[..., Iterable[Any]],
        draw: "Callable[[Any], Figure]",
        label: Callable[[Any], str],
        alt: Callable[[Any], str],
        specs: Mapping[str, Spec],
        frames: Sequence[int],
        title: str,
        interval: int,
    ) -> None:
        self._run, self._draw, self._label, self._alt = run, draw, label, alt
        self._specs, self._title = specs, title
        self._states: Iterator[Any] = iter(())
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        labels, alts, pictures = [], [], []
        for state in _chosen(self._started(settings(specs, {})), frames):
            labels.append(text_of("label", label(state)))
            alts.append(text_of("alt", alt(state)))
            pictures.append(png_and_width(figure_of(draw(state))))
        self.player = Slideshow(
            title=title,
            labels=labels,
            alts=alts,
            frames=[png for png, _ in pictures],
            width=pictures[0][1],
            interval=interval,
            note=live_note(specs, "start and stop"),
        )

    def __repr__(self) -> str:
        return f"Watched({self._title!r}, controls: {', '.join(self._specs) or 'none'})"

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Go on, state by state, while the kernel stays free for other cells.

        After the last state, begin anew.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
            RuntimeError: there is no event loop to run in, as a notebook's kernel has.
        """
        form = self._form
        if self.running:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "expected to be started in a notebook, got no running event loop"
            ) from None
        if self._ended:
            self._begin(form)
        self._task = loop.create_task(self._go_on(form))
        form.buttons["start"].description = "Stop"

    def stop(self) -> None:
        """Stop after the present state; `start` goes on from there.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._form.buttons["start"].description = "Start"

    def step(self) -> bool:
        """Compute and draw the next state; False if there is none, or it failed.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        return self._advance(self._form)

    def reset(self) -> None:
        """Stop, and go back to the first state.

        Raises:
            ModuleNotFoundError: ipywidgets is not installed.
        """
        self.stop()
        self._begin(self._form)

    def _started(self, values: Mapping[str, Any]) -> Iterator[Any]:
        states = self._run(**values)
        if not isinstance(states, Iterable):
            raise TypeError(f"expected run to yield states, got {shown(states)}")
        return iter(states)

    async def _go_on(self, form: Form) -> None:
        while self._advance(form):
            await asyncio.sleep(PAUSE_SECONDS)
        self._task = None
        form.buttons["start"].description = "Start"

    def _begin(self, form: Form) -> None:
        self._ended = False
        try:
            self._states = self._started(form.panel.values)
        except Exception as error:
            form.picture.value = error_page(error)
            return
        self._advance(form)

    def _advance(self, form: Form) -> bool:
        try:
            state = next(self._states)
            form.status.value = text_of("label", self._label(state))
        except StopIteration:
            self._ended = True
            return False
        except Exception as error:
            self._ended = True  # a generator that failed has no further states
            form.picture.value = error_page(error)
            return False
        form.picture.value = picture(lambda: self._draw(state), lambda: self._alt(state))
        return True

    def _make_form(self) -> Form:
        import ipywidgets

        buttons = {
            name: ipywidgets.Button(description=name.capitalize())
            for name in ("start", "step", "reset")
        }

        def start_or_stop(button: object) -> None:
            if self.running:
                self.stop()
            else:
                self.start()

        def one_step(button: object) -> None:
            self.stop()
            self.step()

        buttons["start"].on_click(start_or_stop)
        buttons["step"].on_click(one_step)
        buttons["reset"].on_click(lambda button: self.reset())
        panel = Panel(self._specs, quick=False, changed=self.reset)
        form = Form(panel, buttons)
        self._begin(form)
        return form


def _chosen(states: Iterator[Any], frames: Sequence[int]) -> Iterator[Any]:
    """The states with these numbers, and no state after the last of them."""
    wanted = iter(frames)
    number = next(wanted)
    for count, state in enumerate(states):
        if count == number:
            yield state
            following = next(wanted, None)
            if following is None:
                return
            number = following
    raise ValueError(f"expected run to yield a state {number}, got fewer")


@checked
def watch(
    run: Callable[..., Iterable[Any]],
    draw: "Callable[[Any], Figure]",
    *,
    title: str,
    label: Callable[[Any], str],
    alt: Callable[[Any], str],
    frames: Sequence[int],
    interval: int = 700,
    **controls: Any,
) -> Watched:
    """A computation that a reader can start, stop, and go through step by step.

    In JupyterLab, Notebook, VS Code and on Colab there are buttons, and the kernel stays
    free for other cells while it runs. On pages, on paper, and where a program executes the
    notebook, some states take their place, computed now and put behind the slider of
    `slideshow`. An error is shown where the figure would be.

    Args:
        run: yields states, such as a generator that trains and yields a snapshot now and
            then; takes the values of all controls, by name, and starts anew when one
            changes or at *Reset*.
        draw: makes the figure of a state, at once; the figure is closed afterwards.
        title: what can be watched; screen readers say it.
        label: the short text of a state, such as "step 30".
        alt: the alternative text of a state's figure.
        frames: the numbers of the states that the player shows, from 0, in order.
        interval: milliseconds a frame while playing.
        controls: as for `explore`, by the names of the parameters of ``run``.

    Raises:
        TypeError: an argument is of the wrong type, ``run`` does not take the controls or
            yields nothing, or ``draw``, ``label`` or ``alt`` makes something else.
        ValueError: ``frames`` is empty, out of order or more than ``run`` yields, or a
            control has nothing to choose from.
    """
    for name, function in (("draw", draw), ("label", label), ("alt", alt)):
        check_takes(name, function, "state")
    check_between(1, MOST_MILLISECONDS, interval=interval)
    check_between(1, MOST_FRAMES, number_of_frames=len(frames))
    for frame in frames:
        check_between(0, MOST_STATES, frames=frame)
    if list(frames) != sorted(set(frames)):
        raise ValueError(f"expected frames in ascending order, got {shown(frames)}")
    specs = specs_of(controls)
    check_takes_controls("run", run, specs)
    return Watched(run, draw, label, alt, specs, frames, title, interval)
