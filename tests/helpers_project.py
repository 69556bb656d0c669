"""Running the project's commands, here and in a copy."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
# Folders of tests/ that need what the package does not: the book, its pages, coursework.
NOT_OF_THE_PACKAGE = ("coursework", "delivery", "repository", "site")
IGNORED = (".venv*", "_build", ".git", "node_modules", ".*cache", ".hypothesis")


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def is_of_the_package(path: Path) -> bool:
    """Whether a test file is one of msr's own, which run on every device."""
    return path.relative_to(TESTS).parts[0] not in NOT_OF_THE_PACKAGE


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
