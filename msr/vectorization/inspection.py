"""Does a module compute what its class says?"""

from torch import nn
from torch.nn.modules import module as of_all_modules
from torch.nn.utils import parametrize

_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)


def is_altered(module: nn.Module) -> bool:
    """Whether calling it does more, or something else, than its class says."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
        or any(getattr(of_all_modules, name) for name in _GLOBAL_HOOKS)
    )


def is_of_torch(module: nn.Module) -> bool:
    """Whether its code is torch's or this package's, unaltered in this instance."""
    kind = parametrize.type_before_parametrizations(module)
    return kind.__module__.partition(".")[0] in ("torch", "msr") and not is_altered(module)
