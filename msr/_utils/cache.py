"""The folder in which the package keeps what it can make again."""

import os
import sys
from pathlib import Path

VARIABLE = "MSR_CACHE"


def cache_folder() -> Path:
    """``$MSR_CACHE`` if that is set, else a folder ``msr`` where the system keeps caches.

    That is ``%LOCALAPPDATA%`` on Windows, ``~/Library/Caches`` on macOS, and elsewhere
    ``$XDG_CACHE_HOME`` or ``~/.cache``.
    """
    if own := os.environ.get(VARIABLE):
        return Path(own)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "msr"
    variable, default = "XDG_CACHE_HOME", Path.home() / ".cache"
    if sys.platform == "win32":
        variable, default = "LOCALAPPDATA", Path.home() / "AppData" / "Local"
    return Path(os.environ.get(variable) or default) / "msr"
