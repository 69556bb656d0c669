"""Where a result comes from: code, versions, device, date."""

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .._utils.arguments import checked
from .._utils.devices import available_device_name, named_device
from .._version import __version__

PACKAGE = Path(__file__).parents[1]


@checked
def provenance(command: str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What is needed to run something again and to judge a difference.

    Args:
        command: the command line that the result came from.
        device: where it ran.

    Returns:
        command, commit (None outside a git checkout; "+" marks uncommitted changes),
        device, versions and date (UTC), ready for JSON.

    Raises:
        TypeError: ``command`` is no text, or ``device`` no device.
        ValueError: there is no such device.
    """
    return {
        "command": command,
        "commit": _commit(),
        "device": available_device_name(named_device(device)),
        "versions": versions(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """The versions that numbers depend on."""
    return {
        "msr": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _commit() -> str | None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    try:
        if not git("ls-files", "__init__.py"):
            return None  # installed inside somebody else's repository
        changes = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return git("rev-parse", "HEAD") + ("+" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return None
