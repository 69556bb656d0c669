"""The least time that a meta-step's arithmetic and data could take on this machine.

``torch.utils.flop_counter.FlopCounterMode`` cannot count here: its hooks on all modules
fail under ``torch.func`` (torch 2.13), and make the fast paths step aside. Its formulas
serve.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import flop_registry

from .cases import Case
from .contender import ours

VIEWS = ("view", "t", "transpose", "permute", "expand", "unsqueeze", "squeeze", "detach")


class _Count(TorchDispatchMode):
    """Counts calls, their operations, and the bytes that they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.calls = self.operations = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = func.overloadpacket
        if name is torch.ops.aten.convolution_backward:
            gradient, _, weight, *_, wanted = args
            self.operations += _convolution_backward_operations(gradient, weight, wanted)
        elif name in flop_registry:
            self.operations += flop_registry[name](*args, **kwargs, out_val=result)
        if name.__name__ not in VIEWS:
            self.calls += 1
            leaves = tree_leaves((args, kwargs, result))
            self.bytes += sum(_stored_bytes(t) for t in leaves if isinstance(t, Tensor))
        return result


def _convolution_backward_operations(
    gradient: Tensor, weight: Tensor, wanted: list[bool]
) -> int:
    """Those of a forward pass, for x and for the weight. (torch's count forgets groups.)"""
    return 2 * gradient.numel() * weight[0].numel() * sum(wanted[:2])


def _stored_bytes(tensor: Tensor) -> int:
    """Without what an expanded axis repeats."""
    distinct = 1
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        distinct *= size if stride else 1
    return distinct * tensor.element_size()


def machine_rates() -> dict[str, float]:
    """Operations per second of a large product, bytes per second of a cached copy."""
    A = torch.randn(512, 512)
    source, target = torch.zeros(2, 64 * 1024)
    product = _shortest("A @ A", A=A)
    copy = _shortest("target.copy_(source)", source=source, target=target)
    return {
        "operations_per_second": 2 * 512**3 / product,
        "bytes_per_second": 2 * source.numel() * source.element_size() / copy,
    }


def floor(case: Case, rates: dict[str, float]) -> dict[str, float]:
    """Operations, bytes and calls of our meta-step, and the time that they need at least.

    Operations are those of matrix products and convolutions; a multiplication and an
    addition are two. Bytes are what all operations read and write, views aside.
    """
    contender = ours(*case.make())
    contender.step()
    with _Count() as count:
        contender.step()
    arithmetic = 1e3 * count.operations / rates["operations_per_second"]
    movement = 1e3 * count.bytes / rates["bytes_per_second"]
    return {
        "operations": count.operations,
        "bytes": count.bytes,
        "calls": count.calls,
        "arithmetic_milliseconds": arithmetic,
        "movement_milliseconds": movement,
        "milliseconds": max(arithmetic, movement),
    }


def _shortest(statement: str, **names: Tensor) -> float:
    """Seconds of a statement when nothing is in its way, with torch's threads as set."""
    timer = Timer(statement, globals=names, num_threads=torch.get_num_threads())
    return min(timer.timeit(1).mean for _ in range(200))
