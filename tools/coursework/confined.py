"""The program that runs one submission, confined; started by `runs.py`.

Usage: python -m tools.coursework.confined REQUEST.json
"""

import ctypes
import importlib.util
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from . import landlock

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/shm")
DIE_WITH_PARENT = 1
LARGEST_FILE = 512 * 1024**2


def readable() -> list[Path]:
    """What a submission needs to read: the system, this Python and msr. Not the home."""
    found = [*map(Path, SYSTEM), Path("/nix/store")]
    found += [Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    for package in ("msr", "msr.coursework", "msr.recorded_runs"):
        spec = importlib.util.find_spec(package)
        if spec is not None:
            found += [Path(place) for place in spec.submodule_search_locations or ()]
    return found


def limit(memory: int, confine: bool, folder: Path) -> None:
    """Bound memory and files; die with the program that started this one."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if confine:
        landlock.confine([folder, *map(Path, DEVICES)], readable())


def report(results: Any) -> dict[str, Any]:
    """The outcome of each question, from Otter's results."""
    return {
        name: {
            "score": float(question.score),
            "possible": float(question.possible),
            "failed": [
                {"hidden": case.test_case.hidden, "message": case.message}
                for case in question.test_case_results
                if not case.passed
            ],
        }
        for name, question in results.results.items()
    }


def main(request_path: str) -> None:
    """Grade as the request says, and leave the outcome beside it."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    folder = Path(request_path).parent
    os.environ.pop("PYTHONPATH", None)
    limit(request["memory"], request["confine"], folder)
    import nbformat
    from otter.run import main as grade

    os.chdir(folder)
    results = grade(
        "submission.ipynb", autograder="autograder.zip", output_dir="", no_logo=True
    )
    if results.notebook is not None:
        nbformat.write(results.notebook, folder / "executed.ipynb")
    outcome = json.dumps(report(results))
    (folder / "outcome.json").write_text(outcome, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
