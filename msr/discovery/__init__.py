"""Which symmetry was found: the group of a learned matrix, the symmetry of one data set."""

from .comparison import Comparison, compare_symmetries
from .evidence import Evidence, evidence
from .identification import Confidence, Identification, Twins, identify
from .layer import compare_layer_symmetries
from .spaces import subgroup_candidates

__all__ = [
    "Comparison",
    "Confidence",
    "Evidence",
    "Identification",
    "Twins",
    "compare_layer_symmetries",
    "compare_symmetries",
    "evidence",
    "identify",
    "subgroup_candidates",
]
