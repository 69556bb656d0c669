"""A default device on which seeded draws are those of the CPU.

Torch refuses a generator of the CPU for a tensor on a GPU, and a GPU's own generator gives
other numbers. `use_device` lets code that draws with a seeded generator of the CPU, and
names no device, run on a GPU with the very same numbers.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

DRAWS = (torch.rand, torch.randn, torch.randint, torch.randperm)


class DrawOnCpu(TorchFunctionMode):
    """Draw on the CPU where the generator is, then move to the default device."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        generator = options.get("generator")
        if (
            generator is None
            or generator.device.type != "cpu"
            or func not in DRAWS
            or options.get("device") is not None
        ):
            return func(*args, **options)
        needs_grad = options.get("requires_grad", False)
        drawn = func(*args, **options | {"device": "cpu", "requires_grad": False})
        return drawn.to(torch.get_default_device()).requires_grad_(needs_grad)


def use_device(device: torch.device | str) -> None:
    """Create tensors on this device from now on, with the draws of the CPU.

    Products are exact to float32, as on the CPU: a GPU would round their factors to TF32.
    """
    torch.set_default_device(device)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    DrawOnCpu().__enter__()
