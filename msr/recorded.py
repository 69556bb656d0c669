"""Recorded numbers to compare with: another program's, the paper's, our longer runs'."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .results import Results, ResultsError

BENCHMARKS = "performance"
BENCHMARKS_FORMAT = "msr benchmarks 1"
NO_RESULTS = {BENCHMARKS, "gpu"}  # files of another format


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


def paper_table(
    experiment: str,
) -> dict[str, dict[str, tuple[float, float | None]]]:
    """The numbers that the paper prints: by method and column, value and interval.

    The rotation table has no intervals. Experiments that are not in the paper have no
    rows.
    """
    name = {"translation": "translation", "rotation": "rotation_flip"}.get(experiment)
    if name is None:
        return {}
    file = resources.files("msr") / "data" / "paper_tables.json"
    printed = json.loads(file.read_text())
    rows = printed[name]
    return {
        method: {
            column: tuple(cell) if isinstance(cell, list) else (cell, None)
            for column, cell in zip(rows["columns"], cells, strict=True)
        }
        for method, cells in rows["rows"].items()
    }


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
    file = _recorded_file(name)
    if file is not None and name not in NO_RESULTS:
        return Results.read(file)
    files = {file.stem for folder in _folders() for file in folder.glob("*.json")}
    known = sorted(files - NO_RESULTS)
    raise FileNotFoundError(
        f"expected recorded results among {', '.join(known) or 'none at all'}, got "
        f"{name!r}. `make paper` writes them; so does python -m msr reproduce {name} "
        f"--out results/{name}.json"
    )


def recorded_benchmarks() -> dict[str, Any]:
    """What `make bench` measured: times, memory, scaling, and on what machine.

    Raises:
        FileNotFoundError: there is no such file.
        ResultsError: it is damaged.
    """
    file = _recorded_file(BENCHMARKS)
    if file is None:
        raise FileNotFoundError(
            f"expected a recorded file {BENCHMARKS}.json, got none: `make bench` writes it"
        )
    try:
        content = json.loads(file.read_text())
        if content["format"] == BENCHMARKS_FORMAT:
            return content
    except (ValueError, KeyError, TypeError):
        pass
    raise ResultsError(f"expected benchmarks of msr in {file.name}, got something else")


def _folders() -> tuple[Path, Path]:
    """Where recorded files are: in an installed package, in a checkout."""
    packaged = Path(str(resources.files("msr"))) / "recorded_runs"
    return packaged, Path(__file__).resolve().parent.parent / "results"


def _recorded_file(name: str) -> Path | None:
    files = (folder / f"{name}.json" for folder in _folders())
    return next((file for file in files if file.exists()), None)
