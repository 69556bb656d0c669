"""Checks of weights and their shapes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_floating, check_same_dtype, check_size

MOST_AXES = 10


def solvable(matrix: Tensor) -> Tensor:
    """In a dtype that solvers take, which is not one of half precision."""
    return matrix.to(torch.promote_types(matrix.dtype, torch.float32))


def checked_shape(shape: Sequence[int]) -> torch.Size:
    """The shape of a weight.

    Raises:
        ValueError: an axis is empty, there is none, or the weight would be too large.
    """
    if not 1 <= len(shape) <= MOST_AXES:
        raise ValueError(
            f"expected the shape of a weight with 1 to {MOST_AXES} axes, got {shown(shape)}"
        )
    for size in shape:
        check_at_least(1, axis=size)
    check_size("a weight", *shape)
    return torch.Size(shape)


def check_last_axes(
    name: str, tensor: Tensor, shape: torch.Size, dtype: torch.dtype
) -> None:
    """Raise unless the tensor's last axes, after any over tasks, have these sizes."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected {name} to be a tensor, got {shown(tensor)}")
    if tensor.shape[-len(shape) :] != shape:
        raise ValueError(
            f"expected {name} whose last axes have the shape {tuple(shape)}, got "
            f"{tuple(tensor.shape)}"
        )
    check_same_dtype(name, tensor, dtype)


def check_whole_weight(weight: Tensor, shape: torch.Size, dtype: torch.dtype) -> None:
    """Raise unless this is a weight of that shape."""
    check_floating("a weight", weight)
    if weight.shape != shape:
        raise ValueError(
            f"expected a weight of shape {tuple(shape)}, got {tuple(weight.shape)}"
        )
    check_same_dtype("a weight", weight, dtype)
