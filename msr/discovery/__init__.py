"""Which symmetry was found: the group of a learned symmetry matrix."""

from .identification import Confidence, Identification, Twins
from .learned import identify

__all__ = ["Confidence", "Identification", "Twins", "identify"]
