"""Cells of tables and sweeps: one method on one problem, for one seed.

Elsewhere called a run or a trial. Here it is a cell throughout, as in results files and
errors: what fills one place of a table. The cells of notebooks are called so in full.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from ..exceptions import Diverged
from ..meta.evaluation import meta_test
from ..meta.learner import MetaLearner
from ..results.store import row_name
from ..symmetry.matrices import DenseSymmetry
from ..symmetry.reparameterization import symmetry_matrices
from ..symmetry.subspaces import principal_angles
from .hyperparameters import configure
from .methods import Method, Tasks
from .registry import EXPERIMENTS, Column
from .squares import target_squares

# A cell sets the process's number of threads and its random state.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Cell:
    """One method on one problem, for one seed.

    The seed decides the problem, its tasks, the initial values and the draws.

    Args:
        experiment: name in `msr.experiments.EXPERIMENTS`.
        method: name of one of its methods.
        column: name of one of its columns; for a sweep, of the problem.
        seed: of everything.
        steps: outer steps.
        problem: settings of the tasks, in a sweep; None for a column of a table.
        hyperparameters: what differs from the method as it is; see
            `msr.experiments.HYPERPARAMETERS`.
    """

    experiment: str
    method: str
    column: str
    seed: int
    steps: int
    problem: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> str:
        """Its row in a table."""
        return row_name(self.method, self.hyperparameters)

    @property
    def key(self) -> str:
        """Its name in a results file."""
        return f"{self.row} | {self.column} | {self.seed}"

    def build(self) -> tuple[Method, Tasks]:
        """The method and the tasks.

        Raises:
            ValueError, TypeError: a setting has no possible value.
        """
        experiment = EXPERIMENTS[self.experiment]
        column = (
            experiment.columns[self.column]
            if self.problem is None
            else Column(self.problem)
        )
        tasks = experiment.problem(**column.problem, seed=self.seed)
        method = experiment.adjust(experiment.methods[self.method], tasks)
        return configure(method, {**column.method, **self.hyperparameters}), tasks

    def describe(self) -> dict[str, Any]:
        """Its fields, ready for JSON, without those that are not used."""
        return {
            name: value for name, value in asdict(self).items() if value not in (None, {})
        }


def run_cell(cell: Cell, device: torch.device | str | None = None) -> dict[str, Any]:
    """Train and test one cell, on one CPU thread so that no neighbour changes it.

    Returns:
        the cell's fields and its outcome, ready for JSON: what its experiment measures, by
        default what `measure_squares` does, and ``seconds``; or ``diverged``, the message
        of the failure.
    """
    started = time.perf_counter()
    outcome = cell.describe()
    measure = EXPERIMENTS[cell.experiment].measure or measure_squares
    with _one_at_a_time, _one_thread(), _deterministic(device):
        try:
            outcome |= measure(*cell.build(), cell.steps, cell.seed, device)
        except Diverged as error:
            return outcome | {"diverged": str(error)}
    return outcome | {"seconds": round(time.perf_counter() - started, 2)}


def measure_squares(
    method: Method,
    tasks: Tasks,
    steps: int,
    seed: int,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """Train, and measure the squared error of every test task.

    Returns:
        ready for JSON: mean error over test tasks ``mse`` with interval ``ci95``,
        ``median``, ``worst`` (the largest task's), ``zero`` (the error of predicting zero)
        and ``unstable`` (how many tasks exceed twice their own), ``inner_loop`` (its
        learned parameters) and ``angles`` (degrees between U and the true space).
    """
    learner = method.fit(tasks, steps, seed, device=device, progress=False)
    result = meta_test(learner, tasks, progress=False)
    zero = target_squares(tasks)
    losses = result.losses.cpu()
    return {
        "mse": result.mse,
        "ci95": result.ci95,
        "median": float(losses.median()),
        "worst": float(losses.max()),
        "zero": float(zero.mean()),
        "unstable": int((losses > 2 * zero).sum()),
        "tasks": len(losses),
        "inner_loop": [float(p.detach()) for p in learner.meta_parameters],
        "angles": principal_angles_found(learner, tasks),
    }


def principal_angles_found(learner: MetaLearner, tasks: Any) -> list[float] | None:
    """Degrees between the span of a dense U and the true space.

    None if the model has no dense U, or one with dependent columns.
    """
    found = [U for _, U in symmetry_matrices(learner.model) if isinstance(U, DenseSymmetry)]
    if len(found) != 1:
        return None
    U = found[0].matrix().detach().cpu()
    if int(torch.linalg.matrix_rank(U.double())) < U.shape[1]:
        return None
    true = tasks.symmetry_matrix().to(U)
    return [round(float(angle), 4) for angle in principal_angles(U, true).rad2deg()]


@contextmanager
def _deterministic(device: torch.device | str | None) -> Iterator[None]:
    """On CUDA, sums in a fixed order where torch has them, and no factors cut to TF32."""
    if torch.device(device or torch.get_default_device()).type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.backends.cudnn.flags(
            enabled=torch.backends.cudnn.enabled, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn_only)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
