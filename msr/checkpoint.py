"""Checkpoints that are written whole or not at all, and know what run they belong to."""

import io
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import torch


class CheckpointError(ValueError):
    """A checkpoint file that is damaged or belongs to another run."""


def serialize(state: dict[str, Any]) -> bytes:
    """A snapshot of a state made of tensors and plain Python values."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at every moment it holds the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path, config: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """The state in a checkpoint of the run with this configuration.

    The file is never changed.

    Raises:
        CheckpointError: the file is truncated, is no checkpoint, or was written by a
            run with another configuration; the message names the settings that differ.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise CheckpointError(
            f"expected a checkpoint in {path}, got a file that cannot be read "
            f"({type(error).__name__}): it may be truncated. It was left as it is; "
            f"delete it to start anew."
        ) from error
    if not isinstance(state, dict) or "config" not in state:
        raise CheckpointError(f"expected a checkpoint of msr in {path}, got another file")
    differences = [
        f"{key}: this run has {config.get(key)!r}, the file {state['config'].get(key)!r}"
        for key in sorted(config.keys() | state["config"].keys())
        if config.get(key) != state["config"].get(key)
    ]
    if differences:
        raise CheckpointError(
            f"expected a checkpoint of this run in {path}, got one of another "
            f"configuration, and left it as it is. " + "; ".join(differences)
        )
    return state
