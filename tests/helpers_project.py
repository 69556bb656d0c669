"""Running the project's commands, here and in a copy."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
IGNORED = (".venv", "_build", ".git", "node_modules", ".*cache", ".hypothesis")


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def copy_of_project(folder: Path) -> Path:
    """The project's files, without what commands leave behind."""
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*IGNORED))
    return copy


def missing(what: str) -> NoReturn:
    """Skip a test for want of a program; a failure where CI promises to have it."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
