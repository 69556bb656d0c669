"""Mixed precision: autocast, and for float16 a scaler of gradients."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .learner import MetaLearner

# A scale below this means that gradients are not finite for another reason than float16.
SMALLEST_SCALE = 1.0


@dataclass
class Precision:
    """What a run computes its losses in.

    Args:
        device: the learner's.
        dtype: for ``torch.autocast``; None for the dtype of the parameters.
    """

    device: torch.device
    dtype: torch.dtype | None = None
    scaler: torch.amp.GradScaler | None = field(init=False)

    def __post_init__(self) -> None:
        half = self.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(self.device.type) if half else None

    def autocast(self) -> AbstractContextManager[Any]:
        """The context in which losses are computed."""
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, in a scale that the lower precision can hold."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Gradients in their own scale."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the parameters; not by gradients that float16 could not hold."""
        if self.scaler is None:
            optimizer.step()
            return
        self.scaler.step(optimizer)
        self.scaler.update()

    @property
    def bears_overflow(self) -> bool:
        """Whether gradients that are not finite may be finite at the next step."""
        return self.scaler is not None and self.scaler.get_scale() > SMALLEST_SCALE

    def state_dict(self) -> dict[str, Any] | None:
        """What a checkpoint holds of it."""
        return None if self.scaler is None else self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any] | None) -> None:
        """Take it up again."""
        if self.scaler is not None and state is not None:
            self.scaler.load_state_dict(state)


def check_autocast(dtype: torch.dtype | None, learner: MetaLearner) -> None:
    """Raise unless a learner can be trained under autocast to this dtype.

    Raises:
        ValueError: the dtype is neither bfloat16 nor float16, the parameters are not in
            float32, or the device knows no autocast.
    """
    if dtype is None:
        return
    if dtype not in (torch.bfloat16, torch.float16):
        raise ValueError(
            f"expected autocast to be torch.bfloat16 or torch.float16, got {dtype}"
        )
    if learner.dtype != torch.float32:
        raise ValueError(
            f"expected parameters in torch.float32 with autocast, got {learner.dtype}: "
            f"learner.float()"
        )
    try:
        torch.autocast(learner.device.type, dtype)
    except RuntimeError as error:
        raise ValueError(
            f"expected a device that has autocast, got {learner.device}: {error}"
        ) from error
