"""Sweeps: what a TOML file may say, what a folder holds, and what cannot hurt it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

import msr
from helpers import without_times
from helpers_project import ROOT
from msr.__main__ import main
from msr._utils.files import sole_writer
from msr.experiments import cells
from msr.experiments.hyperparameters import HYPERPARAMETERS, configure
from msr.experiments.methods import SUPPORT, TRANSLATION
from msr.results.store import Results

SMALL = {
    "rank": [1, 2],
    "input_size": 8,
    "train_tasks": 20,
    "test_tasks": 6,
    "train_examples": 5,
    "test_examples": 5,
}
PLAN = msr.Sweep(
    "translation",
    methods=("MAML-FC", "MSR-FC"),
    seeds=2,
    steps=2,
    tasks=SMALL,
    method={"filters": [2, 3], "inner_steps": [1, 2]},
)
CONFIG = """
    experiment = "translation"
    methods = ["MAML-Conv", "MSR-FC"]
    seeds = 2
    steps = {steps}
    [tasks]
    input_size = 30
    train_tasks = 40
    test_tasks = 10
    [method]
    filters = [2, 3]
    """


def config(folder: Path, text: str = CONFIG, steps: int = 2) -> Path:
    file = folder / "plan.toml"
    file.write_text(textwrap.dedent(text.format(steps=steps)))
    return file


def run_sweep(plan: msr.Sweep, out: Path, **options) -> Results:
    return msr.sweep(plan, out, jobs=options.pop("jobs", 1), progress=False, **options)


def test_the_cells_are_all_combinations_and_each_once() -> None:
    found = PLAN.cells()
    # MAML-FC has no filters: 2 inner steps; MSR-FC 4 combinations; 2 ranks, 2 seeds
    assert len(found) == (2 + 4) * 2 * 2
    assert len({cell.key for cell in found}) == len(found)
    assert {cell.row for cell in found if cell.method == "MAML-FC"} == {
        "MAML-FC, inner_steps=1",
        "MAML-FC, inner_steps=2",
    }
    seeds = [cell.seed for cell in found]
    assert seeds == sorted(seeds)
    method, tasks = next(
        cell for cell in found if cell.row == "MSR-FC, filters=3, inner_steps=2"
    ).build()
    assert tasks == msr.LowRank1d(**SMALL | {"rank": 1}, seed=0)
    assert method.inner == msr.GradientDescent(steps=2, lr=0.1)
    U = next(msr.symmetry_matrices(method.learner(tasks).model))[1].matrix()
    assert U.shape == (6 * 8, 3)


def test_a_sweeps_cell_is_what_training_and_testing_give(tmp_path: Path) -> None:
    results = run_sweep(PLAN, tmp_path)
    cell = next(
        c
        for c in results.cells.values()
        if c["seed"] == 1
        and c["problem"]["rank"] == 2
        and c["hyperparameters"] == {"filters": 2, "inner_steps": 1}
    )
    tasks = msr.LowRank1d(**SMALL | {"rank": 2}, seed=1)
    with_two = configure(TRANSLATION["MSR-FC"], {"filters": 2, "inner_steps": 1})
    learner = with_two.fit(tasks, 2, seed=1, progress=False)
    test = msr.meta_test(learner, tasks, progress=False)
    assert cell["mse"] == test.mse
    summary = results.summary("MSR-FC, filters=2, inner_steps=1", cell["column"])
    assert summary.seeds == 2


def test_a_table_and_a_csv_file_hold_every_cell(tmp_path: Path, capsys) -> None:
    file = config(tmp_path)
    assert main(["sweep", str(file), "--quiet", "--jobs", "1"]) == 0
    table = capsys.readouterr().out
    results = Results.read(tmp_path / "plan" / "results.json")
    for row in ("MAML-Conv", "MSR-FC, filters=2", "MSR-FC, filters=3"):
        summary = results.summary(row, results.columns[0])
        assert f"{summary.mean:.3f} ± {summary.ci95:.3f}" in table
        assert row in table
    with (tmp_path / "plan" / "cells.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == len(results.cells) == 6
    for line in lines:
        filters = f", filters={line['filters']}" if line["filters"] else ""
        key = f"{line['method']}{filters} | {line['column']} | {line['seed']}"
        assert float(line["mse"]) == results.cells[key]["mse"]
        assert line["input_size"] == "30"
    assert "angles" not in lines[0]


def test_series_parallel_and_another_run_give_the_same_bits(tmp_path: Path) -> None:
    torch.rand(1)  # so that the state is that of no fresh seed
    state = torch.get_rng_state()
    series = without_times(run_sweep(PLAN, tmp_path / "a", device="cpu"))
    assert without_times(run_sweep(PLAN, tmp_path / "b", device="cpu")) == series
    parallel = run_sweep(PLAN, tmp_path / "c", jobs=2, device="cpu")
    assert without_times(parallel) == series
    assert torch.equal(torch.get_rng_state(), state)


def test_a_sweep_may_grow_but_a_folder_holds_only_one(tmp_path: Path, monkeypatch) -> None:
    run_sweep(PLAN, tmp_path)
    before = Results.read(tmp_path / "results.json").cells
    grown = msr.Sweep(
        "translation",
        methods=("MAML-FC", "MSR-FC", "MAML-Conv"),
        seeds=3,
        steps=2,
        tasks=SMALL,
        method={"filters": [2, 3], "inner_steps": [1, 2]},
    )
    after = run_sweep(grown, tmp_path).cells
    assert len(after) == 8 * 2 * 3
    assert {key: after[key] for key in before} == before
    content = (tmp_path / "results.json").read_bytes()
    for other, message in (
        (PLAN, "expected a part of this sweep in .*, got another one, with the cell 'MA"),
        (
            msr.Sweep(**{**vars(grown), "seeds": (2,)}),
            r"got another one, with the cell '.* \| 0'",
        ),
        (
            msr.Sweep(**{**vars(grown), "steps": 3}),
            r"expected results of this configuration.*steps: now 3, in the file 2",
        ),
        (
            msr.Sweep("rotation", steps=2, tasks={"size": 4, "train_tasks": 9}),
            "expected a part of this sweep",
        ),
    ):
        with pytest.raises(msr.ResultsError, match=message):
            run_sweep(other, tmp_path)
        assert (tmp_path / "results.json").read_bytes() == content


def test_two_runs_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        sole_writer(tmp_path / "results.json", msr.ResultsError),
        pytest.raises(
            msr.ResultsError, match=r"the only run that writes to .*results\.json"
        ),
    ):
        run_sweep(PLAN, tmp_path)
    assert not (tmp_path / "results.json").exists()
    assert len(run_sweep(PLAN, tmp_path).cells) == 24  # the lock is gone


def start(folder: Path, *options: str, steps: int = 2) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "msr", "sweep", str(config(folder, steps=steps))]
    return subprocess.Popen(
        [*command, "--quiet", *options], text=True, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip


def wait_for_cells(file: Path, count: int, process: subprocess.Popen[str]) -> dict:
    while process.poll() is None:
        if file.exists() and len(found := Results.read(file).cells) >= count:
            return found
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "plan" / "results.json", msr.ResultsError):
        second = start(tmp_path, "--jobs", "1")
        _, error = second.communicate()
    assert second.returncode == 2
    assert "error: expected to be the only run that writes to" in error
    assert "Traceback" not in error
    assert [f.name for f in (tmp_path / "plan").iterdir()] == [".results.json.lock"]


def test_a_killed_sweep_resumes_to_the_same_bits(tmp_path: Path) -> None:
    file = tmp_path / "plan" / "results.json"
    first = start(tmp_path, "--jobs", "1", steps=100)
    wait_for_cells(file, 1, first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = Results.read(file).cells
    assert 1 <= len(before) < 6
    for folder in ("plan", "whole"):
        options = ["--jobs", "2", "--out", str(tmp_path / folder)]
        _, error = start(tmp_path, *options, steps=100).communicate()
        assert not error
    after = Results.read(file)
    assert {key: after.cells[key] for key in before} == before
    whole = Results.read(tmp_path / "whole" / "results.json")
    assert without_times(after) == without_times(whole)


def test_a_killed_process_of_this_machine_loses_no_finished_cell(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    file = tmp_path / "plan" / "results.json"
    driver = start(tmp_path, "--jobs", "2", steps=300)
    wait_for_cells(file, 1, driver)
    workers = [
        child
        for child in psutil.Process(driver.pid).children(recursive=True)
        if any("popen_loky" in word for word in child.cmdline())
    ]
    workers[0].kill()
    _, error = driver.communicate()
    assert driver.returncode == 1
    assert "a process was killed" in error
    assert "the same command goes on" in error
    assert "Traceback" not in error
    before = Results.read(file).cells
    assert (file.parent / "cells.csv").read_text().count("\n") == 1 + len(before)
    again = start(tmp_path, "--jobs", "1", steps=300)
    _, error = again.communicate()
    assert again.returncode == 0, error
    after = Results.read(file).cells
    assert len(after) == 6
    assert {key: after[key] for key in before} == before


def test_a_disk_that_is_full_in_mid_write_leaves_whole_results(tmp_path: Path) -> None:
    """The kernel refuses to let a file grow beyond 3 kB: some cells, not all."""
    code = (
        "import resource, signal, sys; from msr.__main__ import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)); "
        "sys.exit(main(sys.argv[1:]))"
    )
    command = ["sweep", str(config(tmp_path)), "--quiet", "--jobs", "1"]
    found = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True
    )
    assert found.returncode == 2
    assert found.stderr.startswith("error: [Errno 27] File too large: '")
    assert "results.json'" in found.stderr
    assert "Traceback" not in found.stderr
    folder = tmp_path / "plan"
    kept = Results.read(folder / "results.json").cells
    assert 1 <= len(kept) < 6
    assert {f.name for f in folder.iterdir()} == {"results.json", ".results.json.lock"}
    assert main(command) == 0
    after = Results.read(folder / "results.json").cells
    assert len(after) == 6
    assert {key: after[key] for key in kept} == kept


def test_a_cell_that_fails_is_named_and_the_others_are_kept(
    tmp_path: Path, monkeypatch, capsys, caplog
) -> None:
    run_cell = cells.run_cell

    def failing(cell, device):
        if cell.row == "MSR-FC, filters=2" and cell.seed == 0:
            raise RuntimeError("out of memory")
        return run_cell(cell, device)

    monkeypatch.setattr(cells, "run_cell", failing)
    command = ["sweep", str(config(tmp_path)), "--quiet", "--jobs", "1"]
    assert main(command) == 1
    error = capsys.readouterr().err
    assert "1 of 6 cells failed, the first of them MSR-FC, filters=2 | " in error
    assert "RuntimeError: out of memory" in error
    assert "the same command goes on" in error
    assert "MSR-FC, filters=2" in caplog.text  # at once, not only in the end
    assert len(Results.read(tmp_path / "plan" / "results.json").cells) == 5
    monkeypatch.setattr(cells, "run_cell", run_cell)
    assert main(command) == 0
    assert len(Results.read(tmp_path / "plan" / "results.json").cells) == 6


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_each_hyperparameter_changes_what_it_says(name: str) -> None:
    values = {
        "filters": 2,
        "inner_steps": 7,
        "inner_lr": 0.7,
        "learn_inner_lr": False,
        "max_curvature": 0.7,
        "ridge": 0.7,
        "lr": 0.7,
        "decay": "cosine",
        "batch_size": 7,
    }
    methods = [*TRANSLATION.values(), SUPPORT["MSR-Conv-Ridge"]]
    having = [m for m in methods if HYPERPARAMETERS[name].belongs_to(m)]
    assert having
    for method in having:
        changed = configure(method, {name: values[name]})
        text = repr((changed.inner, changed.lr, changed.decay, changed.batch_size))
        if name == "filters":
            tasks = (
                msr.SteerableConv2d(fields=1) if "Conv" in method.name else msr.LowRank1d()
            )
            U = next(msr.symmetry_matrices(changed.learner(tasks).model))[1].matrix()
            assert U.shape[1] == 2
        else:
            assert str(values[name]) in text
    for method in methods:
        if method not in having:
            with pytest.raises(ValueError, match=f"hyperparameter of {method.name}"):
                configure(method, {name: values[name]})


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("experiment = ", r"plan\.toml: Invalid value"),
        ("", r"plan\.toml: expected a key experiment, one of translation, "),
        ('experiment = "translatoin"', "did you mean 'translation'"),
        ('experiment = "translation"\nmehtods = ["MSR-FC"]', "did you mean 'methods'"),
        ('experiment = "translation"\nmethods = ["MSR-FX"]', "did you mean 'MSR-FC'"),
        ('experiment = "translation"\nmethods = "MSR-FX"', "did you mean 'MSR-FC'"),
        ('experiment = "translation"\nmethods = []', "at least one value of methods"),
        ('experiment = "translation"\nseeds = 0', "expected seeds >= 1, got 0"),
        ('experiment = "translation"\nseeds = "5"', "expected seeds to be an integer"),
        ('experiment = "translation"\nseeds = [1, 1]', "of seeds once, got 1 twice"),
        ('experiment = "translation"\nseeds = [-1]', "seed"),
        ('experiment = "translation"\nsteps = 0.5', "expected steps to be an integer"),
        ('experiment = "translation"\ntasks = 3', r"expected a table \[tasks\], got 3"),
        ('experiment = "translation"\n[tasks]\nrnak = 2', "did you mean 'rank'"),
        ('experiment = "translation"\n[tasks]\nseed = 2', r"key of \[tasks\] among rank"),
        ('experiment = "translation"\n[tasks]\nrank = [1, 0]', "expected rank >= 1, got 0"),
        ('experiment = "rotation"\n[tasks]\nnoise = "0"', "expected noise to be a number"),
        ('experiment = "translation"\n[method]\ninner_stesp = 2', "'inner_steps'"),
        ('experiment = "translation"\n[method]\nridge = 0.1', "hyperparameter of MAML-FC"),
        ('experiment = "translation"\n[method]\nlr = "0.1"', "expected lr to be a number"),
        ('experiment = "translation"\n[method]\nlr = [0.1, -1]', "positive, finite lr"),
        ('experiment = "translation"\n[method]\nlr = nan', "positive, finite lr, got nan"),
        ('experiment = "translation"\n[method]\nfilters = 0', "expected filters >= 1"),
        ('experiment = "translation"\n[method]\nfilters = 10000', "filters"),
        ('experiment = "translation"\n[method]\ninner_steps = true', "to be an integer"),
        ('experiment = "translation"\n[method]\ndecay = "cosnie"', "did you mean 'cosine'"),
        ('experiment = "translation"\n[method]\nbatch_size = 0', "batch_size >= 1"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_is_wrong_and_runs_nothing(
    text: str, message: str, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises((ValueError, TypeError), match=message):
        msr.Sweep.read(file)
    assert main(["sweep", str(file), "--quiet"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {file}: ")
    assert not (tmp_path / "plan").exists()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "cuda:77"], "expected a device that is available"),
        (["--device", "gpu"], "expected a device such as cpu"),
        (["--jobs", "0"], "expected jobs >= 1, got 0"),
        (["--scheduler", "none.json"], "expected a Dask scheduler's file none.json"),
        (["--jobs", "1", "--scheduler", "x"], "expected jobs or a scheduler, got both"),
        (["--out", "/proc/nowhere"], "/proc/nowhere"),
        (["--out", __file__], "expected a folder for the results, got the file"),
    ],
)
def test_what_cannot_run_leaves_nothing(options, message, tmp_path: Path, capsys) -> None:
    assert main(["sweep", str(config(tmp_path)), "--quiet", *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert not (tmp_path / "plan" / "results.json").exists()


@pytest.mark.bad_input
def test_files_that_are_not_there_or_damaged(tmp_path: Path, capsys) -> None:
    assert main(["sweep", str(tmp_path / "none.toml")]) == 2
    assert "expected a sweep in" in capsys.readouterr().err
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps({"format": "other"}))
    assert main(["sweep", str(config(tmp_path)), "--quiet"]) == 2
    assert "got a damaged or another file" in capsys.readouterr().err
    assert (folder / "results.json").read_text() == json.dumps({"format": "other"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "plan"
    folder.mkdir(mode=0o500)
    assert main(["sweep", str(config(tmp_path)), "--quiet"]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_the_page_on_sweeps_says_what_is_there(tmp_path: Path) -> None:
    page = (ROOT / "book" / "sweeps.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    plan = msr.Sweep.read(config(tmp_path, example.replace("{", "{{")))
    # MAML-FC with 2 numbers of inner steps, MSR-FC with 8 combinations; 3 ranks, 5 seeds
    assert len(plan.cells()) == (2 + 8) * 3 * 5
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.M))
    assert list(rows) == list(HYPERPARAMETERS)
    for name, meaning in rows.items():
        plain = meaning.replace("$", "").replace("`", "")
        assert plain == HYPERPARAMETERS[name].meaning


def test_a_process_runs_one_cell_at_a_time(monkeypatch) -> None:
    """Threads, as of a Dask worker, share the random state and the number of threads."""
    free = []
    measure = cells.measure_squares

    def watched(*arguments):
        free.append(cells._one_at_a_time.acquire(blocking=False))
        return measure(*arguments)

    monkeypatch.setattr(cells, "measure_squares", watched)
    assert "mse" in cells.run_cell(PLAN.cells()[0])
    assert free == [False]
    assert not cells._one_at_a_time.locked()


def test_on_cuda_sums_are_asked_for_in_a_fixed_order(monkeypatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    tf32 = torch.backends.cudnn.allow_tf32
    with cells._deterministic("cpu"):
        assert not torch.are_deterministic_algorithms_enabled()
    with cells._deterministic("cuda:0"):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert not torch.backends.cudnn.allow_tf32
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert torch.backends.cudnn.allow_tf32 == tf32
