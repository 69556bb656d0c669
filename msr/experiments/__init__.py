"""The experiments of the book: methods on problems, run cell by cell."""

from .hyperparameters import HYPERPARAMETERS
from .methods import MSR_RIDGE, ROTATION, SUPPORT, TRANSLATION, Method, fit_inner_loop
from .registry import EXPERIMENTS, Column, Experiment
from .report import table_markdown, table_text
from .reproduction import reproduce
from .sweeps import Sweep, sweep

__all__ = [
    "EXPERIMENTS",
    "HYPERPARAMETERS",
    "MSR_RIDGE",
    "ROTATION",
    "SUPPORT",
    "TRANSLATION",
    "Column",
    "Experiment",
    "Method",
    "Sweep",
    "fit_inner_loop",
    "reproduce",
    "sweep",
    "table_markdown",
    "table_text",
]
