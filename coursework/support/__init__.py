"""What the notebooks of the coursework import: public tests, and what is to be found out.

Installed as `msr.coursework`, so that a student's notebook needs no other file.
"""

from .hidden_tasks import HiddenSymmetry
from .judging import as_permutations, as_tensor, close, same_span, unchanged
from .mysteries import mystery_layer, mystery_sharing, seeded, turns_and_flips
from .public_tests import public_tests
from .rules import by_formula, forbid, in_float64

__all__ = [
    "HiddenSymmetry",
    "as_permutations",
    "as_tensor",
    "by_formula",
    "close",
    "forbid",
    "in_float64",
    "mystery_layer",
    "mystery_sharing",
    "public_tests",
    "same_span",
    "seeded",
    "turns_and_flips",
    "unchanged",
]
