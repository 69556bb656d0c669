"""The experiments of the book: methods on problems, run cell by cell."""

from .hyperparameters import HYPERPARAMETERS
from .letters import LETTERS
from .methods import MSR_RIDGE, ROTATION, SUPPORT, TRANSLATION, Method, fit_inner_loop
from .registry import EXPERIMENTS, Column, Experiment
from .report import table_markdown, table_text
from .reproduction import reproduce
from .sweeps import Sweep, sweep
from .winds import WINDS

__all__ = [
    "EXPERIMENTS",
    "HYPERPARAMETERS",
    "LETTERS",
    "MSR_RIDGE",
    "ROTATION",
    "SUPPORT",
    "TRANSLATION",
    "WINDS",
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
