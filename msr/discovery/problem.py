"""A linear layer's data, turned so that no example is looked at twice.

With x = A diag(d) B (singular values, per set of channels with the same inputs) the
likelihood of a weight depends on A^T y and on what y has outside the columns of A alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_floating, check_size

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LEAST_NOISE = 1e-5  # relative to the root mean square of y: less is rounding


@dataclass(frozen=True)
class Block:
    """Channels with the same inputs.

    Attributes:
        sizes: d, the singular values of x; shape (r,).
        inputs: B, orthonormal rows; shape (r, n).
        targets: A^T y; shape (r, m, channels).
        rest: the sum of squares of what y has outside the columns of A.
    """

    sizes: Float[np.ndarray, " r"]
    inputs: Float[np.ndarray, "r n"]
    targets: Float[np.ndarray, "r m channels"]
    rest: float


@dataclass(frozen=True)
class Problem:
    """A linear regression of m outputs on n inputs, in several channels.

    Attributes:
        blocks: channels by their inputs.
        shape: (m, n), of a channel's weight.
        examples: N, of each channel.
        count: how many numbers y has.
        mean: that of the prior, zero unless given; shape (channels, m, n).
        least_noise: a standard deviation that is rounding.
        single: whether there was no axis of channels.
        sizes: of the data, in words.
        like: a tensor with the dtype and device of results.
        constant: what to add to every log evidence.
        weight_shape: of a weight as users have it; default: (m, n).
    """

    blocks: tuple[Block, ...]
    shape: tuple[int, int]
    examples: int
    count: int
    mean: Float[np.ndarray, "channels m n"]
    least_noise: float
    single: bool
    sizes: str
    like: Tensor
    constant: float = 0.0
    weight_shape: tuple[int, ...] | None = None


def checked_problem(x: object, y: object, mean: object = None) -> Problem:
    """The data, if they are some.

    Raises:
        TypeError, ValueError: as for `msr.evidence`.
    """
    inputs, targets = _checked_tensor("x", x), _checked_tensor("y", y)
    if inputs.ndim not in (2, 3) or not inputs.numel():
        raise ValueError(
            f"expected x of shape (examples, inputs) or (channels, examples, inputs), none "
            f"of them 0, got {tuple(inputs.shape)}"
        )
    single = targets.ndim < 3 and inputs.ndim == 2
    if targets.ndim == 1 and inputs.ndim == 2:
        targets = targets[:, None]
    if single:
        targets = targets[None]
    leading = (len(inputs),) if inputs.ndim == 3 else targets.shape[:1]
    wanted = (*leading, inputs.shape[-2])
    if targets.ndim != 3 or targets.shape[:2] != wanted or not targets.numel():
        raise ValueError(
            f"expected y of shape (examples, outputs), (examples,) or (channels, examples, "
            f"outputs) that fits x of shape {tuple(inputs.shape)}, got {shown(y)}"
        )
    channels, examples, m = targets.shape
    n = inputs.shape[-1]
    check_size("a problem", channels, examples, m)
    check_size("a symmetry matrix", m * n, m * n)
    prior = _checked_mean(mean, (channels, m, n), single)
    xs = _double(inputs if inputs.ndim == 3 else inputs[None])
    ys = _double(targets)
    ys = ys - xs @ prior.transpose(0, 2, 1)
    size = float(np.sqrt(np.mean(ys * ys)))
    if size == 0:
        raise ValueError("expected y that the mean does not explain exactly, got zeros")
    rounding = max(
        LEAST_NOISE, 8 * max(torch.finfo(t.dtype).eps for t in (inputs, targets))
    )
    sets = [ys] if len(xs) == 1 else list(ys[:, None])
    return Problem(
        blocks=tuple(_block(x, y) for x, y in zip(xs, sets)),
        shape=(m, n),
        examples=examples,
        count=targets.numel(),
        mean=prior,
        least_noise=rounding * size,
        single=single,
        sizes=_in_words(examples, n, m, None if single else channels),
        like=inputs.detach().new_empty(()),
    )


def _in_words(examples: int, n: int, m: int, channels: int | None) -> str:
    counts = {"example": examples, "input": n, "output": m, "channel": channels}
    return ", ".join(
        f"{number} {name}{'s' * (number != 1)}"
        for name, number in counts.items()
        if number is not None
    )


def _checked_tensor(name: str, value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"expected {name} to be a tensor, got {shown(value)}")
    if value.is_floating_point() and value.dtype not in DTYPES:
        raise TypeError(f"expected {name} of 16, 32 or 64 bits, got {value.dtype}")
    check_floating(name, value)
    if value.is_meta:
        raise ValueError(f"expected {name} with values, got a tensor on the device meta")
    return value


def _checked_mean(
    mean: object, shape: tuple[int, int, int], single: bool
) -> Float[np.ndarray, "channels m n"]:
    if mean is None:
        return np.zeros(shape)
    given = _checked_tensor("mean", mean)
    if given.shape not in (shape[1:], shape) or (single and given.ndim == 3):
        wanted = f"{shape[1:]}" + ("" if single else f" or {shape}")
        raise ValueError(f"expected mean of shape {wanted}, got {tuple(given.shape)}")
    return np.broadcast_to(_double(given), shape)


def _double(tensor: Tensor) -> Float[np.ndarray, "*shape"]:
    return tensor.detach().cpu().double().numpy()


def _block(
    x: Float[np.ndarray, "examples n"], y: Float[np.ndarray, "channels examples m"]
) -> Block:
    left, sizes, inputs = np.linalg.svd(x, full_matrices=False)
    targets = np.einsum("er,cem->rmc", left, y)
    rest = y - np.einsum("er,rmc->cem", left, targets)
    # as many examples as singular values: what is left is rounding
    outside = float((rest * rest).sum()) if len(x) > len(sizes) else 0.0
    return Block(sizes, inputs, targets, outside)
