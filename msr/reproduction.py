"""The two tables of the paper, recomputed cell by cell.

Also at the command line: ``python -m msr reproduce translation``.
"""

import difflib
import time
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ._checks import check_at_least
from ._progress import progress_bar
from .convolution import principal_angles
from .evaluation import meta_test
from .experiments import EXPERIMENTS
from .history import Diverged
from .learner import MetaLearner
from .methods import Tasks
from .provenance import provenance
from .reparameterize import symmetry_matrices
from .results import Results
from .symmetry import DenseSymmetry


@dataclass(frozen=True)
class Cell:
    """One method on one column's problem, for one seed.

    The seed decides the problem, its tasks, the initial values and the draws.
    """

    experiment: str
    method: str
    column: str
    seed: int
    steps: int

    @property
    def key(self) -> str:
        """Its name in a results file."""
        return f"{self.method} | {self.column} | {self.seed}"

    def fit(self, device: torch.device | str = "cpu") -> tuple[MetaLearner, Tasks]:
        """Train; returns the learner and the tasks that it was trained on."""
        experiment = EXPERIMENTS[self.experiment]
        tasks = experiment.tasks(self.column, self.seed)
        method = experiment.adjust(experiment.methods[self.method], self.column)
        learner = method.fit(tasks, self.steps, self.seed, device=device, progress=False)
        return learner, tasks


def run_cell(cell: Cell, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Train and test one cell, on one CPU thread so that no neighbour changes it.

    Returns:
        the cell's fields and its outcome, ready for JSON: mean error over test tasks
        ``mse`` with interval ``ci95``, ``median``, ``worst`` (the largest task's),
        ``zero`` (the error of predicting zero) and ``unstable`` (how many tasks
        exceed twice their own), ``inner_loop`` (its learned parameters), ``angles``
        (degrees between U and the true space) and ``seconds``; or ``diverged``, the
        message of the failure.
    """
    started = time.perf_counter()
    outcome: dict[str, Any] = asdict(cell)
    with _one_thread():
        try:
            learner, tasks = cell.fit(device)
            result = meta_test(learner, tasks, progress=False)
        except Diverged as error:
            return outcome | {"diverged": str(error)}
        zero = target_squares(tasks)
    return outcome | {
        "mse": result.mse,
        "ci95": result.ci95,
        "median": float(result.losses.median()),
        "worst": float(result.losses.max()),
        "zero": float(zero.mean()),
        "unstable": int((result.losses > 2 * zero).sum()),
        "tasks": len(result.losses),
        "inner_loop": [float(p.detach()) for p in learner.meta_parameters],
        "angles": principal_angles_found(learner, tasks),
        "seconds": round(time.perf_counter() - started, 2),
    }


def target_squares(tasks: Tasks, batch_size: int = 100) -> Float[Tensor, " tasks"]:
    """The query error of predicting zero, for each test task."""
    batches = torch.arange(tasks.num_tasks("test")).split(batch_size)
    targets = (tasks.batch("test", indices).y_query for indices in batches)
    return torch.cat([y.square().flatten(1).mean(1) for y in targets])


def principal_angles_found(learner: MetaLearner, tasks: Tasks) -> list[float] | None:
    """Degrees between the span of a dense U and the true space.

    None if the model has no dense U, or one with dependent columns.
    """
    found = [U for _, U in symmetry_matrices(learner.model) if isinstance(U, DenseSymmetry)]
    if len(found) != 1:
        return None
    U = found[0].matrix().detach().cpu()
    if int(torch.linalg.matrix_rank(U.double())) < U.shape[1]:
        return None
    angles = principal_angles(U, tasks.symmetry_matrix().to(U.dtype)).rad2deg()
    return [round(float(angle), 4) for angle in angles]


def reproduce(
    experiment: str,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    seeds: int = 1,
    steps: int | None = None,
    device: torch.device | str = "cpu",
    jobs: int | None = None,
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
        device: where to train.
        jobs: cells that run at the same time, in processes of their own; default: one
            per CPU core (on a GPU: one). The numbers do not depend on it.
        out: JSON file, written after every cell. If it exists, its finished cells are
            kept and not run again.
        command: noted in the results.
        progress: show a bar over cells.

    Returns:
        all cells asked for, and those that the file held already.

    Raises:
        TypeError: ``seeds``, ``steps`` or ``jobs`` is no integer.
        ValueError: an unknown experiment, method or column; a number below 1; a device that
            is not there.
        ResultsError: the file is damaged or of another configuration.
    """
    table = EXPERIMENTS[_nearest("experiment", experiment, EXPERIMENTS)]
    methods = [_nearest("method", m, table.methods) for m in methods or table.methods]
    columns = [_nearest("column", c, table.columns) for c in columns or table.columns]
    steps = table.steps if steps is None else steps
    device = check_device(device)
    jobs = _default_jobs(device) if jobs is None else jobs
    check_at_least(1, seeds=seeds, steps=steps, jobs=jobs)
    config = {"experiment": experiment, "steps": steps, "device": device.type}
    path = None if out is None else Path(out)
    results = Results(config) if path is None else Results.resume(path, config)
    cells = [
        Cell(experiment, method, column, seed, steps)
        for seed in range(seeds)
        for method in methods
        for column in columns
    ]
    missing = [cell for cell in cells if cell.key not in results.cells]
    if not missing:
        return results
    run = provenance(command, device) | {"jobs": jobs, "wall_seconds": 0.0}
    results.runs.append(run)
    if path is not None:
        results.write(path)  # a path that cannot be written is an error now, not later
    started = time.perf_counter()
    bar = progress_bar(show=progress, total=len(missing), desc=experiment, unit="cell")
    with bar:
        for cell, outcome in _outcomes(missing, device, jobs):
            results.cells[cell.key] = outcome
            run["wall_seconds"] = round(time.perf_counter() - started, 2)
            if path is not None:
                results.write(path)
            bar.set_postfix_str(cell.key, refresh=False)
            bar.update()
    return results


def check_device(device: torch.device | str) -> torch.device:
    """The device, if it is there.

    Raises:
        ValueError: it is unknown or not available.
    """
    try:
        torch.empty(0, device=device)
        return torch.device(device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"expected a device that is available, such as cpu, got {str(device)!r}: "
            f"{str(error).splitlines()[0]}"
        ) from None


def _outcomes(
    cells: list[Cell], device: torch.device, jobs: int
) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Each cell with its outcome, as soon as it is there."""
    if jobs == 1 or len(cells) == 1:
        yield from (_with_outcome(cell, device) for cell in cells)
        return
    import joblib  # here, since it is slow to import

    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    with warnings.catch_warnings():
        # joblib replaces a worker whose memory has grown; no cell is lost by that
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        yield from parallel(joblib.delayed(_with_outcome)(cell, device) for cell in cells)


def _with_outcome(cell: Cell, device: torch.device) -> tuple[Cell, dict[str, Any]]:
    return cell, run_cell(cell, device)


def _default_jobs(device: torch.device) -> int:
    if device.type == "cuda":
        return 1
    import joblib  # here, since it is slow to import

    return int(joblib.cpu_count())


def _nearest(what: str, name: str, known: Collection[str]) -> str:
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(f"expected a {what} among {', '.join(known)}, got {name!r}{hint}")


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
