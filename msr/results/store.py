"""Results of many cells: one JSON file that grows cell by cell."""

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._utils.arguments import checked
from .._utils.checks import named_path
from .._utils.configurations import differences
from .._utils.files import write_atomically
from ..exceptions import ResultsError

FORMAT = "msr results 1"


def row_name(method: str, hyperparameters: Mapping[str, Any]) -> str:
    """The name of a table's row: "MSR-FC, filters=3, lr=0.01"."""
    return ", ".join([method, *(f"{name}={v}" for name, v in hyperparameters.items())])


def cell_row(cell: Mapping[str, Any]) -> str:
    """The row of a cell's outcome."""
    return row_name(cell["method"], cell.get("hyperparameters", {}))


@dataclass(frozen=True)
class Summary:
    """A cell of a table over its seeds.

    Attributes:
        mean: of the seeds' mean errors; NaN if there is none.
        median: of the seeds' mean errors, which a single seed cannot move far.
        ci95: half the width of the 95% interval. With several seeds it is Student's
            interval over the seeds' means, which vary with the problem, the initial
            values and the test tasks at once. With one seed it is over test tasks only.
        seeds: how many seeds finished.
        diverged: how many seeds did not.
        unstable: test tasks, of all seeds together, whose error after adapting is more
            than twice that of predicting zero: steps that overshoot.
    """

    mean: float
    median: float
    ci95: float
    seeds: int
    diverged: int = 0
    unstable: int = 0


@checked
@dataclass
class Results:
    """The finished cells of one experiment.

    Attributes:
        config: what all cells have in common; a file with another one is refused.
        runs: provenance and wall time of each run that added cells.
        cells: by key "row | column | seed": what `msr.experiments.cells.run_cell`
            returned. A row is a method, in a sweep with its hyperparameters.

    Raises:
        TypeError: one is no dict, or no list of them.
        ValueError: a cell has no method, no column, or neither an error nor a failure.
    """

    config: dict[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=list)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, cell in self.cells.items():
            outcome = {"mse", "ci95"} <= cell.keys() or "diverged" in cell
            if not ({"method", "column"} <= cell.keys() and outcome):
                raise ValueError(
                    f"expected cells with method, column, and mse with ci95 or diverged, "
                    f"got {key!r} with {', '.join(map(str, cell)) or 'nothing'}"
                )

    def summary(self, row: str, column: str) -> Summary:
        """The mean of a cell over seeds, with its interval; NaN where there is none.

        Raises:
            TypeError: a name is no text.
        """
        found = [
            c for c in self.cells.values() if (cell_row(c), c["column"]) == (row, column)
        ]
        good = [c for c in found if "mse" in c]
        diverged = len(found) - len(good)
        if not good:
            return Summary(math.nan, math.nan, math.nan, 0, diverged)
        mean = statistics.fmean(c["mse"] for c in good)
        median = statistics.median(c["mse"] for c in good)
        unstable = sum(c.get("unstable", 0) for c in good)
        if len(good) == 1:
            return Summary(mean, median, good[0]["ci95"], 1, diverged, unstable)
        from scipy.special import stdtrit  # here: it takes longer to import than msr

        deviation = statistics.stdev((c["mse"] for c in good), mean)
        quantile = float(stdtrit(len(good) - 1, 0.975))
        half = quantile * deviation / math.sqrt(len(good))
        return Summary(mean, median, half, len(good), diverged, unstable)

    @property
    def origin(self) -> str:
        """Where the results come from, in two lines for each run that added cells."""
        return "\n".join(
            f"{run['command']}\ncommit {(run['commit'] or 'unknown')[:12]}, "
            f"{run['date'][:10]}, torch {run['versions']['torch']}, {run['device']}"
            for run in self.runs
        )

    @property
    def wall_seconds(self) -> float:
        """The wall time of all runs together."""
        return float(sum(run["wall_seconds"] for run in self.runs))

    @property
    def rows(self) -> list[str]:
        """The rows that have results, in the order in which they came."""
        return list(dict.fromkeys(cell_row(cell) for cell in self.cells.values()))

    @property
    def columns(self) -> list[str]:
        """The columns that have results, in the order in which they came."""
        return list(dict.fromkeys(cell["column"] for cell in self.cells.values()))

    def write(self, path: str | Path) -> None:
        """Replace the file by these results, whole or not at all.

        Raises:
            TypeError, ValueError: it is no path, or no file can have this name.
            OSError: it cannot be written.
        """
        content = {
            "format": FORMAT,
            "config": self.config,
            "runs": self.runs,
            "cells": self.cells,
        }
        write_atomically(
            named_path("path", path), (json.dumps(content, indent=1) + "\n").encode()
        )

    @classmethod
    def read(cls, path: str | Path) -> "Results":
        """The results in a file.

        Raises:
            ResultsError: the file is damaged or no results file.
            TypeError, ValueError: it is no path, or no file can have this name.
            OSError: it cannot be read.
        """
        path = named_path("path", path)
        try:
            content = json.loads(path.read_text())
            if content["format"] != FORMAT:
                raise ValueError
            return cls(content["config"], content["runs"], content["cells"])
        except (ValueError, KeyError, TypeError):
            raise ResultsError(
                f"expected a results file of msr in {path.name}, got a damaged or another "
                f"file. It was left as it is; name another one, or delete it."
            ) from None

    @classmethod
    def resume(cls, path: str | Path, config: dict[str, Any]) -> "Results":
        """The results in a file of the same configuration, or none if there is no file.

        Raises:
            ResultsError: as for `read`, or the file has another configuration.
            TypeError, ValueError: as for `read`, or ``config`` is no dict.
        """
        path = named_path("path", path)
        if not path.exists():
            return cls(config)
        results = cls.read(path)
        if results.config != config:
            different = [
                f"{key}: now {ours!r}, in the file {its!r}"
                for key, ours, its in differences(config, results.config)
            ]
            raise ResultsError(
                f"expected results of this configuration in {path.name}, got others, and "
                f"left them as they are: {'; '.join(different)}"
            )
        return results
