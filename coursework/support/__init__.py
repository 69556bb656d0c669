"""What the notebooks of the coursework import: public tests, and what is to be found out.

Installed as `msr.coursework`, so that a student's notebook needs no other file.
"""

from .hidden_tasks import HiddenSymmetry
from .judging import as_tensor, close, forbid, in_float64, same_span, unchanged
from .mysteries import mystery_layer, mystery_sharing, seeded, turns_and_flips
from .public_tests import public_tests

__all__ = [
    "HiddenSymmetry",
    "as_tensor",
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
