"""Recorded numbers to compare with: another program's, the paper's, our longer runs'."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from .._utils.arguments import checked, shown
from ..exceptions import ResultsError
from .store import Results

BENCHMARKS = "performance"
BENCHMARKS_FORMAT = "msr benchmarks 1"
# By name, what writes them.
BENCHMARK_COMMANDS = {
    BENCHMARKS: "`make bench`",
    "same-maml": "python -m benchmarks.same_maml",
    "bounded-cost": "python -m benchmarks.bounded_steps",
    "unscramble": "python -m benchmarks.unscramble",
    "identify": "python -m msr reproduce identify --out results/identify.json",
}
NO_RESULTS = {*BENCHMARK_COMMANDS, "gpu"}  # files of another format


@checked
def recorded_results(name: str) -> Results:
    """The results of `make paper`: longer runs than those of the chapters.

    They are files of the folder ``results`` of the repository, which an installed
    package carries along.

    Args:
        name: of the experiment, such as "translation".

    Raises:
        TypeError: ``name`` is no text.
        FileNotFoundError: there is no such file.
        ResultsError: it is damaged.
    """
    file = _recorded_file(name)
    if file is not None and name not in NO_RESULTS:
        return Results.read(file)
    if name in BENCHMARK_COMMANDS:
        raise FileNotFoundError(
            f"expected recorded results, got the benchmarks {name!r}: read them with "
            f"msr.recorded_benchmarks({name!r})"
        )
    known = sorted(_recorded_files().keys() - NO_RESULTS)
    raise FileNotFoundError(
        f"expected recorded results among {', '.join(known) or 'none at all'}, got "
        f"{shown(name)}. python -m msr reproduce NAME --out results/NAME.json writes them"
    )


@checked
def recorded_benchmarks(name: str = BENCHMARKS) -> dict[str, Any]:
    """What was measured, and on what machine.

    Args:
        name: "performance", times, memory and scaling by `make bench`; "same-maml", one
            MAML in this and other libraries; "bounded-cost", what bounded steps cost;
            "unscramble", how often shuffled photographs are put right; or "identify", how
            often `msr.identify` is right.

    Raises:
        TypeError: ``name`` is no text.
        ValueError: there are no such benchmarks.
        FileNotFoundError: there is no such file.
        ResultsError: it is damaged.
    """
    if name not in BENCHMARK_COMMANDS:
        raise ValueError(
            f"expected benchmarks among {', '.join(BENCHMARK_COMMANDS)}, got {shown(name)}"
        )
    file = _recorded_file(name)
    if file is None:
        raise FileNotFoundError(
            f"expected a recorded file {name}.json, got none: "
            f"{BENCHMARK_COMMANDS[name]} writes it"
        )
    try:
        content = json.loads(file.read_text())
        if content["format"] == BENCHMARKS_FORMAT:
            return content
    except (ValueError, KeyError, TypeError):
        pass
    raise ResultsError(f"expected benchmarks of msr in {file.name}, got something else")


def _folders() -> tuple[Path, Path]:
    """Where recorded files are: in an installed package, in a checkout."""
    package = Path(str(resources.files("msr"))).resolve()
    return package / "recorded_runs", package.parent / "results"


def _recorded_file(name: str) -> Path | None:
    return _recorded_files().get(name)


def _recorded_files() -> dict[str, Path]:
    """By name; those of a package before those of a checkout."""
    folders = reversed(_folders())
    return {file.stem: file for folder in folders for file in folder.glob("*.json")}
