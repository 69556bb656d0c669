"""The recorded benchmark of `msr.identify`: ``python -m msr reproduce identify``."""

import json
import math
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..._utils.checks import MOST_JOBS, MOST_SEEDS, check_between, chosen, named_path
from ..._utils.files import sole_writer, write_atomically
from ..._utils.progress import progress_bar
from ...exceptions import ResultsError
from ...results.origin import provenance
from ...results.recorded import BENCHMARKS_FORMAT
from .planted import (
    Case,
    at_an_angle,
    at_random,
    c8_with_exceptions,
    group_free,
    outside,
    planted,
    twice_the_columns,
)

NAME = "identify"
TITLE = "how often msr.identify names a planted group, and invents one where there is none"
MIDDLE = {"fewest": 36, "most": 400}  # entries; fewer say little once there is noise
SMALL = {"fewest": 16, "most": 35}


@dataclass(frozen=True)
class Cell:
    """A kind of symmetry matrix.

    Attributes:
        title: what it is, in a few words.
        cases: makes them, from a seed.
        good: the outcomes that count as right.
    """

    title: str
    cases: Callable[[int], Iterator[Case]]
    good: tuple[str, ...] = ("found right",)


def _planted(noise: Any, sizes: dict[str, int], **settings: Any) -> Callable[[int], Any]:
    return partial(planted, partial(noise, **settings), **sizes)


_NOT_FOUND = ("not sure wrong", "none")

CELLS: dict[str, Cell] = {
    "exact": Cell(
        "exact spans, weights of 16 entries or more",
        _planted(at_an_angle, {"fewest": 16}),
    ),
    "exact, small": Cell(
        "exact spans, weights of 4 to 15 entries, of which few can convince",
        _planted(at_an_angle, {"most": 15}),
        ("found right", "not sure right"),
    ),
    **{
        f"angle {degrees}": Cell(
            f"spans {degrees} degrees off, weights of 36 to 400 entries",
            _planted(at_an_angle, MIDDLE, degrees=degrees),
        )
        for degrees in (5, 20, 30)
    },
    "angle 20, small": Cell(
        "spans 20 degrees off, weights of 16 to 35 entries",
        _planted(at_an_angle, SMALL, degrees=20),
    ),
    "outside 30%": Cell(
        "noise outside the span, 30% of the norm, weights of 36 to 400 entries",
        _planted(outside, MIDDLE, share=0.3),
    ),
    "surplus columns": Cell(
        "20 degrees off, and as many columns again of small noise",
        _planted(twice_the_columns, MIDDLE, degrees=20),
    ),
    "exceptions": Cell(
        "circulants of C8 with 3 to 16 of 64 entries exceptional", c8_with_exceptions
    ),
    "random": Cell("random matrices", at_random, _NOT_FOUND),
    "group-free": Cell(
        "sharing that no group explains, exact and 20 degrees off", group_free, _NOT_FOUND
    ),
}


def run_benchmark(
    columns: Sequence[str] | None = None,
    *,
    seeds: int = 1,
    jobs: int | None = None,
    out: str | Path | None = None,
    command: str = "run_benchmark(...)",
    progress: bool = True,
) -> dict[str, Any]:
    """Identify what was planted, cell by cell, on the CPU.

    Args:
        columns: names in `CELLS`; default: all.
        seeds: how often each cell is drawn, from seed 0.
        jobs: cells at a time, in processes of their own; default: one per CPU core.
        out: JSON file, written after every cell; those that it has are kept.
        command: noted in the results.
        progress: show a bar over cells.

    Returns:
        provenance of the runs, and by cell: title, number of cases, how many had each
        outcome, the share that is ``right`` with its 95% interval (Wilson 1927), CPU
        seconds of a case, and cases that are not right, by name.

    Raises:
        ValueError: an unknown cell, one given twice, or none; seeds or jobs below 1.
        ResultsError: the file is damaged, has other seeds, or another run writes to it.
    """
    columns = chosen("column", columns, CELLS)
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    check_between(1, MOST_SEEDS, seeds=seeds)
    check_between(1, MOST_JOBS, jobs=jobs)
    if out is None:
        return _computed(_new(seeds), columns, jobs, None, command, progress)
    path = named_path("out", out)
    with sole_writer(path, ResultsError):
        content = _read(path, seeds) if path.exists() else _new(seeds)
        return _computed(content, columns, jobs, path, command, progress)


def _computed(
    content: dict[str, Any],
    columns: Sequence[str],
    jobs: int,
    path: Path | None,
    command: str,
    progress: bool,
) -> dict[str, Any]:
    missing = [name for name in columns if name not in content["cells"]]
    if not missing:
        return content
    run = provenance(command) | {"jobs": jobs, "wall_seconds": 0.0}
    content["runs"].append(run)
    started = time.perf_counter()
    from joblib import Parallel, delayed  # loads slowly

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    done = parallel(delayed(_outcomes)(name, content["seeds"]) for name in missing)
    with progress_bar(show=progress, total=len(missing), desc=NAME, unit="cell") as bar:
        for name, outcomes in done:
            content["cells"][name] = outcomes
            run["wall_seconds"] = round(time.perf_counter() - started, 2)
            if path is not None:
                write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
            bar.update()
    return content


def _outcomes(name: str, seeds: int) -> tuple[str, dict[str, Any]]:
    """A cell, and its name."""
    cell = CELLS[name]
    counts: Counter[str] = Counter()
    seconds, missed = [], []
    for case in (case for seed in range(seeds) for case in cell.cases(seed)):
        started = time.process_time()
        found = case.identify()
        seconds.append(time.process_time() - started)
        outcome: str = found.status
        if outcome != "none":
            outcome += " right" if case.right(found) else " wrong"
        counts[outcome] += 1
        if outcome not in cell.good:
            missed.append(f"{case.name}: {outcome}, order {found.order} ({case.order})")
    total = counts.total()
    right = sum(counts[outcome] for outcome in cell.good)
    return name, {
        "title": cell.title,
        "cases": total,
        "outcomes": dict(sorted(counts.items())),
        "right": right / total,
        "ci95": interval(right, total),
        "cpu_seconds": {
            "median": round(statistics.median(seconds), 3),
            "largest": round(max(seconds), 3),
        },
        "missed": missed,
    }


def interval(successes: int, trials: int, z: float = 1.959964) -> list[float]:
    """The 95% interval of a share (Wilson 1927).

    Formula:
        ``(p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)``.
    """
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    scale = 1 + z * z / trials
    return [max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)]


def benchmark_text(content: dict[str, Any], columns: Sequence[str] | None = None) -> str:
    """The cells as lines for a terminal."""
    lines = []
    for name in columns or content["cells"]:
        cell = content["cells"][name]
        low, high = cell["ci95"]
        outcomes = ", ".join(f"{count} {kind}" for kind, count in cell["outcomes"].items())
        lines += [
            f"{name}: {100 * cell['right']:.1f}% right "
            f"[{100 * low:.1f}, {100 * high:.1f}] of {cell['cases']} ({cell['title']})",
            f"    {outcomes}; {cell['cpu_seconds']['median']:.2f} s a case, "
            f"at most {cell['cpu_seconds']['largest']:.2f}",
            *(f"    {line}" for line in cell["missed"]),
        ]
    return "\n".join(lines)


def _new(seeds: int) -> dict[str, Any]:
    return {"format": BENCHMARKS_FORMAT, "seeds": seeds, "runs": [], "cells": {}}


def _read(path: Path, seeds: int) -> dict[str, Any]:
    """What is there already.

    Raises:
        ResultsError: it is something else, or has other seeds.
    """
    try:
        content = json.loads(path.read_text())
        known = content["format"], content["cells"].keys() <= CELLS.keys()
        own = content["seeds"]
    except (ValueError, KeyError, TypeError, AttributeError):
        known = None, False
        own = None
    if known != (BENCHMARKS_FORMAT, True):
        raise ResultsError(
            f"expected a benchmark of identify in {path.name}, got a damaged or another "
            f"file. It was left as it is; name another one, or delete it."
        )
    if own != seeds:
        raise ResultsError(
            f"expected results of {seeds} seeds in {path.name}, got {own}: name another "
            f"file, or delete it"
        )
    return content
