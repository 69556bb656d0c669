"""Figures of the book. Matplotlib is imported when one is drawn, not before."""

from .curves import smooth
from .figures import (
    DIVERGING,
    PALETTE,
    plot_factorization,
    plot_matrices,
    plot_matrix,
    slideshow,
)
from .lattice import plot_lattice

__all__ = [
    "DIVERGING",
    "PALETTE",
    "plot_factorization",
    "plot_lattice",
    "plot_matrices",
    "plot_matrix",
    "slideshow",
    "smooth",
]
