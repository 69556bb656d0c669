"""Run one submission in a process of its own, within limits."""

import contextlib
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from .sources import ROOT

KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")
# Where programs keep state: in the submission's own folder.
FOLDERS = (
    "HOME",
    "TMPDIR",
    "IPYTHONDIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
)
LARGEST = 50 * 1024**2  # bytes that are read of what a run leaves
CANARY = "GRADER_TOKEN"  # the only secret there: whoever prints it printed the environment


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes:
        seconds: wall-clock time.
        memory: bytes of a process's data.
        confine: whether Landlock keeps it from other files.
    """

    seconds: float = 300.0
    memory: int = 8 * 1024**3
    confine: bool = True


@dataclass(frozen=True)
class Question:
    """How a question went."""

    score: float
    possible: float
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What became of a submission.

    Attributes:
        status: "graded", "timed out", or "failed" if the run ended without results.
        questions: by name, for a graded one.
        note: what happened, where it was not graded.
        executed: the notebook with its outputs, as text; may be empty.
        printed_environment: whether a cell printed the environment variables.
    """

    status: str
    questions: dict[str, Question] = field(default_factory=dict)
    note: str = ""
    executed: str = ""
    printed_environment: bool = False


def run(notebook: str, autograder: bytes, limits: Limits) -> Run:
    """Execute a notebook and the tests of its assignment.

    It sees a scrubbed environment and a folder of its own, which is gone afterwards.

    Args:
        notebook: a Jupyter notebook, as text.
        autograder: Otter's archive for the assignment.
        limits: what it may use.
    """
    folder = Path(tempfile.mkdtemp(prefix="submission-")).resolve()
    canary = secrets.token_hex(16)
    try:
        (folder / "submission.ipynb").write_text(notebook, encoding="utf-8")
        (folder / "autograder.zip").write_bytes(autograder)
        request = {"memory": limits.memory, "confine": limits.confine}
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        code = _execute(folder, canary, limits.seconds)
        executed = _read(folder / "executed.ipynb")
        log = _read(folder / "log.txt")
        if code is None:
            return Run("timed out", note=f"stopped after {limits.seconds:g} seconds")
        # Results count only of a run that came to its end: a submission can write files.
        outcome = _read(folder / "outcome.json") if code == 0 else ""
        return _run(outcome, executed, log, canary in executed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(outcome: str, executed: str, log: str, printed: bool) -> Run:
    try:
        questions = {n: _question(found) for n, found in json.loads(outcome).items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        last = next((line for line in reversed(log.splitlines()) if line.strip()), "")
        note = f"the run ended without results: {last.strip()[:200]}".rstrip(": ")
        return Run("failed", note=note, executed=executed, printed_environment=printed)
    return Run("graded", questions, "", executed, printed)


def _question(found: dict[str, Any]) -> Question:
    score, possible = float(found["score"]), float(found["possible"])
    if not (math.isfinite(score) and 0 <= score <= possible):
        raise ValueError(f"expected a score of 0 to {possible}, got {score}")
    messages = tuple(str(failed["message"]) for failed in found["failed"])
    return Question(score, possible, messages)


def _execute(folder: Path, canary: str, seconds: float) -> int | None:
    """The exit status of a run; None if it was stopped."""
    request = str(folder / "request.json")
    command = [sys.executable, "-m", "tools.coursework.confined", request]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder, canary),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill_all(process, canary)


def _environment(folder: Path, canary: str) -> dict[str, str]:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    for name in FOLDERS:
        place = folder / name.lower()
        place.mkdir()
        environment[name] = str(place)
    return {
        **environment,
        CANARY: canary,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",  # submissions run side by side
        "TQDM_DISABLE": "1",
    }


def _kill_all(process: subprocess.Popen[bytes], canary: str) -> None:
    """Kill what a submission has started: its environment gives it away."""
    for _ in range(3):  # a process may start another while we look
        found = [process] if process.poll() is None else []
        for other in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if other.environ().get(CANARY) == canary:
                    found.append(other)
        for each in found:
            with contextlib.suppress(psutil.Error, OSError):
                each.kill()
        if not found:
            break
    process.wait()


def _read(path: Path) -> str:
    """A file that a submission may have written, deleted, or made a link to another."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            return file.read(LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return ""
