"""Products by a Kronecker product, which is never formed."""

import math

import torch
from torch import Tensor


def kronecker_sizes(weight_shape: torch.Size) -> tuple[int, ...]:
    """The sizes of the factors for a weight of this shape: (m, n) or (m, n, s)."""
    m, n, *kernel = weight_shape
    return (m, n, math.prod(kernel)) if kernel else (m, n)


def kronecker_apply(factors: list[Tensor], v: Tensor, axes: int) -> Tensor:
    """``(A (x) B [(x) C]) vec(V)``, V the last axes of v, without forming the product."""
    A, B = factors[:2]
    if axes == 2:
        return A @ v @ B.T
    m, n = v.shape[-axes : v.ndim - axes + 2]
    tasks = v.shape[:-axes]
    mixed = (A @ v.reshape(*tasks, m, -1)).reshape(*tasks, m * n, -1)
    # Kernel positions first, where the products by C and B are few and large.
    by_position = (factors[2] @ mixed.transpose(-1, -2)).reshape(*tasks, -1, n) @ B.T
    return by_position.reshape(*tasks, -1, m * n).transpose(-1, -2).reshape(v.shape)
