"""What `msr.MetaLearner` refuses."""

from collections.abc import Iterable
from itertools import chain

from torch import Tensor, nn

from ..inner_loops.base import InnerLoop, Loss


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


def check_data(
    data: Iterable[Tensor], like: Tensor, meta_parameters: nn.ParameterList
) -> None:
    """Raise unless data and inner loop have the device, and data the dtype, of a model.

    Args:
        data: inputs, targets or adapted tensors.
        like: a parameter of the model.
        meta_parameters: those of the inner loop.
    """
    device, dtype = like.device, like.dtype
    for p in meta_parameters:
        if p.device != device:
            raise ValueError(
                f"expected the inner loop's parameters on the model's device {device}, "
                f"got {p.device}: move the learner, not its model, with learner.to(...)"
            )
    for tensor in data:
        if tensor.device != device:
            raise ValueError(
                f"expected data on the model's device {device}, got "
                f"{tensor.device}: move one with .to(...)"
            )
        if tensor.is_floating_point() and tensor.dtype != dtype:
            raise TypeError(
                f"expected data of the model's dtype {dtype}, got "
                f"{tensor.dtype}: move one with .to(...)"
            )


def check_one_device(model: nn.Module) -> None:
    """Raise unless all parameters and buffers lie on one device."""
    devices = {str(t.device) for t in chain(model.parameters(), model.buffers())}
    if len(devices) > 1:
        raise ValueError(f"expected a model on one device, got {sorted(devices)}")
