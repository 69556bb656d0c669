"""Execute the chapters in place, as they are committed.

Each notebook runs alone, top to bottom, in a fresh kernel and an empty folder. Its
measured run time is written into its text.

Usage: python -m tools.notebooks [NOTEBOOK ...]    (default: all in book/)
"""

import os
import re
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parent.parent / "book"
RUN_TIME = re.compile(r"^\*\*Run time\.\*\* .*$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Execute the given notebooks, or all."""
    paths = [Path(a) for a in arguments] or sorted(BOOK.glob("*.ipynb"))
    for path in paths:
        print(f"executing {path.name} ...", flush=True)
        seconds = execute(path)
        print(f"executing {path.name} took {seconds:.0f} s")
    return 0


def execute(path: Path) -> float:
    """Run one notebook and write its outputs and run time; returns the seconds.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the file is unchanged.
        ValueError: there is no line for the run time, or a cell wrote to stderr.
    """
    notebook = nbformat.read(path, as_version=4)
    os.environ["TQDM_DISABLE"] = "1"  # a bar would stay behind in the outputs
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=1800, resources={"metadata": {"path": folder}}
        ).execute()
    seconds = time.perf_counter() - started
    _reject_stderr(path, notebook)
    _write_run_time(path, notebook, seconds)
    _drop_volatile_metadata(notebook)
    nbformat.write(notebook, path)
    return seconds


def _reject_stderr(path: Path, notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ValueError(f"{path.name}: a cell wrote to stderr: {output.text}")


def _write_run_time(path: Path, notebook: nbformat.NotebookNode, seconds: float) -> None:
    sentence = (
        f"**Run time.** {seconds:.0f} seconds on {os.cpu_count()} CPU cores "
        f"(measured {date.today().isoformat()}, PyTorch {torch.__version__.split('+')[0]})."
    )
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    found = 0
    for text in texts:
        text.source, count = RUN_TIME.subn(sentence, text.source)
        found += count
    if found != 1:
        raise ValueError(
            f"{path.name}: expected one line '**Run time.** ...' in its text, got {found}"
        )


def _drop_volatile_metadata(notebook: nbformat.NotebookNode) -> None:
    """Leave out what changes from run to run or from machine to machine."""
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
