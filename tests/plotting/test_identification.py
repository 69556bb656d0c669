"""The picture of what was identified: orbits, the Cayley graph, and words for both."""

import itertools
import math

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import msr
from msr import plotting
from msr.plotting.cayley_graph import CayleyGraph

C2, C4, S4 = msr.cyclic(2), msr.cyclic(4), msr.symmetric(4)
CUBE = msr.direct_product(C2, msr.direct_product(C2, C2))
GROUPS = {
    **msr.small_groups(),
    "A4": msr.alternating(4),
    "S4": S4,
    "C4xC4": msr.direct_product(C4, C4),
    "C2xD4": msr.direct_product(C2, msr.dihedral(4)),
    "C2^5": msr.direct_product(CUBE, msr.direct_product(C2, C2)),
    "C32": msr.cyclic(32),
    "D16": msr.dihedral(16),
    "D4, renumbered": msr.dihedral(4).relabel([3, 0, 7, 1, 2, 6, 4, 5]),
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def found_in(group: msr.FiniteGroup) -> msr.Identification:
    order = group.order
    return msr.identify(msr.group_convolution_matrix(group), (order, order))


@pytest.mark.parametrize("name", GROUPS)
def test_arrows_are_products_by_elements_that_generate(name: str) -> None:
    graph = CayleyGraph.of(GROUPS[name])
    products, n = graph.table.products, GROUPS[name].order
    arrows = list(graph.arrows())
    for place, s in enumerate(graph.generators):
        own = {(g, to) for p, g, to in arrows if p == place}
        both_ways = own | {(to, g) for g, to in own}
        expected = {(g, int(products[g, s])) for g in range(n)}
        if products[s, s] == 0:
            assert both_ways == expected
            assert len(own) == n // 2
        else:
            assert own == expected
    reached = {0}
    for _ in range(n):
        reached |= {end for _, *ends in arrows for end in ends if reached & {*ends}}
    assert reached == set(range(n))
    assert len(graph.generators) <= max(1, math.log2(n))


@pytest.mark.parametrize("name", GROUPS)
def test_no_two_elements_stand_in_one_place(name: str) -> None:
    graph = CayleyGraph.of(GROUPS[name])
    assert sorted(itertools.chain(*graph.cosets)) == list(range(GROUPS[name].order))
    distances = [math.dist(a, b) for a, b in itertools.combinations(graph.positions, 2)]
    assert min(distances, default=1) > 0.15


def test_a_cyclic_group_is_a_circle_and_a_dihedral_one_two() -> None:
    graph = CayleyGraph.of(msr.cyclic(8))
    np.testing.assert_allclose(np.linalg.norm(graph.positions, axis=1), 1)
    steps = [graph.positions[to] - graph.positions[g] for _, g, to in graph.arrows()]
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 2 * math.sin(math.pi / 8))
    graph = CayleyGraph.of(msr.dihedral(5))
    radii = np.linalg.norm(graph.positions, axis=1).round(6)
    assert np.unique(radii, return_counts=True)[1].tolist() == [5, 5]
    directions = graph.positions / radii[:, None]
    for place, g, to in graph.arrows():
        if place == 1:  # the reflections' lines point outwards
            np.testing.assert_allclose(directions[g], directions[to], atol=1e-5)


def test_elements_whose_squares_are_the_identity_make_a_cube() -> None:
    graph = CayleyGraph.of(CUBE)
    for place in range(3):
        steps = [
            graph.positions[to] - graph.positions[g]
            for p, g, to in graph.arrows()
            if p == place
        ]
        np.testing.assert_allclose(np.abs(steps), np.abs(steps[:1] * 4), atol=1e-9)


def test_generators_are_few_and_as_people_choose_them() -> None:
    orders = {
        name: [int(graph.table.orders[s]) for s in graph.generators]
        for name, graph in ((n, CayleyGraph.of(group)) for n, group in GROUPS.items())
    }
    assert orders["C8"] == [8]
    assert orders["D4"] == orders["D4, renumbered"] == [4, 2]
    assert orders["C4xC2"] == [4, 2]
    assert orders["Q8"] == [4, 4]
    assert orders["S4"] == [4, 2]
    assert orders["A4"] == [3, 2]
    assert orders["C2^5"] == [2] * 5
    assert orders["C1"] == []


def test_cells_show_orbits() -> None:
    found = found_in(msr.dihedral(4))
    figure = plotting.plot_identification(found)
    weight, graph = figure.axes
    assert weight.images[0].get_array().tolist() == found.orbits.tolist()
    texts = [text.get_text() for text in weight.texts]
    assert texts == [str(i) for i in found.orbits.flatten().tolist()]
    assert (weight.get_xlabel(), weight.get_ylabel()) == ("inputs", "outputs")
    assert len(graph.texts) == 8 + 4  # arrows, and lines of the reflection
    assert [t.get_text() for t in graph.get_legend().get_texts()] == [
        "a, order 4",
        "b, order 2",
    ]
    assert figure.get_suptitle() == "found: D4"


def test_colours_differ_and_letters_can_be_read_on_them() -> None:
    for group in (msr.symmetric(3), msr.cyclic(12)):
        weight = plotting.plot_identification(found_in(group)).axes[0]
        colours = weight.images[0].get_cmap().colors
        assert len({tuple(c) for c in colours}) == group.order
        for text in weight.texts:
            below = colours[int(text.get_text())]
            assert contrast(to_rgb(text.get_color()), below) > 3


def contrast(a, b) -> float:
    """That of the Web Content Accessibility Guidelines."""

    def luminance(colour) -> float:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour
        ]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_large_weights_have_no_numbers_and_large_groups_no_graph() -> None:
    large = plotting.plot_identification(found_in(msr.cyclic(16)))
    assert len(large.axes) == 2
    assert not large.axes[0].texts
    i, j = np.indices((9, 9))
    U = torch.tensor(np.eye(2)[(i == j).reshape(-1).astype(int)])
    found = msr.identify(U, (9, 9))
    assert len(plotting.plot_identification(found).axes) == 1
    assert plotting.describe_identification(found).endswith(
        "of S9 (found). The group has 362,880 elements, too many to draw."
    )


def test_words() -> None:
    assert plotting.describe_identification(found_in(S4)) == (
        "A weight of 24 outputs and 24 inputs, whose entries have 24 colours, one for each "
        "orbit of S4 (found); beside it the Cayley graph of S4, with 24 nodes and "
        "generators of orders 4 and 2."
    )
    assert "with 6 nodes and a generator of order 6." in plotting.describe_identification(
        found_in(msr.cyclic(6))
    )


def test_none() -> None:
    draws = torch.Generator("cpu").manual_seed(0)
    U = torch.randn(36, 5, generator=draws, device="cpu")
    found = msr.identify(U, (6, 6))
    figure = plotting.plot_identification(found)
    assert len(figure.axes) == 1
    assert figure.get_suptitle() == "none"
    assert "every entry has a colour of its own" in plotting.describe_identification(found)
