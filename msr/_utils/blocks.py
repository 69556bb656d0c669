"""Images as blocks of pixels."""

from collections.abc import Sequence

from jaxtyping import Shaped
from torch import Tensor


def blocks_of(
    image: Shaped[Tensor, "height width"], shape: tuple[int, int]
) -> Shaped[Tensor, "blocks pixels"]:
    """The blocks of an image, row by row, each as a vector.

    Raises:
        ValueError: the image's sides are no multiples of a block's.
    """
    if (
        image.ndim != 2
        or not image.numel()
        or any(s % b for s, b in zip(image.shape, shape))
    ):
        raise ValueError(
            f"expected an image of shape (height, width), multiples of {shape[0]} and "
            f"{shape[1]}, got {tuple(image.shape)}"
        )
    rows, columns = (side // block for side, block in zip(image.shape, shape))
    blocks = image.reshape(rows, shape[0], columns, shape[1]).transpose(1, 2)
    return blocks.reshape(rows * columns, -1)


def image_of(
    blocks: Shaped[Tensor, "blocks pixels"], shape: tuple[int, int], whole: Sequence[int]
) -> Shaped[Tensor, "height width"]:
    """The image of shape ``whole`` that has these blocks."""
    rows, columns = (side // block for side, block in zip(whole, shape))
    return blocks.reshape(rows, columns, *shape).transpose(1, 2).reshape(*whole)
