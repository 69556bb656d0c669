"""Transformations of ``torch.func``: is one at work, and without a word?"""

import threading
from collections.abc import Callable
from types import TracebackType

import torch

_set_warnings: Callable[[bool], None] | None = getattr(
    torch._C._functorch, "_set_vmap_fallback_warning_enabled", None
)


def under_torch_func() -> bool:
    """Whether a transformation such as ``torch.func.grad`` is at work.

    They ask more of a function with its own derivative, and autograd cannot look into
    them. Where torch does not say, the answer is yes.
    """
    active = getattr(torch._C, "_are_functorch_transforms_active", None)
    return active is None or bool(active())


class QuietVmap:
    """A context without vmap's word on kernels that it runs task by task.

    They are right, and no user of this package can give them a rule. Filters of
    ``warnings`` are shared by all threads, and changing them forgets what was shown; torch
    has a switch. It cannot be read, so that at the end it is on, as torch has it.
    """

    _lock, _within = threading.Lock(), 0

    def __enter__(self) -> None:
        self._count(1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count(-1)

    def _count(self, one: int) -> None:
        if _set_warnings is None:
            return
        with QuietVmap._lock:
            QuietVmap._within += one
            _set_warnings(QuietVmap._within == 0)
