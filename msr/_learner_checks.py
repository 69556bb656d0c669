"""What `msr.MetaLearner` refuses."""

from itertools import chain

import torch
from torch import nn

from .inner import InnerLoop, Loss


def check_model(model: nn.Module) -> None:
    """Raise unless tasks can run this module side by side."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a torch.nn.Module, got {type(model).__name__}")
    for name, module in model.named_modules():
        if module.training and getattr(module, "track_running_stats", False):
            raise ValueError(
                f"expected normalization without running statistics, which all tasks "
                f"would write at once, got {name!r} ({type(module).__name__}): set "
                f"track_running_stats=False, or put it in evaluation mode"
            )


def check_parts(inner: InnerLoop | None, loss: Loss, chunk_size: int | None) -> None:
    """Raise unless these are an inner loop, a loss and a number of tasks."""
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            f"expected a loss such as torch.nn.functional.mse_loss, got {loss!r}"
        )
    if inner is not None and (isinstance(inner, type) or not isinstance(inner, InnerLoop)):
        raise TypeError(
            f"expected an inner loop such as msr.GradientDescent(...), got {inner!r}"
        )
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"expected chunk_size >= 1 or None, got {chunk_size}")


def check_meta_parameters(parameters: nn.ParameterList, device: torch.device) -> None:
    """Raise unless the inner loop's parameters are on the model's device."""
    for p in parameters:
        if p.device != device:
            raise ValueError(
                f"expected the inner loop's parameters on the model's device {device}, "
                f"got {p.device}: move the learner, not its model, with learner.to(...)"
            )


def check_one_device(model: nn.Module) -> None:
    """Raise unless all parameters and buffers lie on one device."""
    devices = {str(t.device) for t in chain(model.parameters(), model.buffers())}
    if len(devices) > 1:
        raise ValueError(f"expected a model on one device, got {sorted(devices)}")
