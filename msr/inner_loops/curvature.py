"""The largest curvature of a support loss, and steps that it bounds.

Gradient descent with step size alpha on a quadratic function multiplies the error along an
eigenvector of the Hessian with eigenvalue h by ``1 - alpha h`` at each step: it grows if
``alpha h > 2`` (Nesterov 2004, section 1.2.3). A step size that suits most tasks may be
beyond that for a few.
"""

import torch
from torch import Tensor

from .base import LocalShape, Tensors

# Products with the Hessian that the power iteration takes.
PRODUCTS = 6


def step_factor(
    shape: LocalShape, step_sizes: Tensors, bound: float, first_order: bool
) -> Tensor:
    """The factor of all step sizes of a task, ``min(1, bound / h)``.

    h is the largest curvature, in magnitude, in coordinates in which every step size is
    one: of ``D^(1/2) H D^(1/2)``, with H the Hessian and D the step sizes on the diagonal.
    For a single tensor that is alpha times the curvature, so that its step size becomes
    ``min(alpha, bound / curvature)``. It is found by the power iteration (Golub and Van
    Loan 2013, section 7.3) from the gradient,

    ``h = |A^6 g| / |A^5 g|`` with ``A = D^(1/2) H D^(1/2)`` and ``g = D^(1/2) gradient``,

    which is exact up to what the gradient does not contain, and hence the steps do not.

    Args:
        shape: the loss around the point where the descent begins.
        step_sizes: one for each adapted tensor, under its name.
        bound: what h is kept below.
        first_order: whether gradient and curvature count as constants.

    Returns:
        one number, or one for each task if the loss is of several.
    """
    sizes = {name: a.abs() for name, a in step_sizes.items()}
    slope, size = shape.slope, _squared_length(shape, shape.slope, sizes)
    for _ in range(PRODUCTS):
        slope = _scaled(shape, slope, _reciprocal_root(size))
        direction = {name: size * slope[name] for name, size in sizes.items()}
        slope = shape.product(direction)
        size = _squared_length(shape, slope, sizes)
    largest = root(size)
    if first_order:
        scale = torch.stack(list(sizes.values())).amax()
        some = torch.where(scale > 0, scale, 1.0)
        largest = scale * (largest / some).detach()
    return at_most(bound, largest)


def at_most(bound: float, h: Tensor) -> Tensor:
    """``min(1, bound / h)``, also in its derivative, for h >= 0."""
    beyond = h > bound
    return torch.where(beyond, bound / torch.where(beyond, h, 1.0), 1.0)


def root(square: Tensor) -> Tensor:
    """The square root, with derivative 0 at 0."""
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1.0).sqrt(), 0.0)


def _reciprocal_root(square: Tensor) -> Tensor:
    """``1 / sqrt``, and 0 at 0."""
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1.0).rsqrt(), 0.0)


def _squared_length(shape: LocalShape, slope: Tensors, sizes: Tensors) -> Tensor:
    """``slope^T D slope`` of each task."""
    axes = shape.task_axes
    terms = []
    for name, size in sizes.items():
        squares = slope[name].square()
        terms.append(
            size * (squares.flatten(axes).sum(-1) if squares.ndim > axes else squares)
        )
    return torch.stack(terms).sum(0)


def _scaled(shape: LocalShape, tensors: Tensors, factor: Tensor) -> Tensors:
    """Each tensor times its task's factor."""
    return {name: along(factor, t, shape.task_axes) * t for name, t in tensors.items()}


def along(factor: Tensor, tensor: Tensor, task_axes: int) -> Tensor:
    """A factor per task in the shape that multiplies a tensor."""
    return factor.reshape(factor.shape + (1,) * (tensor.ndim - task_axes))
