"""What `msr.identify` found, as a picture and in words."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .._utils.arguments import checked
from ..discovery.identification import Identification
from .cayley_graph import CayleyGraph, draw_cayley_graph
from .palette import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ELEMENTS = 32  # of a group whose Cayley graph is drawn
MOST_NUMBERED = 144  # entries of a weight whose orbits are written into its cells


@checked
def plot_identification(found: Identification) -> "Figure":
    """Draw the weight's entries coloured by orbit, beside the Cayley graph of the group.

    Entries of one colour share their value. In weights of up to 144 entries each cell also
    has its orbit's number; with a sign where signed permutations were asked for, and white
    cells are zero in all weights. In the graph, nodes are elements, the black one is the
    identity, and arrows of one colour and line style lead from g to ``g s`` for one
    generator s (a line if ``s s`` is the identity). Generators are few: the first has the
    highest order that there is. Groups of more than 32 elements, and none, have no graph.

    The alternative text is `describe_identification`'s.

    Raises:
        TypeError: the argument is no `Identification`.
    """
    import matplotlib.pyplot as plt

    panels = 2 if _has_graph(found) else 1
    figure, axes = plt.subplots(
        1, panels, figsize=(3.4 * panels, 3.4), layout="constrained", squeeze=False
    )
    _draw_orbits(axes[0, 0], found)
    if found.group is not None and panels == 2:
        draw_cayley_graph(axes[0, 1], CayleyGraph.of(found.group))
        axes[0, 1].set_title(f"Cayley graph of {found.name}", fontsize=10)
    title = found.status if found.status == "none" else f"{found.status}: {found.name}"
    figure.suptitle(title, fontsize=11)
    return figure


@checked
def describe_identification(found: Identification) -> str:
    """What `plot_identification` shows, as an alternative text.

    Raises:
        TypeError: the argument is no `Identification`.
    """
    m, n = found.orbits.shape
    orbits = int(found.orbits.max()) + 1
    if found.status == "none":
        return (
            f"A weight of {m} outputs and {n} inputs, in which every entry has a colour of "
            f"its own: no group was found."
        )
    weight = (
        f"A weight of {m} outputs and {n} inputs, whose entries have {orbits} colours, one "
        f"for each orbit of {found.name} ({found.status})"
    )
    if not _has_graph(found) or found.group is None:
        return f"{weight}. The group has {_count(found.order)} elements, too many to draw."
    graph = CayleyGraph.of(found.group)
    orders = [str(graph.table.orders[s]) for s in graph.generators]
    of = "a generator of order" if len(orders) == 1 else "generators of orders"
    return (
        f"{weight}; beside it the Cayley graph of {found.name}, with {found.order} nodes "
        f"and {of} {' and '.join(orders)}."
    )


def _has_graph(found: Identification) -> bool:
    return found.status != "none" and found.order <= MOST_ELEMENTS


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"{number:.1e}"


def _draw_orbits(ax: "Axes", found: Identification) -> None:
    from matplotlib.colors import ListedColormap

    orbits = found.orbits.cpu().numpy()
    number = int(orbits.max()) + 1
    colours = _colours(number)
    palette = ListedColormap(colours).with_extremes(under="white")
    ax.imshow(
        orbits,
        cmap=palette,
        vmin=-0.5,
        vmax=number - 0.5,
        interpolation="nearest",
    )
    ax.set(xticks=[], yticks=[], xlabel="inputs", ylabel="outputs")
    ax.set_title(f"weight, {number} orbits of entries", fontsize=10)
    if orbits.size > MOST_NUMBERED:
        return
    signs = None if found.signs is None else found.signs.cpu().numpy()
    for (row, column), orbit in np.ndenumerate(orbits):
        if orbit < 0:
            continue
        dark = colours[orbit] @ (0.299, 0.587, 0.114) < 0.55
        sign = "" if signs is None else "+" if signs[row, column] > 0 else "-"
        ax.text(
            column,
            row,
            f"{sign}{orbit}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )


def _colours(number: int) -> Float[np.ndarray, "number 3"]:
    """The palette's; for more, lightnesses of one scale with neighbours far apart."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    if number <= len(PALETTE):
        return np.array([to_rgb(colour) for colour in PALETTE[:number]])
    golden = (5**0.5 - 1) / 2
    places = np.argsort(np.argsort((np.arange(number) * golden) % 1)) / (number - 1)
    return np.asarray(colormaps["cividis"](places))[:, :3]
