"""Results computed anew, compared with recorded ones."""

import copy
import json
from pathlib import Path

import pytest

import msr
from msr.__main__ import main
from msr.results.drift import drifts
from msr.results.store import Results


def record(values: dict[str, list[float | None]]) -> Results:
    """Results of one column by row and seed; None has diverged."""
    cells = {}
    for method, errors in values.items():
        for seed, mse in enumerate(errors):
            outcome = (
                {"diverged": "at step 3"} if mse is None else {"mse": mse, "ci95": 0.5}
            )
            cells[f"{method} | c | {seed}"] = {
                "method": method,
                "column": "c",
                "seed": seed,
                **outcome,
            }
    return Results({"experiment": "translation", "steps": 5, "device": "cpu"}, cells=cells)


RECORDED = record({"A": [0.10, 0.12, 0.14], "B": [1.0, 1.0, 1.0]})
HALF = 4.302653 * 0.02 / 3**0.5  # Student, two degrees of freedom


def test_the_same_seeds_are_compared_and_the_recorded_interval_is_the_measure() -> None:
    (found,) = drifts(record({"A": [0.14, 0.12]}), RECORDED)
    assert (found.new, found.recorded) == (pytest.approx(0.13), pytest.approx(0.11))
    assert found.allowed == pytest.approx(HALF, rel=1e-6)
    assert found.seeds == 2
    assert not found.beyond
    for step, beyond in ((0.99, False), (1.01, True), (-1.01, True)):
        (found,) = drifts(record({"A": [0.10 + step * HALF]}), RECORDED)
        assert found.beyond == beyond, step
        assert (">" if beyond else "<=") in str(found)


def test_an_interval_without_width_allows_the_same_number_only() -> None:
    assert [d.beyond for d in drifts(record({"B": [1.0]}), RECORDED)] == [False]
    assert [d.beyond for d in drifts(record({"B": [1.0001]}), RECORDED)] == [True]


def test_a_cell_that_diverges_has_drifted() -> None:
    assert [d.beyond for d in drifts(record({"A": [None]}), RECORDED)] == [True]


def test_results_of_another_kind_are_refused() -> None:
    other = record({"A": [0.1]})
    other.config["steps"] = 6
    with pytest.raises(msr.ResultsError, match="the same steps, got 6 and recorded 5"):
        drifts(other, RECORDED)
    with pytest.raises(msr.ResultsError, match=r"recorded cell 'A \| c \| 3', got none"):
        drifts(record({"A": [0.1] * 4}), RECORDED)


def test_the_command_compares_with_the_book(tmp_path: Path, capsys) -> None:
    recorded = msr.recorded_results("rotation")
    cells = {k: copy.copy(c) for k, c in recorded.cells.items() if c["seed"] < 2}
    new = Results(recorded.config, recorded.runs, cells)
    file = tmp_path / "new.json"
    new.write(file)
    assert main(["compare", str(file)]) == 0
    assert "0 of 6 cells moved" in capsys.readouterr().out
    cells["MSR-Conv | Rot | 0"]["mse"] *= 2
    new.write(file)
    assert main(["compare", str(file)]) == 1
    output = capsys.readouterr().out
    assert "1 of 6 cells moved by more than the recorded interval" in output
    assert "MSR-Conv, Rot: " in output
    recorded.write(tmp_path / "recorded.json")
    assert main(["compare", str(file), str(tmp_path / "recorded.json")]) == 1


@pytest.mark.bad_input
def test_files_that_cannot_be_compared(tmp_path: Path, capsys) -> None:
    assert main(["compare", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text(json.dumps([]))
    assert main(["compare", str(tmp_path / "bad.json")]) == 2
    assert "expected a results file of msr" in capsys.readouterr().err
