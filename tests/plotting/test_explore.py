"""Figures that a reader steers: controls, what they draw, and the player beside them."""

import re

import matplotlib as mpl

mpl.use("Agg")

import pytest
import torch
from matplotlib import pyplot as plt

import msr
from msr import plotting
from msr.plotting import live

widgets = pytest.importorskip("ipywidgets")

GROUPS = {"C3": msr.cyclic(3), "D3": msr.dihedral(3)}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


class Draws:
    """A drawing that notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def __call__(self, group, element, scale, flip):
        self.calls.append(dict(group=group, element=element, scale=scale, flip=flip))
        figure, ax = plt.subplots(figsize=(1, 0.5))
        ax.plot([0, scale])
        if scale == 3:
            raise RuntimeError("three is <odd>")
        return figure


def elements(group):
    return {name: i for i, name in enumerate(group.names)}


def make(draw, **changes):
    settings = dict(
        title="a <group>",
        alt="Element {element} of {group}, scaled by {scale}; flipped: {flip}.",
        group=GROUPS,
        element=elements,
        scale=range(1, 5),
        flip=False,
    )
    return plotting.explore(draw, **(settings | changes))


def described(picture: str) -> str:
    (alt,) = re.findall(r'alt="([^"]*)"', picture)
    return alt


def test_the_player_walks_through_one_control_and_the_others_stay() -> None:
    draw = Draws()
    figure = make(draw, frames="group")
    first = dict(group=GROUPS["C3"], element=0, scale=1, flip=False)
    assert draw.calls == [first, first | {"group": GROUPS["D3"]}]
    assert figure.player.labels == ["C3", "D3"]
    assert figure.player.alts[1] == "Element e of D3, scaled by 1; flipped: no."
    assert "In Jupyter and on Colab you choose: group, element" in figure.player.note
    page = figure.player._repr_html_()
    assert '<p class="live">' in page
    assert "http" not in page


def test_frames_over_several_controls_follow_what_is_offered() -> None:
    draw = Draws()
    figure = make(draw, frames=("element", "group"))
    assert [(c["group"].name, c["element"]) for c in draw.calls] == [
        *(("C3", i) for i in range(3)),
        *(("D3", i) for i in range(6)),
    ]
    assert figure.player.labels[-1] == "D3, r^2 s"


def test_frames_of_chosen_scenes_by_value_or_text() -> None:
    draw = Draws()
    scenes = [{"group": "D3", "element": "s"}, {"scale": 2}, {}, {"flip": True}]
    figure = make(draw, frames=scenes)
    assert [tuple(c.values())[1:] for c in draw.calls] == [
        (3, 1, False),
        (0, 2, False),
        (0, 1, False),
        (0, 1, True),
    ]
    assert figure.player.start == 2  # as the controls start
    assert figure.player.labels[0] == "D3, s, scale 1, flip no"


def test_the_same_call_gives_the_same_page() -> None:
    pages = [make(Draws(), frames="group").player._repr_html_() for _ in range(2)]
    assert pages[0] == pages[1]


def test_each_kind_of_value_has_its_control() -> None:
    own = widgets.FloatText(value=2.5, description="mine")
    seen = []

    def draw(**values):
        seen.append(values)
        return plt.figure(figsize=(1, 1))

    figure = plotting.explore(
        draw,
        title="t",
        alt="{own}",
        number=[0.5, 0.25, 0.125],
        word=["b", "a"],
        unordered=[2, 1, 3],
        array=torch.tensor([0.0, 1.5]),
        named={"one": 1, "two": 2},
        turn=plotting.Control(range(3), start=2, label="quarter turns", text="{}x".format),
        listed=plotting.Control([1, 2], kind="menu"),
        on=True,
        own=own,
    )
    kinds = {name: type(widget).__name__ for name, widget in figure.controls.items()}
    assert kinds == {
        "number": "SelectionSlider",
        "word": "Dropdown",
        "unordered": "Dropdown",
        "array": "SelectionSlider",
        "named": "Dropdown",
        "turn": "SelectionSlider",
        "listed": "Dropdown",
        "on": "Checkbox",
        "own": "FloatText",
    }
    turn = figure.controls["turn"]
    assert (turn.description, turn.value) == ("quarter turns", "2x")
    assert turn.options == ("0x", "1x", "2x")
    assert figure.controls["own"] is own
    assert figure.values == seen[-1]
    assert seen[-1]["array"] == 0.0
    assert described(figure.picture) == "2.5"
    own.value = 4.0
    assert seen[-1]["own"] == 4.0
    assert described(figure.picture) == "4"


def test_moving_a_control_draws_once_with_the_values_of_all() -> None:
    draw = Draws()
    figure = make(draw)
    figure.controls["scale"].value = "2"
    before = len(draw.calls)
    figure.controls["flip"].value = True
    assert draw.calls[before:] == [dict(group=GROUPS["C3"], element=0, scale=2, flip=True)]
    assert described(figure.picture) == "Element e of C3, scaled by 2; flipped: yes."
    figure.set(group="D3", element="r s", scale=4)
    assert draw.calls[before + 1 :] == [
        dict(group=GROUPS["D3"], element=4, scale=4, flip=True)
    ]
    assert figure.controls["element"].value == "r s"


def test_what_is_offered_follows_the_controls_before() -> None:
    figure = make(Draws())
    element = figure.controls["element"]
    assert element.options == ("e", "r", "r^2")
    element.value = "r^2"
    figure.controls["group"].value = "D3"
    assert element.options == tuple(msr.dihedral(3).names)
    assert figure.values["element"] == 2  # still offered
    element.value = "s"
    figure.controls["group"].value = "C3"
    assert figure.values["element"] == 0  # no longer offered
    assert element.value == "e"


def test_an_error_is_shown_where_the_figure_would_be() -> None:
    draw = Draws()
    figure = make(draw)
    open_before = plt.get_fignums()
    figure.controls["scale"].value = "3"
    assert 'role="alert"' in figure.picture
    assert "RuntimeError: three is &lt;odd&gt;" in figure.picture
    assert "<odd>" not in figure.picture
    assert plt.get_fignums() == open_before
    figure.controls["scale"].value = "4"
    assert described(figure.picture).startswith("Element e of C3, scaled by 4")


def test_an_error_in_a_frame_is_the_cells_error() -> None:
    with pytest.raises(RuntimeError, match="three is <odd>"):
        make(Draws(), frames="scale")


def test_without_ipywidgets_the_player_is_there_alone(monkeypatch) -> None:
    monkeypatch.setattr(live, "has_widgets", lambda: False)
    figure = make(Draws())
    bundle = figure._repr_mimebundle_()
    assert bundle["text/html"] == figure.player._repr_html_()
    with pytest.raises(ModuleNotFoundError, match="pip install ipywidgets"):
        figure.controls  # noqa: B018


def test_widgets_where_somebody_reads_and_only_there(monkeypatch) -> None:
    figure = make(Draws())
    assert set(figure._repr_mimebundle_()) == {"text/plain", "text/html"}
    monkeypatch.setattr(live, "somebody_reads", lambda: True)
    bundle = figure._repr_mimebundle_()
    assert bundle[live.WIDGET_VIEW]["model_id"] == figure.widget.model_id
    assert bundle["text/html"] == figure.player._repr_html_()


def test_a_drag_draws_on_its_way_only_if_figures_are_quick(monkeypatch) -> None:
    for limit, wanted in ((1e6, True), (0.0, False)):
        monkeypatch.setattr("msr.plotting.exploration.QUICK_SECONDS", limit)
        assert make(Draws()).controls["scale"].continuous_update is wanted


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"group": 3}, TypeError, "expected group to be true or false, a sequence"),
        ({"group": "C3"}, TypeError, "a sequence of values.*got 'C3'"),
        ({"group": []}, ValueError, "number_of_values_of_group >= 1, got 0"),
        ({"group": range(2000)}, ValueError, "number_of_values_of_group <= 1000"),
        ({"scale": [1.00001, 1.00002]}, ValueError, "different texts.*'1' twice"),
        ({"scale": lambda flip: [1]}, ValueError, "scale to depend on controls before"),
        ({"scale": lambda group: 3}, TypeError, "function of scale to return a seq"),
        (
            {"scale": plotting.Control([1, 2], start=3)},
            ValueError,
            "expected scale to be one of 1, 2, got 3",
        ),
        (
            {"scale": plotting.Control([1, 2], text=lambda value: value)},
            TypeError,
            "expected texts for the values of scale, got 1",
        ),
        ({"extra": True}, TypeError, r"draw to take the controls \(group, element, scale"),
        ({"alt": lambda group: "x"}, TypeError, "expected alt to take the controls"),
        ({"alt": "{groop}"}, ValueError, "alt with the names of controls"),
        ({"alt": "{scale:.2f}"}, ValueError, "alt with the names of controls"),
        ({"alt": 3}, TypeError, "alt"),
        ({"frames": "groop"}, ValueError, "did you mean 'group'"),
        ({"frames": 3}, TypeError, "frames to be names of controls"),
        ({"frames": []}, ValueError, "number_of_frames >= 1"),
        ({"frames": [{"scale": 9}]}, ValueError, "scale to be one of 1, 2, 3, 4, got 9"),
        ({"frames": [{"flip": 1}]}, TypeError, "flip to be true or false, got 1"),
        ({"frames": [{"x": 1}]}, ValueError, "expected a control among group"),
        ({"frames": ["group", {"scale": 1}]}, TypeError, "among them"),
        ({"interval": 0}, ValueError, "interval >= 1"),
    ],
)
def test_wrong_arguments(changes, kind, message) -> None:
    draw = Draws()
    with pytest.raises(kind, match=message):
        make(draw, **changes)
    assert not draw.calls


@pytest.mark.bad_input
def test_wrong_results_and_settings() -> None:
    with pytest.raises(TypeError, match="draw to return a figure, got 1"):
        plotting.explore(lambda n: n, title="t", alt="a", n=[1])
    with pytest.raises(TypeError, match="alt to return a text, got 1"):
        plotting.explore(Draws(), title="t", alt=lambda **v: 1, **ALL)
    with pytest.raises(ValueError, match="at least one control, got none"):
        plotting.explore(lambda: plt.figure(), title="t", alt="a")
    with pytest.raises(ValueError, match="frames over controls whose values are listed"):
        plotting.explore(
            lambda n: plt.figure(), title="t", alt="a", frames="n", n=widgets.IntText()
        )
    figure = make(Draws())
    with pytest.raises(ValueError, match="expected group to be one of C3, D3, got 'C4'"):
        figure.set(group="C4")
    with pytest.raises(
        ValueError, match="expected scale to be one of 1, 2, 3, 4, got True"
    ):
        figure.set(scale=True)
    with pytest.raises(ValueError, match="did you mean 'scale'"):
        figure.set(scala=1)
    with pytest.raises(TypeError, match="values to be a sequence, a dict"):
        plotting.Control(3)
    with pytest.raises(ValueError, match="no text for a dict"):
        plotting.Control({"one": 1}, text=str)


ALL = dict(group=GROUPS, element=elements, scale=range(1, 5), flip=False)
