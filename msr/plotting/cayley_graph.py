"""The Cayley graph of a small group: which generators, where the elements stand, arrows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ..groups.cayley import CayleyTable
from ..groups.finite import FiniteGroup
from .palette import LINES, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_RINGS = 4
# A cube in perspective, its copy beside it, and copies of both above.
EDGES_OF_A_CUBE = ((1.0, 0.0), (0.0, 1.0), (0.4, 0.3), (2.1, 0.0), (0.0, 2.0))


@dataclass(frozen=True)
class CayleyGraph:
    """Nodes are elements g; for each generator s there are arrows from g to ``g s``.

    Args:
        table: the group, whose identity is element 0.
    """

    table: CayleyTable

    @classmethod
    def of(cls, group: FiniteGroup) -> "CayleyGraph":
        """The graph of a group, whose identity becomes element 0."""
        return cls(CayleyTable.of(group))

    @cached_property
    def generators(self) -> list[int]:
        """One of the highest order, then each that generates most; of these, the lowest."""
        orders = self.table.orders
        chosen: list[int] = []
        while not self.table.generated(chosen).all():
            sign = 1 if chosen else -1
            sizes = [
                self.table.generated([*chosen, a]).sum() if chosen else 0
                for a in range(self.table.order)
            ]
            chosen.append(
                min(range(len(sizes)), key=lambda a: (-sizes[a], sign * orders[a], a))
            )
        return chosen

    def arrows(self) -> Iterator[tuple[int, int, int]]:
        """(generator's place, from, to); of a generator of order 2, one way only."""
        for place, s in enumerate(self.generators):
            for g in range(self.table.order):
                to = int(self.table.products[g, s])
                if self.table.orders[s] > 2 or g < to:
                    yield place, g, to

    @cached_property
    def cosets(self) -> list[list[int]]:
        """``g <s>`` for the first generator s, each as ``g, g s, g s^2, ...``.

        A coset that another generator t leads to from an earlier one is listed so that
        ``g t`` has the place of g: for all g of the earlier one if t keeps cosets together.
        """
        if not self.generators:
            return [[0]]
        found = [self._coset(0)]
        for coset in found:
            for t in self.generators[1:]:
                image = [int(self.table.products[g, t]) for g in coset]
                for place, start in enumerate(image):
                    if not any(start in other for other in found):
                        new = self._coset(start)
                        turned = new[-place:] + new[:-place] if place else new
                        found.append(image if set(image) == set(new) else turned)
        return found

    def _coset(self, g: int) -> list[int]:
        elements = [g]
        while (g := int(self.table.products[g, self.generators[0]])) != elements[0]:
            elements.append(g)
        return elements

    @cached_property
    def positions(self) -> Float[np.ndarray, "n 2"]:
        """A cube if all squares are the identity; up to four rings of cosets; a circle."""
        positions = np.zeros((self.table.order, 2))
        if self.table.orders.max() == 2:
            for s, edge in zip(self.generators, EDGES_OF_A_CUBE):
                # from the elements that have a place to their products with s
                known = self.table.generated(self.generators[: self.generators.index(s)])
                positions[self.table.products[known, s]] = positions[known] + edge
            return positions
        rings = self.cosets
        if len(rings) > MOST_RINGS:
            rings = [[g for coset in rings for g in coset]]
        for radius, ring in zip((1.0, 0.68, 0.42, 0.2), rings):
            for i, g in enumerate(ring):
                angle = math.pi / 2 - 2 * math.pi * i / len(ring)
                positions[g] = radius * math.cos(angle), radius * math.sin(angle)
        return positions


def draw_cayley_graph(ax: "Axes", graph: CayleyGraph) -> None:
    """Nodes, the identity filled; arrows in a colour and a line style per generator."""
    x, y = graph.positions.T
    for place, start, end in graph.arrows():
        both_ways = graph.table.orders[graph.generators[place]] == 2
        # past other nodes, or beside an arrow back
        bent = place > 2 or (place > 0 and not both_ways)
        ax.annotate(
            "",
            xy=(x[end], y[end]),
            xytext=(x[start], y[start]),
            arrowprops={
                "arrowstyle": "-" if both_ways else "-|>",
                "color": PALETTE[place],
                "linestyle": LINES[place],
                "linewidth": 1.4,
                "shrinkA": 5,
                "shrinkB": 5,
                "connectionstyle": f"arc3,rad={0.12 if bent else 0}",
            },
        )
    fill = ["black"] + ["white"] * (graph.table.order - 1)
    ax.scatter(x, y, s=60, c=fill, edgecolors="black", zorder=3)
    for place, s in enumerate(graph.generators):
        label = f"{'abcde'[place]}, order {graph.table.orders[s]}"
        ax.plot([], [], color=PALETTE[place], linestyle=LINES[place], label=label)
    if graph.generators:
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=min(3, len(graph.generators)),
            frameon=False,
        )
    ax.set_aspect("equal")
    ax.margins(0.12)
    ax.set_axis_off()
