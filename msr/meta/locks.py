"""One call of a model at a time: a call puts other tensors in the place of its own."""

import threading
import weakref

from torch import nn

_locks: "weakref.WeakKeyDictionary[nn.Module, threading.RLock]" = (
    weakref.WeakKeyDictionary()
)
_making = threading.Lock()


def lock_of(model: nn.Module) -> "threading.RLock":
    """The lock of a model, the same for all learners and threads that use it."""
    lock = _locks.get(model)
    if lock is None:
        with _making:
            lock = _locks.setdefault(model, threading.RLock())
    return lock
