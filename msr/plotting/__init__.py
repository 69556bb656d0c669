"""Figures of the book. Matplotlib is imported when one is drawn, not before."""

from .controls import Control
from .curves import smooth
from .exploration import Exploration, explore
from .figures import (
    plot_factorization,
    plot_matrices,
    plot_matrix,
    slideshow,
)
from .identification import describe_identification, plot_identification
from .lattice import plot_lattice
from .palette import DIVERGING, PALETTE
from .watching import Watched, watch

__all__ = [
    "DIVERGING",
    "PALETTE",
    "Control",
    "Exploration",
    "Watched",
    "describe_identification",
    "explore",
    "plot_factorization",
    "plot_identification",
    "plot_lattice",
    "plot_matrices",
    "plot_matrix",
    "slideshow",
    "smooth",
    "watch",
]
