"""Computations that a reader starts and stops, in an event loop as a kernel has one."""

import asyncio
import re

import matplotlib as mpl

mpl.use("Agg")

import pytest
from matplotlib import pyplot as plt

from msr import plotting

widgets = pytest.importorskip("ipywidgets")


class Halving:
    """A computation of five states that counts how often it began."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.begun, self.states, self.fails_at = 0, 0, fails_at

    def __call__(self, factor):
        self.begun += 1
        x = 1.0
        for i in range(5):
            if i == self.fails_at:
                raise RuntimeError("diverged <at once>")
            self.states += 1
            yield i, x
            x *= factor


def make(run, frames=(0, 2), **controls):
    return plotting.watch(
        run,
        lambda state: plt.figure(figsize=(1, 1)),
        title="halving",
        label=lambda state: f"step {state[0]}",
        alt=lambda state: f"x = {state[1]:g}",
        frames=frames,
        **({"factor": [0.5, 2.0]} | controls),
    )


def shown(watched) -> str:
    (alt,) = re.findall(r'alt="([^"]*)"', watched.picture)
    return alt


def test_the_player_has_the_states_asked_for_and_no_more_are_computed() -> None:
    run = Halving()
    watched = make(run, frames=(0, 1, 3))
    assert watched.player.labels == ["step 0", "step 1", "step 3"]
    assert watched.player.alts == ["x = 1", "x = 0.5", "x = 0.125"]
    assert (run.begun, run.states) == (1, 4)
    assert "you start and stop and choose: factor." in watched.player.note


def test_steps_reset_and_another_setting() -> None:
    watched = make(Halving())
    assert shown(watched) == "x = 1"
    watched.widget.children[1].children[1].click()  # the button Step
    assert shown(watched) == "x = 0.5"
    watched.controls["factor"].value = "2"
    assert shown(watched) == "x = 1"  # begun anew
    assert watched.step()
    assert shown(watched) == "x = 2"
    watched.reset()
    assert shown(watched) == "x = 1"
    assert [watched.step() for _ in range(6)] == [True] * 4 + [False] * 2
    assert shown(watched) == "x = 16"


def test_runs_beside_others_stops_goes_on_and_ends() -> None:
    async def reader() -> None:
        watched = make(Halving())
        start = watched.widget.children[1].children[0]
        start.click()
        assert watched.running
        assert start.description == "Stop"
        while shown(watched) == "x = 1":  # the loop is free: we come in between
            await asyncio.sleep(0)
        start.click()
        assert not watched.running
        assert start.description == "Start"
        stopped = shown(watched)
        await asyncio.sleep(0.1)
        assert shown(watched) == stopped != "x = 0.0625"
        watched.start()
        watched.start()  # once is enough
        assert len(asyncio.all_tasks()) == 2  # it, and this
        while watched.running:
            await asyncio.sleep(0.01)
        assert shown(watched) == "x = 0.0625"
        assert start.description == "Start"
        watched.start()  # after the end: anew
        assert shown(watched) == "x = 1"
        watched.stop()

    asyncio.run(reader())


def test_an_error_is_shown_and_ends_the_run() -> None:
    watched = make(Halving(fails_at=3))
    assert [watched.step() for _ in range(3)] == [True, True, False]
    assert "RuntimeError: diverged &lt;at once&gt;" in watched.picture

    def begin(factor):
        if factor > 1:
            raise ValueError("too large")
        return iter([(0, factor), (1, factor)])

    watched = make(begin, frames=[0])
    watched.controls["factor"].value = "2"
    assert "ValueError: too large" in watched.picture
    watched.controls["factor"].value = "0.5"
    assert shown(watched) == "x = 0.5"


def test_without_an_event_loop_it_does_not_start() -> None:
    with pytest.raises(RuntimeError, match="in a notebook, got no running event loop"):
        make(Halving()).start()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("run", "changes", "kind", "message"),
    [
        (Halving(), {"frames": []}, ValueError, "number_of_frames >= 1, got 0"),
        (Halving(), {"frames": [2, 1]}, ValueError, "frames in ascending order"),
        (Halving(), {"frames": [-1]}, ValueError, "frames >= 0, got -1"),
        (Halving(), {"frames": [0, 7]}, ValueError, "to yield a state 7, got fewer"),
        (Halving(), {"rate": [1]}, TypeError, r"run to take the controls \(factor, rate\)"),
        (lambda factor: 3, {}, TypeError, "expected run to yield states, got 3"),
        (3, {}, TypeError, "expected run to be a function"),
    ],
)
def test_wrong_arguments(run, changes, kind, message) -> None:
    with pytest.raises(kind, match=message):
        make(run, **changes)
