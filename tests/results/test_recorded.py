"""The recorded results: complete, of a known origin, and what the chapters say."""

import re

import pytest

import msr
from helpers_project import ROOT
from msr.experiments.identifying import CELLS
from msr.experiments.registry import EXPERIMENTS

# The paper's two tables have twenty.
SEEDS = {"translation": 20, "ridge": 7, "bounded-steps": 20, "rotation": 20, "support": 20}
NAMES = list(SEEDS)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_there_with_its_seeds_and_an_origin(name: str) -> None:
    results = msr.recorded_results(name)
    experiment = EXPERIMENTS[name]
    assert results.config["experiment"] == name
    assert results.config["steps"] == experiment.steps
    for method in experiment.methods:
        for column in experiment.columns:
            summary = results.summary(method, column)
            assert summary.seeds >= SEEDS[name], (method, column)
            assert summary.diverged == 0
    for run in results.runs:
        assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])  # no uncommitted change
        assert f"reproduce {name}" in run["command"]
        assert run["versions"]["torch"]
        assert run["device"]
        assert run["wall_seconds"] > 0
        assert f"{run['command']}\ncommit {run['commit'][:12]}, 20" in results.origin
        same = [other for other in results.runs if other["device"] == run["device"]]
        assert results.origin.count(run["device"]) == len(same)
    text = (ROOT / "results" / f"{name}.json").read_text()
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", text)


OTHERS = {"performance", "same-maml", "bounded-cost", "unscramble", "identify", "gpu"}


def test_what_bounded_steps_cost_is_recorded() -> None:
    found = msr.recorded_benchmarks("bounded-cost")
    (run,) = found["runs"]
    assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
    assert {*found["cases"]} == {*msr.recorded_benchmarks()["cases"]}
    for case in found["cases"].values():
        times = case["milliseconds"]
        assert times["with"]["median"] > times["without"]["median"] > 0


def test_photographs_are_put_right_and_controls_are_not() -> None:
    found = msr.recorded_benchmarks("unscramble")
    (run,) = found["runs"]
    assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
    assert found["held_out"] not in found["photographs"]
    seeds = found["seeds"]
    assert len({one["seed"] for one in seeds}) == 20
    assert sum(one["exact"] for one in seeds) >= 19
    for control in ("correlation", "size of correlation", "null"):
        assert max(one["share"][control] for one in seeds) < 0.1


def test_how_often_identify_is_right_is_recorded() -> None:
    found = msr.recorded_benchmarks("identify")
    assert {*found["cells"]} == {*CELLS}
    for run in found["runs"]:
        assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
        assert run["command"].startswith("python -m msr reproduce identify")
    least = {
        "exact": 1,
        "exact, small": 1,
        "angle 5": 0.95,
        "angle 20": 0.95,
        "angle 30": 0.85,
        "outside 30%": 0.95,
        "exceptions": 0.9,
        "random": 499 / 500,
        "group-free": 499 / 500,
    }
    for name, share in least.items():
        assert found["cells"][name]["right"] >= share, name
    counts = [cell["outcomes"] for cell in found["cells"].values()]
    wrong = sum(count.get("found wrong", 0) for count in counts)
    assert wrong <= 0.01 * sum(sum(count.values()) for count in counts)
    assert sum(found["cells"][name]["cases"] for name in ("exact", "exact, small")) >= 250


def test_make_paper_records_these_files() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\npaper:")[2]
    listed = re.findall(r"for experiment in ([^;]+);", recipe)[0]
    recorded = {file.stem for file in (ROOT / "results").glob("*.json")}
    assert set(listed.split()) == set(NAMES) == recorded - OTHERS


def test_the_closed_form_solves_all_of_table_1() -> None:
    results = msr.recorded_results("ridge")
    for column in EXPERIMENTS["ridge"].columns:
        assert results.summary("MSR-FC-Ridge", column).mean <= 0.001


def test_bounded_steps_explode_in_no_task() -> None:
    results = msr.recorded_results("bounded-steps")
    for column in EXPERIMENTS["bounded-steps"].columns:
        assert results.summary("MSR-FC", column).unstable == 0
    most = {"k=1, steps=3": 0.01, "k=2, steps=3": 0.06, "k=5, steps=3": 0.1}
    for name, error in (most | {"k=5, steps=5": 0.06}).items():
        assert results.summary("MSR-FC", f"large/{name}, c=1.5").mean <= error


def test_the_benchmarks_are_complete_and_of_a_known_origin() -> None:
    found = msr.recorded_benchmarks()
    for run in found["runs"]:
        assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
        assert run["command"] == "python -m benchmarks"
        assert {"torch", "higher", "torchopt", "jax"} <= set(run["versions"])
    parts = [part for run in found["runs"] for part in run["parts"]]
    assert {*found["cases"], "rates", "import_seconds", "scaling", "chunks"} == set(parts)
    assert len(parts) == len(set(parts))
    contenders = {"msr", "msr-torch-func", "higher", "torchopt", "jax", "jax-loop"}
    assert len(found["cases"]) >= 7
    for case in found["cases"].values():
        assert set(case["peak_bytes"]) == contenders
        for timing in case["threads"].values():
            assert set(timing["milliseconds"]) == set(timing["apart"]) == contenders
            assert max(timing["apart"].values()) <= 1e-5
    assert len(found["scaling"]) == 6
    assert found["chunks"][-1]["chunk_size"] == 32


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("performance", "make bench"),
        ("same-maml", "python -m benchmarks.same_maml"),
        ("bounded-cost", "python -m benchmarks.bounded_steps"),
        ("unscramble", "python -m benchmarks.unscramble"),
        ("identify", "python -m msr reproduce identify"),
    ],
)
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "another"}'])
def test_damaged_benchmarks(name, command, content, tmp_path, monkeypatch) -> None:
    (tmp_path / f"{name}.json").write_text(content)
    monkeypatch.setattr(msr.results.recorded, "_folders", lambda: (tmp_path, tmp_path))
    with pytest.raises(msr.ResultsError, match=rf"expected benchmarks .*{name}\.json"):
        msr.recorded_benchmarks(name)
    (tmp_path / f"{name}.json").unlink()
    with pytest.raises(FileNotFoundError, match=command):
        msr.recorded_benchmarks(name)


@pytest.mark.bad_input
def test_benchmarks_that_there_are_not() -> None:
    with pytest.raises(
        ValueError,
        match="among performance, same-maml, bounded-cost, unscramble, identify, got "
        "'translation'",
    ):
        msr.recorded_benchmarks("translation")


@pytest.mark.bad_input
def test_a_name_that_was_not_recorded() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"among .*translation.*got 'rotatoin'.*reproduce NAME"
    ):
        msr.recorded_results("rotatoin")
    with pytest.raises(FileNotFoundError, match=r"recorded_benchmarks\('performance'\)"):
        msr.recorded_results("performance")
