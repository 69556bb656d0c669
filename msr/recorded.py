"""Numbers recorded from other programs, to compare with."""

from importlib import resources

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def escnn_kernel_basis() -> dict[str, Float[Tensor, "channels 1 3 3 parameters"]]:
    """The 3 x 3 kernels that escnn samples from one scalar to three regular fields.

    Recorded from escnn 1.0.11, which sampled them in float32: an ``R2Conv`` without
    bias, for "C8" (24 channels) and "D8" (48 channels), with 18 free parameters each.
    The columns' own order and scale mean nothing; their span is what another
    implementation must have.

    Returns:
        by group, float64, shape (channels, 1, 3, 3, 18).
    """
    file = resources.files("msr") / "data" / "escnn_kernel_basis.npz"
    with file.open("rb") as stream, np.load(stream) as data:
        return {name: torch.from_numpy(data[name]) for name in ("C8", "D8")}
