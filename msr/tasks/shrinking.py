"""Images made smaller by averages over areas.

Images are arrays of unsigned bytes, of shape (height, width).
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float


@lru_cache
def averages(old: int, new: int) -> Float[np.ndarray, "new old"]:
    """Row i averages the part of the old axis that the new pixel i covers."""
    edges = np.arange(new + 1) * old / new
    pixels = np.arange(old)
    ends = np.minimum(edges[1:, None], pixels + 1)
    starts = np.maximum(edges[:-1, None], pixels)
    return np.maximum(ends - starts, 0.0) * new / old


def shrunk(image: np.ndarray, size: int) -> np.ndarray:
    """The image as a square of this size, each pixel the mean over what it covers."""
    height, width = image.shape
    mean = averages(height, size) @ image.astype(float) @ averages(width, size).T
    # rounded twice: sums in another order must not move a half
    return np.rint(mean.round(6)).astype(np.uint8)


def cropped(image: np.ndarray) -> np.ndarray:
    """What has ink, in the middle of the smallest square that holds it."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = image.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    return square
