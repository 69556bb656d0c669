"""Curves without their noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import (
    MOST_NUMBERS,
    check_between,
    check_size,
)

if TYPE_CHECKING:
    pass


# Okabe and Ito's palette, which readers of every colour vision can tell apart.
@checked
def smooth(values: Sequence[float], window: int) -> Tensor:
    """The running mean over the last ``window`` values (fewer at the start), on the CPU.

    Raises:
        TypeError: a value is no number, or ``window`` no integer.
        ValueError: ``window`` < 1, or a value or the list is too large.
    """
    check_between(1, MOST_NUMBERS, window=window)
    check_size("a list of values", len(values))
    try:
        numbers = list(map(float, values))
    except OverflowError:
        raise ValueError(
            "expected values in the range of floating-point numbers, got a larger integer"
        ) from None
    with torch.device("cpu"):
        sums = torch.tensor(numbers, dtype=torch.float64).cumsum(0)
        zeros = torch.zeros(min(window, len(sums)))
        shifted = torch.cat([zeros, sums[:-window]])[: len(sums)]
        counts = torch.arange(1, len(sums) + 1).clamp(max=window)
    return (sums - shifted) / counts
