"""Figures: what they draw, and the self-contained interactive ones."""

import re

import matplotlib as mpl

mpl.use("Agg")

import pytest
import torch
from matplotlib import pyplot as plt

import msr
from msr import plotting
from msr.plotting.player import Slideshow


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_running_mean() -> None:
    assert plotting.smooth([1.0, 2.0, 3.0, 4.0], 2).tolist() == [1.0, 1.5, 2.5, 3.5]
    assert plotting.smooth([1.0, 2.0], 5).tolist() == [1.0, 1.5]


def test_factorization_colours_weights_by_their_filter_value() -> None:
    U = msr.group_convolution_matrix(msr.symmetric(2))
    figure = plotting.plot_factorization(U, torch.tensor([3.0, -1.0]), (2, 2))
    colours = [ax.images[0].get_array().tolist() for ax in figure.axes]
    assert colours[0] == [[1, 0], [0, 2], [0, 2], [1, 0]]
    assert colours[1] == [[1], [2]]
    assert colours[2] == [[1], [2], [2], [1]]
    assert colours[3] == [[1, 2], [2, 1]]
    texts = [text.get_text() for text in figure.axes[3].texts]
    assert texts == ["3", "-1", "-1", "3"]


def test_matrices_share_one_colour_scale_if_asked() -> None:
    matrices = [torch.eye(2), 5 * torch.eye(2), torch.eye(3)]
    shared = plotting.plot_matrices(matrices, ["a", "b", "c"], columns=2)
    assert [ax.images[0].get_clim() for ax in shared.axes[:3]] == [(-5, 5)] * 3
    assert not shared.axes[3].axison
    own = plotting.plot_matrices(matrices, ["a", "b", "c"], shared_limit=False)
    assert [ax.images[0].get_clim()[1] for ax in own.axes] == [1, 5, 1]


def make(start: int = 1) -> Slideshow:
    return plotting.slideshow(
        lambda i: plotting.plot_matrices([i * torch.eye(3)], [f"frame {i}"]),
        [1, 2, 3],
        title="size of <x>",
        label=lambda i: f"i = {i}",
        alt=lambda i: f"The identity, {i} times. </script>",
        start=start,
    )


def test_slideshow_is_self_contained_and_accessible() -> None:
    page = make()._repr_html_()
    assert "http" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count("</script>") == 1
    assert 'alt="The identity, 2 times.' in page
    assert 'aria-label="size of &lt;x&gt;"' in page
    assert 'aria-valuetext="i = 2"' in page
    assert 'type="range" min="0" max="2" value="1"' in page
    assert not plt.get_fignums()


def test_slideshow_is_deterministic_and_ids_differ() -> None:
    first, again, other = (make(start)._repr_html_() for start in (1, 1, 0))
    assert first == again
    ids = {re.search(r'id="([\w-]+)"', page)[1] for page in (first, other)}
    assert len(ids) == 2


def test_a_lattice_has_a_box_for_each_space_and_a_line_for_each_cover() -> None:
    rho = msr.regular(msr.dihedral(2))
    candidates = msr.subgroup_candidates(rho, rho)
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 6, 4, generator=generator)
    found = msr.compare_symmetries(candidates | {"again": None}, x, y, simulations=0)
    figure = plotting.plot_lattice(found)
    (ax,) = figure.axes
    boxes = {text.get_text(): text.get_position() for text in ax.texts}
    assert len(boxes) == 5
    assert len(ax.lines) == 6
    shown = {name.split("\n")[0]: float(name.split("\n")[-1]) for name in boxes}
    total = found.probabilities["none"] + found.probabilities["again"]
    assert shown["none"] == pytest.approx(total, abs=0.005)
    heights = [place[1] for _, place in sorted(boxes.items())]
    assert heights == [1, 1, 1, 2, 0]  # C2 thrice, C2 x C2, none
    assert len(set(boxes.values())) == 5


@pytest.mark.bad_input
def test_a_lattice_for_which_there_is_no_room() -> None:
    x = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
    candidates = {f"U{i}": torch.eye(49)[:, : i + 1] for i in range(47)}
    found = msr.compare_symmetries(candidates, x, x, simulations=0)
    with pytest.raises(ValueError, match="0 < size <= 10 inches, got 11"):
        plotting.plot_lattice(found, size=11)
    found.parents.update({str(i): () for i in range(20)})
    with pytest.raises(ValueError, match="at most 60 candidates"):
        plotting.plot_lattice(found)
