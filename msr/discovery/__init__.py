"""Which symmetry was found: the group of a learned matrix, the symmetry of one data set."""

from .comparison import Comparison, compare_symmetries
from .evidence import Evidence, evidence
from .grid import arrange_on_grid, coupling, turns, unscramble
from .identification import Confidence, Identification, Twins
from .layer import compare_layer_symmetries
from .learned import identify
from .one_data_set import Discovery, discover
from .spaces import subgroup_candidates

__all__ = [
    "Comparison",
    "Confidence",
    "Discovery",
    "Evidence",
    "Identification",
    "Twins",
    "arrange_on_grid",
    "compare_layer_symmetries",
    "compare_symmetries",
    "coupling",
    "discover",
    "evidence",
    "identify",
    "subgroup_candidates",
    "turns",
    "unscramble",
]
