"""Does a module compute what its class says?"""

from torch import nn
from torch.nn.modules.module import _has_any_global_hook
from torch.nn.utils import parametrize


def is_altered(module: nn.Module) -> bool:
    """Whether calling it does more, or something else, than its class says."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
        or _has_any_global_hook()
    )


def is_of_torch(module: nn.Module) -> bool:
    """Whether its code is torch's or this package's, unaltered in this instance."""
    kind = parametrize.type_before_parametrizations(module)
    return kind.__module__.partition(".")[0] in ("torch", "msr") and not is_altered(module)
