"""Is a transformation of ``torch.func`` at work?"""

import torch


def under_torch_func() -> bool:
    """Whether a transformation such as ``torch.func.grad`` is at work.

    They ask more of a function with its own derivative, and autograd cannot look into
    them. Where torch does not say, the answer is yes.
    """
    active = getattr(torch._C, "_are_functorch_transforms_active", None)
    return active is None or bool(active())
