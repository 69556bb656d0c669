"""Measurements in a process of their own."""

import subprocess
import sys


def last_line_of(module: str, *arguments: str) -> str:
    """What ``python -m module`` prints last.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", module, *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return result.stdout.splitlines()[-1]
