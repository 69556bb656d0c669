"""The two tables of the paper, recomputed cell by cell.

Also at the command line: ``python -m msr reproduce translation``.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from .._utils.arguments import checked
from .._utils.checks import (
    MOST_SEEDS,
    MOST_STEPS,
    check_between,
    check_known,
    chosen,
    named_path,
)
from .._utils.devices import named_device
from ..results.store import Results
from .cells import Cell
from .engines import engine_for
from .registry import EXPERIMENTS
from .runner import compute


@checked(by_hand=["experiment", "methods", "columns", "device"])
def reproduce(
    experiment: str,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    seeds: int = 1,
    steps: int | None = None,
    device: torch.device | str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    out: str | Path | None = None,
    command: str = "msr.reproduce(...)",
    progress: bool = True,
) -> Results:
    """Recompute a table of the paper, or another experiment of the book.

    Args:
        experiment: "translation" (Table 1), "rotation" (Table 2), or another name in
            `msr.experiments.EXPERIMENTS`.
        methods: rows; default: all.
        columns: default: all.
        seeds: number of seeds, from 0.
        steps: outer steps of each cell; default: the experiment's own.
        device: where to train; default: torch's default device.
        jobs: cells that run at the same time, in processes of their own; default: one
            per CPU core (on a GPU: one). The numbers do not depend on it.
        scheduler: address of a Dask scheduler, whose workers run the cells instead.
        out: JSON file, written after every cell. If it exists, its finished cells are
            kept and not run again.
        command: noted in the results.
        progress: show a bar over cells.

    Returns:
        all cells asked for, and those that the file held already.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an unknown experiment, method or column, one given twice, or an empty
            list of them; a number below 1 or too large; a device that is not there; a
            scheduler that does not answer.
        ResultsError: the file is damaged or of another configuration, or another run
            writes to it.
        CellFailed, WorkersLost: cells ended with an error, or the processes that they
            ran in are gone. The file keeps what was finished.
    """
    table = EXPERIMENTS[check_known("experiment", experiment, EXPERIMENTS)]
    methods = chosen("method", methods, table.methods)
    columns = chosen("column", columns, table.columns)
    steps = table.steps if steps is None else steps
    check_between(1, MOST_SEEDS, seeds=seeds)
    check_between(1, MOST_STEPS, steps=steps)
    device = named_device(device)
    path = None if out is None else named_path("out", out)
    cells = [
        Cell(experiment, method, column, seed, steps)
        for seed in range(seeds)
        for method in methods
        for column in columns
    ]
    return compute(
        cells,
        {"experiment": experiment, "steps": steps, "device": device.type},
        engine=engine_for(jobs, scheduler),
        device=device,
        path=path,
        command=command,
        progress=progress,
    )
