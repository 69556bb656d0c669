"""Figures of the book. Matplotlib is imported when one is drawn, not before."""

from .curves import smooth
from .figures import (
    plot_factorization,
    plot_matrices,
    plot_matrix,
    slideshow,
)
from .identification import describe_identification, plot_identification
from .palette import DIVERGING, PALETTE

__all__ = [
    "DIVERGING",
    "PALETTE",
    "describe_identification",
    "plot_factorization",
    "plot_identification",
    "plot_matrices",
    "plot_matrix",
    "slideshow",
    "smooth",
]
