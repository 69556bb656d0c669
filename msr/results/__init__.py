"""Results: files of them, where they come from, and recorded ones to compare with."""

from .contrasts import Contrast, contrast
from .drift import Drift, drifts
from .origin import provenance
from .paper import paper_table
from .recorded import recorded_benchmarks, recorded_results
from .store import Results

__all__ = [
    "Contrast",
    "Drift",
    "Results",
    "contrast",
    "drifts",
    "paper_table",
    "provenance",
    "recorded_benchmarks",
    "recorded_results",
]
