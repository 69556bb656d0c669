"""The lattice of symmetries, with the probability of each."""

import math
from typing import TYPE_CHECKING

from .._utils.arguments import checked, shown
from ..discovery.comparison import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DRAWN = 60
COLOURS = "Blues"
NODE = {"boxstyle": "round,pad=0.35", "edgecolor": "0.3"}


@checked
def plot_lattice(comparison: Comparison, *, size: float = 1.1) -> "Figure":
    """Draw which symmetry contains which, darker the more probable it is.

    A line leads down from each candidate to those with the next larger spaces of weights,
    which hold its own: with subgroups as candidates, to its largest subgroups. Of
    candidates with the same space, the first is drawn.

    Args:
        comparison: what `msr.compare_symmetries` found.
        size: of a candidate, in inches.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: there are more candidates than a figure has room for, or ``size`` is not
            between 0 and 10.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    parents = comparison.parents
    if len(parents) > MOST_DRAWN:
        raise ValueError(
            f"expected at most {MOST_DRAWN} candidates, which a figure has room for, got "
            f"{len(parents)}"
        )
    if not 0 < size <= 10:
        raise ValueError(f"expected 0 < size <= 10 inches, got {shown(size)}")
    places = lattice_places(parents)
    width = max(x for x, _ in places.values()) - min(x for x, _ in places.values()) + 1
    height = max(y for _, y in places.values()) + 1
    figure, ax = plt.subplots(
        figsize=(max(width * size * 1.3, 2.5), max(height * size * 0.8, 1.5)),
        layout="constrained",
    )
    colours = mpl.colormaps[COLOURS]
    for name, (x, y) in places.items():
        for parent in parents[name]:
            ax.plot(*zip((x, y), places[parent]), color="0.7", linewidth=1, zorder=1)
    for name, (x, y) in places.items():
        probability = sum(
            p
            for other, p in comparison.probabilities.items()
            if comparison.same.get(other, other) == name
        )
        ax.text(
            x,
            y,
            f"{_broken(name)}\n{probability:.2f}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if probability > 0.6 else "black",
            bbox=NODE | {"facecolor": colours(0.9 * probability)},
        )
    ax.set_xlim(-width / 2 - 0.1, width / 2 + 0.1)
    ax.set_ylim(-0.5, height - 0.5)
    ax.set_axis_off()
    return figure


def lattice_places(
    parents: dict[str, tuple[str, ...]],
) -> dict[str, tuple[float, float]]:
    """X and y of every candidate: y counts the steps from one without parents."""
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = max((level(parent) + 1 for parent in parents[name]), default=0)
        return levels[name]

    for name in parents:
        level(name)
    places: dict[str, tuple[float, float]] = {}
    for y in range(max(levels.values()) + 1):
        row = [name for name in parents if levels[name] == y]
        above = {
            name: math.fsum(places[p][0] for p in parents[name])
            / max(len(parents[name]), 1)
            for name in row
        }
        row.sort(key=lambda name: above[name])
        for i, name in enumerate(row):
            places[name] = i - (len(row) - 1) / 2, float(y)
    return places


def _broken(name: str) -> str:
    """The generators of a subgroup on a line of their own."""
    return name.replace(" of ", "\nof ", 1)
