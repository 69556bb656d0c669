"""Checkpoints that are written whole or not at all, and know what run they belong to."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from .._utils.configurations import differences
from ..exceptions import CheckpointError

MAGIC = b"msr checkpoint 1 "


def serialize(state: dict[str, Any]) -> bytes:
    """The content of a checkpoint file: a line with a digest, then the state.

    The state consists of tensors and plain Python values.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    return MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload


def load(path: Path) -> dict[str, Any]:
    """The state in a checkpoint file, which is never changed, with tensors on the CPU.

    Raises:
        CheckpointError: the file is damaged or no checkpoint of this package.
        OSError: it cannot be read at all.
    """
    header, _, payload = path.read_bytes().partition(b"\n")
    digest = hashlib.sha256(payload).hexdigest().encode()
    if header != MAGIC + digest:
        what = "a damaged or truncated one" if header.startswith(MAGIC) else "another file"
        raise CheckpointError(
            f"expected a checkpoint in {path}, got {what}. It was left as it is; delete "
            f"it to start anew."
        )
    state: dict[str, Any] = torch.load(
        io.BytesIO(payload), map_location="cpu", weights_only=True
    )
    return state


def load_of_run(path: Path, config: dict[str, Any]) -> dict[str, Any]:
    """The state in a checkpoint of the run with this configuration.

    Raises:
        CheckpointError: as for `load`, or the file was written by a run with another
            configuration; the message names the settings that differ.
    """
    state = load(path)
    theirs = state["config"]
    different = [
        f"{key}: this run has {ours!r}, the file {its!r}"
        for key, ours, its in differences(config, theirs)
    ]
    if different:
        raise CheckpointError(
            f"expected a checkpoint of this run in {path}, got one of another "
            f"configuration, and left it as it is. " + "; ".join(different)
        )
    return state
