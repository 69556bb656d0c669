"""Sweeps on a real Dask cluster: a scheduler and its workers, processes on loopback."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

import msr
from helpers import without_times
from msr._utils.devices import device_name
from msr.experiments import engines
from msr.results.store import Results

CONFIG = """
    experiment = "translation"
    methods = ["MSR-FC"]
    seeds = 4
    steps = {steps}
    [tasks]
    rank = [1, 2]
    input_size = 30
    train_tasks = 40
    test_tasks = 10
    """
CELLS = 8
# One death of its worker condemns a cell, where Dask's default is four.
NO_SECOND_CHANCE = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*command: str, **environment: str) -> subprocess.Popen[str]:
        log = (tmp_path / f"{len(running)}.log").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            text=True,
            stdout=log,
            stderr=log,
            env=os.environ | environment,
        )
        process.log = log  # type: ignore[attr-defined]
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        process.log.close()  # type: ignore[attr-defined]


def output(process: subprocess.Popen[str], timeout: float = 120) -> str:
    process.wait(timeout)
    process.log.seek(0)  # type: ignore[attr-defined]
    return process.log.read()  # type: ignore[attr-defined]


def scheduler(start: Start, **environment: str) -> tuple[subprocess.Popen[str], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    process = start("distributed.cli.dask_scheduler", *where, **environment)
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process, f"tcp://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.05)
    raise AssertionError(output(process))


def worker(start: Start, address: str) -> subprocess.Popen[str]:
    alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    return start("distributed.cli.dask_worker", address, *alone)


def sweep(start: Start, folder: Path, address: str, steps: int) -> subprocess.Popen[str]:
    file = folder / "plan.toml"
    file.write_text(textwrap.dedent(CONFIG.format(steps=steps)))
    return start("msr", "sweep", str(file), "--quiet", "--scheduler", address)


def finished(folder: Path, count: int, driver: subprocess.Popen[str]) -> dict[str, dict]:
    """The finished cells, as soon as there are so many."""
    file = folder / "plan" / "results.json"
    while driver.poll() is None:
        if file.exists() and len(found := Results.read(file).cells) >= count:
            return found
        time.sleep(0.01)
    raise AssertionError(output(driver))


def wait_for_workers(address: str, count: int) -> None:
    cluster = engines.DaskCluster(address)
    for _ in range(600):
        if cluster.describe(torch.device("cpu"))["jobs"] == count:
            return
        time.sleep(0.1)
    raise AssertionError(f"expected {count} workers within a minute")


def test_killed_workers_and_a_killed_driver_lose_and_repeat_nothing(
    tmp_path: Path, start: Start
) -> None:
    _, address = scheduler(start)
    workers = [worker(start, address) for _ in range(2)]
    driver = sweep(start, tmp_path, address, steps=150)
    first = finished(tmp_path, 2, driver)
    workers[0].send_signal(signal.SIGKILL)
    second = finished(tmp_path, max(4, len(first) + 1), driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert len(second) < CELLS
    worker(start, address)
    wait_for_workers(address, 2)  # the run notes how many there are when it starts
    driver = sweep(start, tmp_path, address, steps=150)
    assert "MSR-FC" in output(driver)
    assert driver.returncode == 0
    results = Results.read(tmp_path / "plan" / "results.json")
    assert len(results.cells) == CELLS
    for before in (first, second):  # to the last digit of their run times
        assert {key: results.cells[key] for key in before} == before
    options = ["--quiet", "--jobs", "1", "--out", str(tmp_path / "series")]
    output(start("msr", "sweep", str(tmp_path / "plan.toml"), *options))
    series = Results.read(tmp_path / "series" / "results.json")
    assert without_times(results) == without_times(series)
    assert [run["jobs"] for run in results.runs][-1] == 2
    assert results.runs[-1]["device"] == device_name("cpu")


def test_a_cell_whose_workers_die_is_named_and_can_be_run_again(
    tmp_path: Path, start: Start
) -> None:
    _, address = scheduler(start, **NO_SECOND_CHANCE)
    workers = [worker(start, address) for _ in range(2)]
    driver = sweep(start, tmp_path, address, steps=300)
    finished(tmp_path, 1, driver)
    workers[0].send_signal(signal.SIGKILL)
    error = output(driver)
    assert driver.returncode == 1
    assert f"of {CELLS} cells failed, the first of them MSR-FC | rank=" in error
    assert "each of several workers that tried it died" in error
    assert "the same command goes on" in error
    before = Results.read(tmp_path / "plan" / "results.json").cells
    assert 1 <= len(before) < CELLS
    driver = sweep(start, tmp_path, address, steps=300)
    assert "MSR-FC" in output(driver)
    after = Results.read(tmp_path / "plan" / "results.json").cells
    assert len(after) == CELLS
    assert {key: after[key] for key in before} == before


def test_a_scheduler_that_goes_away_loses_no_finished_cell(
    tmp_path: Path, start: Start
) -> None:
    process, address = scheduler(start)
    worker(start, address)
    driver = sweep(start, tmp_path, address, steps=300)
    finished(tmp_path, 1, driver)
    process.send_signal(signal.SIGKILL)
    error = output(driver)
    assert driver.returncode == 1
    assert "error: the Dask scheduler" in error
    assert "is gone" in error
    assert Results.read(tmp_path / "plan" / "results.json").cells


@pytest.mark.bad_input
def test_a_cluster_that_cannot_run_it_says_why(tmp_path: Path, start: Start) -> None:
    cpu = torch.device("cpu")
    with pytest.raises(
        ValueError, match=r"expected a Dask scheduler at tcp://127\.0\.0\.1:9,"
    ):
        engines.DaskCluster("tcp://127.0.0.1:9", timeout=1).describe(cpu)
    _, address = scheduler(start)
    with pytest.raises(ValueError, match=r"expected a worker at .*dask worker tcp"):
        engines.DaskCluster(address, timeout=4).describe(cpu)
    worker(start, address)
    cluster = engines.DaskCluster(address)
    assert cluster.describe(cpu)["jobs"] == 1
    with pytest.raises(ValueError, match="cannot take part: expected a device that is"):
        cluster.describe(torch.device("cuda:77"))
    file = tmp_path / "plan.toml"
    file.write_text(textwrap.dedent(CONFIG.format(steps=1)))
    (cell, *_) = msr.Sweep.read(file).cells()
    with pytest.MonkeyPatch.context() as patch:  # the driver has another version
        patch.setattr(engines, "versions", lambda: {"torch": "0"})
        ((_, outcome),) = cluster.run([cell], cpu)
    assert isinstance(outcome, msr.CellFailed)
    assert "expected a worker with {'torch': '0'}, got one with {'msr'" in str(outcome)


def test_without_dask_the_message_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match="pip install distributed"):
        engines.DaskCluster("tcp://127.0.0.1:9")
