"""Inner loops: how what adapts is fitted to the support set of one task."""

from .base import InnerLoop, SupportLoss
from .gradient_descent import GradientDescent
from .losses import mean_squared_error
from .ridge import Ridge

__all__ = [
    "GradientDescent",
    "InnerLoop",
    "Ridge",
    "SupportLoss",
    "mean_squared_error",
]
