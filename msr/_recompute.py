"""Trade time for memory: forget a computation's graph and rebuild it when needed.

``torch.utils.checkpoint`` cannot serve here: it relies on saved-tensor hooks, which
``torch.func.grad`` does not support.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def recompute(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """``function(*tensors)``, keeping only its inputs for the backward pass.

    The function must depend on no other tensor that needs a gradient. Random layers
    draw the same numbers both times. First derivatives only.
    """
    result: Tensor = _Recompute.apply(function, *tensors)
    return result


class _Recompute(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        ctx.function = function
        ctx.cuda_device = tensors[0].device if tensors[0].is_cuda else None
        ctx.random_state = torch.get_rng_state()
        if ctx.cuda_device:
            ctx.cuda_random_state = torch.cuda.get_rng_state(ctx.cuda_device)
        ctx.save_for_backward(*tensors)
        return function(*tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[1:]
        tensors = [
            t.detach().requires_grad_(need) for t, need in zip(ctx.saved_tensors, needed)
        ]
        with torch.enable_grad(), _replayed_randomness(ctx):
            output = ctx.function(*tensors)
        wanted = [t for t in tensors if t.requires_grad]
        gradients = iter(
            torch.autograd.grad(output, wanted, grad_output, allow_unused=True)
        )
        return (None, *(next(gradients) if need else None for need in needed))


@contextmanager
def _replayed_randomness(ctx: Any) -> Iterator[None]:
    with torch.random.fork_rng(devices=[ctx.cuda_device] if ctx.cuda_device else []):
        torch.set_rng_state(ctx.random_state)
        if ctx.cuda_device:
            torch.cuda.set_rng_state(ctx.cuda_random_state, ctx.cuda_device)
        yield


def rows(args: tuple[Tensor | dict[str, Tensor], ...], start: int, stop: int) -> list:
    """The tasks start..stop of every tensor in the arguments."""
    return [
        {name: tensor[start:stop] for name, tensor in arg.items()}
        if isinstance(arg, dict)
        else arg[start:stop]
        for arg in args
    ]
