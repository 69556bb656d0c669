"""Where cells run: in processes of this machine, or on the workers of a Dask cluster."""

import functools
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

import torch

from .._utils.checks import MOST_JOBS, check_between
from .._utils.devices import available_device_name
from ..exceptions import CellFailed, WorkersLost
from ..results.origin import versions
from . import cells as _cells
from .cells import Cell

logger = logging.getLogger(__name__)


Outcome = dict[str, Any] | CellFailed


@runtime_checkable
class Engine(Protocol):
    """Runs cells somewhere."""

    def describe(self, device: torch.device) -> dict[str, Any]:
        """What the provenance of a run says of it: its device, how many at a time."""
        ...

    def run(
        self, cells: list[Cell], device: torch.device
    ) -> Iterator[tuple[Cell, Outcome]]:
        """Each cell with its outcome or failure, as soon as it is there."""
        ...


class LocalProcesses:
    """Processes of this machine, by joblib; with one job, this very process.

    Args:
        jobs: cells at a time; default: one per CPU core, on a GPU one.
    """

    def __init__(self, jobs: int | None = None) -> None:
        if jobs is not None:
            check_between(1, MOST_JOBS, jobs=jobs)
        self.jobs = jobs

    def describe(self, device: torch.device) -> dict[str, Any]:
        """The device's name, and how many cells run at a time.

        Raises:
            ValueError: the device is not available.
        """
        return {"device": available_device_name(device), "jobs": self._jobs(device)}

    def run(
        self, cells: list[Cell], device: torch.device
    ) -> Iterator[tuple[Cell, Outcome]]:
        """Each cell with its outcome, as soon as it is there.

        Raises:
            WorkersLost: a process was killed.
        """
        jobs = min(self._jobs(device), len(cells))
        if jobs <= 1:
            yield from ((cell, attempt(cell, device)) for cell in cells)
            return
        import joblib  # here, since it is slow to import
        from joblib.externals.loky.process_executor import BrokenProcessPool

        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        with warnings.catch_warnings():
            # joblib replaces a worker whose memory has grown; no cell is lost by that
            warnings.filterwarnings("ignore", "A worker stopped while some jobs")
            try:
                yield from parallel(
                    joblib.delayed(_named_attempt)(c, device) for c in cells
                )
            except BrokenProcessPool:
                raise WorkersLost(
                    "a process was killed, perhaps for want of memory: fewer jobs need less"
                ) from None

    def _jobs(self, device: torch.device) -> int:
        if self.jobs is not None:
            return self.jobs
        if device.type == "cuda":
            return 1
        import joblib  # here, since it is slow to import

        return int(joblib.cpu_count())


class DaskCluster:
    """The workers of a Dask scheduler, which gives a dead worker's cells to the others.

    Args:
        scheduler: its address, such as "tcp://host:8786", or the path of a scheduler
            file.
        timeout: seconds to wait for the scheduler, and for a first worker.

    Raises:
        ValueError: the package distributed is not installed, or there is no such file.
    """

    def __init__(self, scheduler: str, timeout: float = 30) -> None:
        if not scheduler.strip():
            raise ValueError(f"expected the address of a Dask scheduler, got {scheduler!r}")
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise ValueError(
                "expected the package distributed, which talks to a Dask scheduler, got "
                "none: pip install distributed"
            ) from None
        if scheduler.endswith(".json") and not os.path.isfile(scheduler):
            raise ValueError(f"expected a Dask scheduler's file {scheduler}, got none")
        self.scheduler = scheduler
        self.timeout = timeout

    def describe(self, device: torch.device) -> dict[str, Any]:
        """The names of the workers' devices, and how many cells run at a time.

        Raises:
            ValueError: there is no scheduler, no worker, or a worker has no such device.
        """
        with self._client() as client:
            try:
                client.wait_for_workers(1, timeout=self.timeout)
            except TimeoutError:
                raise ValueError(
                    f"expected a worker at the Dask scheduler {self.scheduler} within "
                    f"{self.timeout:g} s, got none. On a machine with msr: dask worker "
                    f"{self.scheduler} --nthreads 1"
                ) from None
            found = client.run(available_device_name, device, on_error="return")
        errors = [error for error in found.values() if isinstance(error, Exception)]
        if errors:
            raise ValueError(f"a Dask worker cannot take part: {errors[0]}")
        return {"device": ", ".join(sorted(set(found.values()))), "jobs": len(found)}

    def run(
        self, cells: list[Cell], device: torch.device
    ) -> Iterator[tuple[Cell, Outcome]]:
        """Each cell with its outcome, as soon as it is there.

        Raises:
            WorkersLost: the scheduler is gone.
        """
        from distributed import as_completed

        with self._client() as client:
            futures = {
                client.submit(
                    _same_versions_attempt,
                    cell,
                    device,
                    versions(),
                    key=f"{cell.key} {uuid4().hex}",
                ): cell
                for cell in cells
            }
            for future in as_completed(list(futures), loop=client.loop):
                yield futures.pop(future), self._outcome(future)

    def _outcome(self, future: Any) -> Outcome:
        from distributed import KilledWorker

        if future.status == "finished":
            return future.result()
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return CellFailed("each of several workers that tried it died")
        if isinstance(error, Exception):
            return CellFailed.of(error)
        raise WorkersLost(f"the Dask scheduler {self.scheduler} is gone")

    @contextmanager
    def _client(self) -> Iterator[Any]:
        from distributed import Client

        is_file = os.path.exists(self.scheduler)
        where = (
            {"scheduler_file": self.scheduler} if is_file else {"address": self.scheduler}
        )
        try:
            client = Client(**where, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"expected a Dask scheduler at {self.scheduler}, got none that answers "
                f"within {self.timeout:g} s ({str(error).splitlines()[0]}). "
                f"To start one: dask scheduler"
            ) from None
        with client:
            yield client


def attempt(cell: Cell, device: torch.device) -> Outcome:
    """The outcome of a cell, or how it failed."""
    try:
        return _cells.run_cell(cell, device)
    except Exception as error:
        logger.debug("%s failed", cell.key, exc_info=True)
        return CellFailed.of(error)


def _named_attempt(cell: Cell, device: torch.device) -> tuple[Cell, Outcome]:
    return cell, attempt(cell, device)


def _same_versions_attempt(
    cell: Cell, device: torch.device, expected: dict[str, str]
) -> Outcome:
    """On a worker: other versions may give other numbers, so refuse them."""
    found = _own_versions()
    if found != expected:
        return CellFailed(f"expected a worker with {expected}, got one with {found}")
    return attempt(cell, device)


@functools.cache
def _own_versions() -> dict[str, str]:
    return versions()


def engine_for(jobs: int | None, scheduler: str | None) -> Engine:
    """A Dask cluster if a scheduler is named, and processes of this machine if not.

    Raises:
        ValueError: both are given, or Dask is not installed.
    """
    if scheduler is None:
        return LocalProcesses(jobs)
    if jobs is not None:
        raise ValueError(
            "expected jobs or a scheduler, got both: a Dask cluster runs as many cells at "
            "a time as it has workers"
        )
    return DaskCluster(scheduler)
