"""Which spaces of weights lie in which, and which are equal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from .rotation import Basis

SAME = 1e-5  # the largest part of a unit vector outside a span in which it lies


@dataclass(frozen=True)
class Inclusions:
    """Spaces by name, ordered by inclusion.

    Attributes:
        first: for every name, the first name with the same space.
        parents: for every such first name, those of the next larger spaces.
    """

    first: dict[str, str]
    parents: dict[str, tuple[str, ...]]

    @property
    def same(self) -> dict[str, str]:
        """Names that are not the first of their space, with the one that is."""
        return {name: first for name, first in self.first.items() if name != first}

    @classmethod
    def of(cls, bases: Mapping[str, Basis | None]) -> "Inclusions":
        """Of spaces with these orthonormal bases, None being all weights."""
        names = list(bases)
        inside = _inclusions(list(bases.values()))
        equal = inside & inside.T
        first = {name: names[int(equal[i].argmax())] for i, name in enumerate(names)}
        distinct = [name for name in names if first[name] == name]

        def lies_in(a: str, b: str) -> bool:
            return a != b and bool(inside[names.index(a), names.index(b)])

        above = {a: [b for b in distinct if lies_in(a, b)] for a in distinct}
        parents = {
            a: tuple(b for b in larger if not any(b in above[c] for c in larger))
            for a, larger in above.items()
        }
        return cls(first, parents)


def _inclusions(bases: Sequence[Basis | None]) -> Bool[np.ndarray, "spaces spaces"]:
    """Whether space i lies in space j, for all i and j, up to rounding."""
    inside = np.eye(len(bases), dtype=bool)
    for i, a in enumerate(bases):
        for j, b in enumerate(bases):
            if i == j:
                continue
            if a is None or b is None:
                inside[i, j] = b is None
            elif a.shape[1] <= b.shape[1]:
                away = a - b @ (b.T @ a)
                inside[i, j] = np.square(away).sum(0).max(initial=0.0) < SAME**2
    return inside
