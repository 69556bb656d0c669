"""Would the same sharing have a group if its entries were elsewhere?"""

import numpy as np
from jaxtyping import Int

from .automorphisms import TooManySteps
from .closure import closure

FEW_ENTRIES, SHUFFLES_OF_FEW, SHUFFLES = 64, 399, 199
ENOUGH_HITS = 20


def p_value(classes: Int[np.ndarray, "m n"]) -> float:
    """How often the same classes, with entries shuffled, have a group with so few orbits.

    Shuffling stops early once that is frequent (Besag, Clifford 1991).
    """
    generator = np.random.default_rng(0)
    observed = closure(classes).orbits.max()
    shuffles = SHUFFLES_OF_FEW if classes.size <= FEW_ENTRIES else SHUFFLES
    as_few = 0
    for number in range(1, shuffles + 1):
        shuffled = generator.permutation(classes.reshape(-1)).reshape(classes.shape)
        try:
            as_few += int(closure(shuffled).orbits.max() <= observed)
        except TooManySteps:
            as_few += 1
        if as_few == ENOUGH_HITS:
            return as_few / number
    return (1 + as_few) / (1 + shuffles)
