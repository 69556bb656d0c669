"""Compute the cells of a table or sweep that a results file does not have yet."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from .._utils.files import sole_writer
from .._utils.progress import progress_bar
from ..exceptions import CellFailed, ResultsError
from ..results.origin import provenance
from ..results.store import Results
from .cells import Cell
from .engines import Engine

logger = logging.getLogger(__name__)


def compute(
    cells: Sequence[Cell],
    config: dict[str, Any],
    *,
    engine: Engine,
    device: torch.device,
    path: Path | None,
    command: str,
    progress: bool = True,
) -> Results:
    """The results of these cells, with those that a file has already.

    Args:
        cells: which to compute, unless they are there.
        config: what all cells of the file have in common.
        engine: where they run.
        device: on which device.
        path: JSON file, written after every cell; None keeps none.
        command: recorded in the provenance.
        progress: show a bar.

    Raises:
        CellFailed: some cells ended with an error. All others were computed and kept.
        WorkersLost: the processes or workers are gone. What was finished is kept.
        ResultsError: the file is damaged, of another configuration, or another run is
            at it.
        OSError: the file cannot be written.
    """
    if path is None:
        return _compute(cells, Results(config), engine, device, None, command, progress)
    with sole_writer(path, ResultsError):
        results = Results.resume(path, config)
        return _compute(cells, results, engine, device, path, command, progress)


def _compute(
    cells: Sequence[Cell],
    results: Results,
    engine: Engine,
    device: torch.device,
    path: Path | None,
    command: str,
    progress: bool,
) -> Results:
    missing = [cell for cell in cells if cell.key not in results.cells]
    if not missing:
        return results
    run = provenance(command) | engine.describe(device) | {"wall_seconds": 0.0}
    results.runs.append(run)
    if path is not None:
        results.write(path)  # a path that cannot be written is an error now, not later
    started = time.perf_counter()
    failures: dict[str, CellFailed] = {}
    title = missing[0].experiment
    with progress_bar(show=progress, total=len(missing), desc=title, unit="cell") as bar:
        for cell, outcome in engine.run(missing, device):
            if isinstance(outcome, CellFailed):
                logger.warning("%s failed: %s", cell.key, outcome)
                failures[cell.key] = outcome
            else:
                results.cells[cell.key] = outcome
                run["wall_seconds"] = round(time.perf_counter() - started, 2)
                if path is not None:
                    results.write(path)
            bar.set_postfix_str(cell.key, refresh=False)
            bar.update()
    if failures:
        key, error = next(iter(failures.items()))
        raise CellFailed(
            f"{len(failures)} of {len(missing)} cells failed, the first of them {key}: "
            f"{error}"
        )
    return results
