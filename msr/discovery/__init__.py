"""Which symmetry was found: the group of a learned symmetry matrix."""

from .identification import Confidence, Identification, Twins, identify

__all__ = ["Confidence", "Identification", "Twins", "identify"]
