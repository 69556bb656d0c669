"""Numbers recorded from other programs, to compare with."""

from importlib import resources
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .results import Results


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


def recorded_results(name: str) -> Results:
    """The results of `make paper`: longer runs than those of the chapters.

    They are files of the folder ``results`` of the repository, which an installed
    package carries along.

    Args:
        name: of the experiment, such as "translation".

    Raises:
        FileNotFoundError: there is no such file.
        ResultsError: it is damaged.
    """
    packaged = Path(str(resources.files("msr"))) / "recorded_runs"
    checkout = Path(__file__).resolve().parent.parent / "results"
    for folder in (packaged, checkout):
        file = folder / f"{name}.json"
        if file.exists():
            return Results.read(file)
    known = sorted({f.stem for d in (packaged, checkout) for f in d.glob("*.json")})
    raise FileNotFoundError(
        f"expected recorded results among {', '.join(known) or 'none at all'}, got "
        f"{name!r}. `make paper` writes them; so does python -m msr reproduce {name} "
        f"--out results/{name}.json"
    )
