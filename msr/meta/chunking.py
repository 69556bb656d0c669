"""Trade time for memory: forget a computation's graph and rebuild it when needed.

``torch.utils.checkpoint`` gives the same gradients, bit for bit, with
``use_reentrant=True``, but then it refuses ``torch.autograd.grad`` and
``backward(inputs=...)``, with which meta-gradients are often taken, and warns about frozen
learners. With ``use_reentrant=False`` it relies on saved-tensor hooks, which
``torch.func.grad`` does not support. (Seen with torch 2.13.)
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .._utils.inputs import Inputs, mapped
from .._utils.random_state import has_random_state, random_state, set_random_state


def recompute(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """``function(False, *tensors)``, keeping only its inputs for the backward pass.

    The function must depend on no other tensor that needs a gradient. Its first argument
    says whether it is called again, in the backward pass. Random layers draw the same
    numbers both times, and autocast is as it was. First derivatives only.
    """
    result: Tensor = _Recompute.apply(function, *tensors)
    return result


class _Recompute(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        ctx.function = function
        ctx.device = tensors[0].device
        ctx.random_states = torch.get_rng_state(), random_state(ctx.device)
        ctx.autocast = _autocast_now(ctx.device.type)
        ctx.save_for_backward(*tensors)
        return function(False, *tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[1:]
        tensors = [
            t.detach().requires_grad_(need) for t, need in zip(ctx.saved_tensors, needed)
        ]
        with torch.enable_grad(), _replayed_randomness(ctx), ctx.autocast():
            output = ctx.function(True, *tensors)
        wanted = [t for t in tensors if t.requires_grad]
        gradients = iter(
            torch.autograd.grad(output, wanted, grad_output, allow_unused=True)
        )
        return (None, *(next(gradients) if need else None for need in needed))


def _autocast_now(kind: str) -> Callable[[], AbstractContextManager[Any]]:
    """Makes the state of autocast that there is now, for a kind of device."""
    enabled = torch.is_autocast_enabled(kind)
    dtype = torch.get_autocast_dtype(kind) if enabled else None

    def again() -> AbstractContextManager[Any]:
        if not enabled and not torch.is_autocast_enabled(kind):
            return nullcontext()  # some devices have no autocast
        return torch.autocast(kind, dtype, enabled, cache_enabled=False)

    return again


@contextmanager
def _replayed_randomness(ctx: Any) -> Iterator[None]:
    devices = [ctx.device] if has_random_state(ctx.device) else []
    with torch.random.fork_rng(devices, device_type=ctx.device.type):
        of_cpu, of_device = ctx.random_states
        torch.set_rng_state(of_cpu)
        set_random_state(ctx.device, of_device)
        yield


def rows(args: Sequence[Inputs], start: int, stop: int) -> list[Any]:
    """The tasks start..stop of every tensor in the arguments."""
    return [mapped(lambda tensor: tensor[start:stop], arg) for arg in args]
