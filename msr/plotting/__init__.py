"""Figures of the book. Matplotlib is imported when one is drawn, not before."""

from .controls import Control
from .curves import smooth
from .exploration import Exploration, explore
from .figures import (
    DIVERGING,
    PALETTE,
    plot_factorization,
    plot_matrices,
    plot_matrix,
    slideshow,
)
from .watching import Watched, watch

__all__ = [
    "DIVERGING",
    "PALETTE",
    "Control",
    "Exploration",
    "Watched",
    "explore",
    "plot_factorization",
    "plot_matrices",
    "plot_matrix",
    "slideshow",
    "smooth",
    "watch",
]
