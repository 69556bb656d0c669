"""How often `msr.identify` is right: planted groups, noise, and where there is none."""

from .benchmark import CELLS, NAME, TITLE, benchmark_text, run_benchmark

__all__ = ["CELLS", "NAME", "TITLE", "benchmark_text", "run_benchmark"]
