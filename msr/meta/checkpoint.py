"""Checkpoints that are written whole or not at all, and know what run they belong to."""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import named_path
from .._utils.configurations import differences
from .._utils.files import sole_writer
from ..exceptions import CheckpointError
from .learner import MetaLearner, check_learner
from .processes import Alone

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
        raise CheckpointError(f"expected a checkpoint in {path}, got {what}")
    state: dict[str, Any] = torch.load(
        io.BytesIO(payload), map_location="cpu", weights_only=True
    )
    return state


def weights_of(state: dict[str, Any]) -> dict[str, Tensor]:
    """Parameters and buffers of the best validation, if there was one, else the last."""
    best = (state.get("validation") or {}).get("best_state")
    weights: dict[str, Tensor] = state["learner"] if best is None else best
    return weights


Config = dict[str, Any]


def load_of_run(
    path: Path, config: Config, comparable: Callable[[Config], Config] = dict
) -> dict[str, Any]:
    """The state in a checkpoint of the run with this configuration.

    Args:
        path: of the file.
        config: of the run.
        comparable: what counts of a configuration.

    Raises:
        CheckpointError: as for `load`, or the file was written by a run with another
            configuration; the message names the settings that differ.
    """
    try:
        state = load(path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{error}. It was left as it is; delete it to start anew."
        ) from None
    theirs = state["config"]
    different = [
        f"{key}: this run has {ours!r}, the file {its!r}"
        for key, ours, its in differences(comparable(config), comparable(theirs))
    ]
    if different:
        raise CheckpointError(
            f"expected a checkpoint of this run in {path}, got one of another "
            f"configuration, and left it as it is. " + "; ".join(different)
        )
    return state


@contextmanager
def sole_run(path: Path | None, processes: Alone) -> Iterator[None]:
    """Be the only run that writes to this checkpoint, if there is one.

    Args:
        path: of the file.
        processes: of the run. The main one writes; if it may not, all of them raise.

    Raises:
        CheckpointError: another run is at it.
        OSError: its folder cannot be made or written.
    """
    refused: Exception | None = None
    with ExitStack() as stack:
        if path is not None and processes.main:
            try:
                stack.enter_context(sole_writer(path, CheckpointError))
            except (CheckpointError, OSError) as error:
                refused = error
        if path is not None and processes.agreed(refused is not None):
            raise refused or CheckpointError(
                f"expected the main process to write to {path}, but it may not"
            )
        yield


@checked(by_hand=["learner"])
def load_weights(learner: MetaLearner, checkpoint: str | Path) -> MetaLearner:
    """Give a learner what another run has learned: all parameters and buffers.

    They are those of the best validation where the run had one, else the last. Nothing
    else of the run is taken up: to go on training, pass the file to `msr.meta_train`.

    Args:
        learner: is changed in place.
        checkpoint: a file that `msr.meta_train` wrote.

    Returns:
        the learner itself.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, or ``checkpoint`` no path.
        CheckpointError: the file is damaged or no checkpoint, or its parameters have
            other names or shapes; the learner is unchanged.
        OSError: it cannot be read.
    """
    check_learner(learner)
    path = named_path("checkpoint", checkpoint)
    weights = weights_of(load(path))
    own = learner.state_dict()
    expected, found = (
        {name: tuple(t.shape) for name, t in tensors.items() if isinstance(t, Tensor)}
        for tensors in (own, weights)
    )
    different = [
        f"{name}: this learner has {ours}, the file {its}"
        for name, ours, its in differences(expected, found)
    ]
    if different:
        raise CheckpointError(
            f"expected the parameters of this learner in {path}, got others; "
            + "; ".join(different)
        )
    learner.load_state_dict(weights)
    return learner
