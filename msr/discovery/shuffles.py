"""Would the same sharing have a group if its entries were elsewhere?"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int

from .automorphisms import TooManySteps
from .closure import closure

FEW_ENTRIES, SHUFFLES_OF_FEW, SHUFFLES = 64, 399, 199
ENOUGH_HITS = 20


def p_value(classes: Int[np.ndarray, "m n"]) -> float:
    """How often the same classes, shuffled, have a group with so few orbits."""
    observed = closure(classes).orbits.max()

    def as_few_orbits(generator: np.random.Generator) -> bool:
        shuffled = generator.permutation(classes.reshape(-1)).reshape(classes.shape)
        return bool(closure(shuffled).orbits.max() <= observed)

    shuffles = SHUFFLES_OF_FEW if classes.size <= FEW_ENTRIES else SHUFFLES
    return frequency(as_few_orbits, shuffles)


def frequency(as_few_orbits: Callable[[np.random.Generator], bool], shuffles: int) -> float:
    """How often shuffled entries have as few orbits, the observed ones among them.

    Shuffling stops early once that is frequent (Besag, Clifford 1991). A search that would
    take too long counts as as few.

    Args:
        as_few_orbits: shuffles the entries, and says it of them.
        shuffles: how many, at most.
    """
    generator = np.random.default_rng(0)
    as_few = 0
    for number in range(1, shuffles + 1):
        try:
            as_few += int(as_few_orbits(generator))
        except TooManySteps:
            as_few += 1
        if as_few == ENOUGH_HITS:
            return as_few / number
    return (1 + as_few) / (1 + shuffles)
