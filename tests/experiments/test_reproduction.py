"""Reproduction: cells, results files, resuming, and the command line."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch

import msr
from helpers import tiny_tasks, without_times
from msr import experiments
from msr.__main__ import main
from msr.experiments import cells, methods
from msr.results.store import Results

TINY = experiments.Experiment(
    "tiny",
    {name: methods.TRANSLATION[name] for name in ("MAML-Conv", "MSR-FC")},
    {f"k={k}": experiments.Column({"rank": k}) for k in (1, 2)},
    tiny_tasks,
    steps=3,
)


@pytest.fixture
def tiny(monkeypatch) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", TINY)


@pytest.mark.usefixtures("tiny")
def test_a_cell_is_what_training_and_testing_give() -> None:
    results = msr.reproduce("tiny", seeds=2, jobs=1, progress=False)
    assert len(results.cells) == 2 * 2 * 2
    cell = results.cells["MSR-FC | k=2 | 1"]
    tasks = tiny_tasks(rank=2, seed=1)
    learner = methods.TRANSLATION["MSR-FC"].fit(tasks, 3, seed=1, progress=False)
    test = msr.meta_test(learner, tasks, progress=False)
    assert cell["mse"] == pytest.approx(test.mse, rel=1e-6)
    assert cell["ci95"] == pytest.approx(test.ci95, rel=1e-6)
    assert cell["worst"] == pytest.approx(float(test.losses.max()), rel=1e-6)
    batch = tasks.batch("test", range(12))
    zero = batch.y_query.square().mean((1, 2))
    assert cell["zero"] == pytest.approx(float(zero.mean()), rel=1e-5)
    assert cell["unstable"] == int((test.losses > 2 * zero).sum())
    U = learner.model[0].parametrizations.weight[0].U.detach()
    angles = msr.principal_angles(U, tasks.symmetry_matrix()).rad2deg()
    assert cell["angles"] == pytest.approx(angles.tolist(), abs=1e-2)
    assert results.cells["MAML-Conv | k=1 | 0"]["angles"] is None


def test_parallel_gives_the_numbers_of_series() -> None:
    def run(jobs: int) -> Results:
        return msr.reproduce(
            "training-tasks",
            columns=["large/k=1, tasks=4", "large/k=1, tasks=16"],
            steps=2,
            device="cpu",
            jobs=jobs,
            progress=False,
        )

    torch.rand(1)  # so that the state is that of no fresh seed
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert without_times(run(2)) == without_times(run(1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("tiny")
def test_interrupted_runs_resume_without_redoing_cells(tmp_path: Path, monkeypatch) -> None:
    expected = msr.reproduce("tiny", jobs=1, progress=False)
    done: list[str] = []
    run_cell = cells.run_cell

    def interrupted(cell, device):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(cell.key)
        return run_cell(cell, device)

    monkeypatch.setattr(cells, "run_cell", interrupted)
    file = tmp_path / "tiny.json"
    with pytest.raises(KeyboardInterrupt):
        msr.reproduce("tiny", jobs=1, out=file, progress=False)
    assert list(Results.read(file).cells) == done
    monkeypatch.setattr(
        cells,
        "run_cell",
        lambda cell, device: done.append(cell.key) or run_cell(cell),
    )
    results = msr.reproduce("tiny", jobs=1, out=file, progress=False)
    assert len(done) == len(set(done)) == 4
    assert without_times(results) == without_times(expected)
    assert len(results.runs) == 2
    again = msr.reproduce("tiny", jobs=1, out=file, progress=False)
    assert len(done) == 4
    assert again.runs == Results.read(file).runs == results.runs


def test_a_killed_command_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    command = [
        *(sys.executable, "-m", "msr", "reproduce", "training-tasks", "--steps", "40"),
        *("--columns", "large/k=1, tasks=4; large/k=1, tasks=16; large/k=1, tasks=64"),
        *("--jobs", "1", "--quiet", "--out", str(file)),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not (file.exists() and Results.read(file).cells):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    before = json.loads(file.read_text())["cells"]
    assert 1 <= len(before) < 3
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    content = json.loads(file.read_text())
    assert len(content["cells"]) == 3
    assert all(content["cells"][key] == cell for key, cell in before.items())
    assert content["runs"][0]["command"] == " ".join(["python -m msr", *command[3:]])
    assert content["runs"][0]["versions"]["torch"] == torch.__version__
    assert "MSR-FC" in finished.stdout
    assert "40 outer steps" in finished.stdout


@pytest.mark.usefixtures("tiny")
def test_a_diverging_cell_is_reported_and_the_others_are_kept(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    wild = methods.Method(
        "wild", methods.convolution_1d, msr.GradientDescent(3, 1e20), lr=1e-3
    )
    table = {"wild": wild, "MAML-Conv": methods.TRANSLATION["MAML-Conv"]}
    column = {"k=1": TINY.columns["k=1"]}
    experiment = experiments.Experiment("wild", table, column, tiny_tasks, steps=2)
    monkeypatch.setitem(experiments.EXPERIMENTS, "wild", experiment)
    file = tmp_path / "wild.json"
    status = main(["reproduce", "wild", "--quiet", "--jobs", "1", "--out", str(file)])
    output = capsys.readouterr()
    assert status == 1
    assert "meta-training diverged at step 1" in output.err
    assert "wild | k=1 | 0: meta-training diverged" in output.err
    results = Results.read(file)
    assert "mse" in results.cells["MAML-Conv | k=1 | 0"]
    assert results.summary("wild", "k=1").diverged == 1
    assert np.isnan(results.summary("wild", "k=1").mean)
    assert "diverged" in output.out


@pytest.mark.usefixtures("tiny")
def test_unstable_test_tasks_are_counted_in_the_report() -> None:
    results = msr.reproduce("tiny", jobs=1, progress=False)
    assert "twice that of predicting zero" not in _spoilt(results, 0)
    text = _spoilt(results, 7)
    assert "†" in text
    assert "twice that of predicting zero" in text


def _spoilt(results: Results, count: int) -> str:
    for cell in results.cells.values():
        cell["unstable"] = 0
    results.cells["MSR-FC | k=1 | 0"]["unstable"] = count
    return msr.table_text(results)


def test_intervals_over_seeds_are_students() -> None:
    values = [0.1, 0.4, 0.35, 0.2]
    cells = {
        str(i): {"method": "A", "column": "c", "seed": i, "mse": v, "ci95": 0.01}
        for i, v in enumerate(values)
    }
    summary = Results({}, cells=cells).summary("A", "c")
    low, high = scipy.stats.t.interval(0.95, 3, np.mean(values), scipy.stats.sem(values))
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.median == pytest.approx(np.median(values))
    assert summary.ci95 == pytest.approx((high - low) / 2)
    alone = Results({}, cells={"0": cells["0"]}).summary("A", "c")
    assert (alone.mean, alone.ci95, alone.seeds) == (0.1, 0.01, 1)
    assert Results({}).summary("A", "c").seeds == 0


@pytest.mark.usefixtures("tiny")
def test_results_of_another_configuration_or_damaged_are_left_alone(tmp_path) -> None:
    file = tmp_path / "tiny.json"
    msr.reproduce("tiny", columns=["k=1"], jobs=1, out=file, progress=False)
    before = file.read_bytes()
    with pytest.raises(msr.ResultsError, match="steps: now 4, in the file 3"):
        msr.reproduce("tiny", steps=4, jobs=1, out=file, progress=False)
    assert file.read_bytes() == before
    file.write_bytes(before[:100])
    with pytest.raises(msr.ResultsError, match=r"results file of msr in tiny\.json"):
        msr.reproduce("tiny", jobs=1, out=file, progress=False)
    assert file.read_bytes() == before[:100]


def test_tables_show_ours_beside_the_papers() -> None:
    cells = {
        "0": {
            "method": "MSR-FC",
            "column": "small/k=2",
            "seed": 0,
            "mse": 0.1234,
            "ci95": 0.02,
        }
    }
    results = Results({"experiment": "translation", "steps": 7}, cells=cells)
    text = msr.table_text(results)
    assert "0.123 ± 0.020" in text
    assert "0.07 ± 0.02" in text
    assert "MAML-FC" not in text
    markdown = msr.table_markdown(results)
    assert "| MSR-FC | ours | 0.123 ± 0.020 |" in markdown
    assert "|  | paper | 0.07 ± 0.02 |" in markdown
    assert "Ours: 1 seed, intervals over its test tasks, 7 outer steps" in markdown


def test_a_longer_run_stands_beside_each_row() -> None:
    def results(steps: int, seeds: int, *methods: str) -> Results:
        cells = {
            f"{method} {seed}": {
                "method": method,
                "column": "Rot",
                "seed": seed,
                "mse": 0.1 * seeds,
                "ci95": 0.02,
            }
            for method in methods
            for seed in range(seeds)
        }
        return Results({"experiment": "rotation", "steps": steps}, cells=cells)

    longer = results(9, 3, "MSR-Conv-dense", "MSR-Conv")
    lines = msr.table_markdown(results(7, 1, "MSR-Conv"), recorded=longer).splitlines()
    assert lines[2:6] == [
        "| MSR-Conv | now | 0.100 ± 0.020 |",
        "|  | recorded | 0.300 ± 0.000 |",
        "|  | paper | 0.004 |",
        "| MSR-Conv-dense | recorded | 0.300 ± 0.000 |",
    ]
    assert "Now: 1 seed, intervals over its test tasks, 7 outer steps" in lines[-1]
    assert "Recorded: 3 seeds, intervals over seeds, 9 outer steps." in lines[-1]


@pytest.mark.parametrize("name", list(experiments.EXPERIMENTS))
def test_every_experiment_can_be_built(name: str) -> None:
    experiment = experiments.EXPERIMENTS[name]
    for column in experiment.columns:
        for row in experiment.methods:
            method, tasks = cells.Cell(name, row, column, seed=1, steps=2).build()
            assert tasks.seed == 1
            method.learner(tasks)


def built(
    experiment: str, column: str, method: str
) -> tuple[methods.Method, methods.Tasks]:
    return cells.Cell(experiment, method, column, seed=0, steps=1).build()


def test_columns_mean_what_they_say() -> None:
    assert built("translation", "small/k=5", "MSR-FC")[1].train_examples == 2
    assert built("translation", "large/k=5", "MSR-FC")[1] == msr.LowRank1d(rank=5)
    assert built("rotation", "Rot+Flip", "MSR-Conv")[1] == msr.SteerableConv2d(flip=True)
    few_tasks = built("training-tasks", "large/k=1, tasks=16", "MSR-FC")[1]
    assert few_tasks == msr.LowRank1d(train_tasks=16)
    noisy = built("support", "noise=0.3, size=5", "MSR-Conv")[1]
    assert (noisy.noise, noisy.size) == (0.3, 5)
    method, tasks = built("inner-steps", "large/k=5, steps=2", "MSR-FC")
    assert method.inner == msr.GradientDescent(steps=2, lr=0.1)
    assert tasks == msr.LowRank1d(rank=5)
    for column, alpha in (("size=3", 8 / 2 / 16), ("size=5", 8 / 2 / 4)):
        assert built("support", column, "MAML-Conv")[0].inner.lr == pytest.approx(alpha)
        assert built("support", column, "Oracle-Ridge")[0].inner == msr.Ridge()
    method, _ = built("step-size", "Rot, lr=0.3", "MAML-Conv")
    assert method.inner == msr.GradientDescent(steps=3, lr=0.3)


@pytest.mark.bad_input
@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["translatoin"], "did you mean 'translation'"),
        (["translation", "--methods", "MSR-FX"], "did you mean 'MSR-FC'"),
        (["translation", "--columns", "medium/k=1"], "expected a column among small/k=1"),
        (["tiny", "--seeds", "0"], "expected seeds >= 1, got 0"),
        (["tiny", "--steps", "-1"], "expected steps >= 1, got -1"),
        (["tiny", "--jobs", "0"], "expected jobs >= 1, got 0"),
        (["tiny", "--device", "cuda:77"], "expected a device that is available"),
        (["tiny", "--device", "gpu"], "expected a device such as cpu, cuda"),
        (["tiny", "--jobs", "1", "--out", "/proc/no/where.json"], "/proc/no"),
    ],
)
def test_wrong_commands_say_what_is_wrong(arguments, message: str, capsys) -> None:
    assert main(["reproduce", *arguments, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert "Traceback" not in error
