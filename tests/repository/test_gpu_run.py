"""`make gpu-test`: what it refuses, what it leaves, what the status page shows of it."""

import json
from pathlib import Path

import nbformat
import pytest
import torch

from helpers_project import ROOT
from tools.executed import chapters
from tools.extensions.gpu_record import show
from tools.gpu import __main__ as gpu

RECORD = {
    "format": gpu.FORMAT,
    "command": "make gpu-test",
    "commit": "0123456789" * 4,
    "device": "NVIDIA Example",
    "versions": {"torch": "9.9", "numpy": "8.8"},
    "date": "2026-01-02T03:04:05+00:00",
    "tests_passed": True,
    "chapters_passed": True,
    "chapters": {"01-equivariance": {"seconds": 12.3, "cells": 17, "failed": 0}},
}


def notebook(folder: Path, *sources: str, outputs: dict[int, str]) -> Path:
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in sources]
    for number, text in outputs.items():
        cells[number].outputs = [nbformat.v4.new_output("stream", text=text)]
    file = folder / "page.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), file)
    return file


def test_it_cannot_pass_on_a_cpu(tmp_path: Path, monkeypatch, capsys) -> None:
    for step in ("_run_tests", "_run_notebooks"):
        monkeypatch.setattr(gpu, step, lambda *_: pytest.fail("it went on"))
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path / "out")]) == 2
    assert "error: expected a GPU, got cpu" in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert gpu.main(["--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert "expected a device that is available, such as cpu, got 'cuda'" in error
        assert "sees 0 GPUs" in error
    assert not (tmp_path / "out").exists()


def test_notebooks_are_kept_as_executed_and_failures_are_counted(
    tmp_path: Path, monkeypatch, capfd
) -> None:
    """On the CPU, with a start-up file that says which device it was given."""
    monkeypatch.setattr(gpu, "START_UP", "device = {device!r}")
    good = notebook(tmp_path, "print(device)", "x = 1", outputs={0: "cpu\n"})
    out = tmp_path / "out"
    assert gpu._run_notebooks("cpu", out, [str(good)])
    record = chapters(out)["page"]
    assert (record["cells"], record["failed"]) == (2, 0)
    assert record["seconds"] > 0
    assert nbformat.read(out / "page.ipynb", 4).cells[0].outputs[0].text == "cpu\n"

    bad = notebook(tmp_path, "print(device)", "1 / 0", outputs={0: "cuda\n"})
    assert not gpu._run_notebooks("cpu", out, [str(bad)])
    assert chapters(out)["page"]["failed"] == 2  # another output, and an error
    executed = nbformat.read(out / "page.ipynb", 4)
    assert executed.cells[0].outputs[0].text == "cpu\n"
    assert executed.cells[1].outputs[0].ename == "ZeroDivisionError"
    capfd.readouterr()


@pytest.mark.parametrize(
    ("tests", "notebooks"), [(True, False), (False, True), (True, True)]
)
def test_only_a_passing_run_is_kept(
    tests: bool, notebooks: bool, tmp_path: Path, monkeypatch, capsys
) -> None:
    def run_notebooks(device, out, chosen):
        out.mkdir()
        (out / "01-equivariance.ipynb").touch()
        record = json.dumps(RECORD["chapters"]["01-equivariance"])
        (out / "01-equivariance.json").write_text(record)
        return notebooks

    monkeypatch.setattr(gpu, "available_device_name", lambda device: "NVIDIA Example")
    monkeypatch.setattr(gpu.msr, "provenance", lambda command, device: dict(RECORD))
    monkeypatch.setattr(gpu, "_run_tests", lambda device: tests)
    monkeypatch.setattr(gpu, "_run_notebooks", run_notebooks)
    monkeypatch.setattr(gpu, "RECORD", tmp_path / "gpu.json")
    status = gpu.main(["--out", str(tmp_path / "out"), "--keep"])
    passed = tests and notebooks
    assert status == (0 if passed else 1)
    assert (tmp_path / "gpu.json").exists() == passed
    assert json.loads((tmp_path / "out" / "record.json").read_text())["device"]
    if passed:
        assert gpu.read_record(tmp_path / "gpu.json") == RECORD


def test_the_status_page_shows_the_record() -> None:
    text = " ".join(node.astext() for node in show(RECORD, "https://example.org/x"))
    for part in ("NVIDIA Example", "2026-01-02T03:04:05", "torch 9.9", "01-equivariance"):
        assert part in text
    assert "0123456" in text


def test_a_committed_record_is_complete() -> None:
    record = gpu.read_record()
    if record is None:
        pytest.skip("no run on a GPU has been recorded yet")
    assert record["tests_passed"]
    assert record["chapters_passed"]
    assert len(record["commit"]) == 40
    assert set(record["chapters"]) == {p.stem for p in (ROOT / "book").glob("*.ipynb")}


def test_a_file_that_is_no_record(tmp_path: Path) -> None:
    assert gpu.read_record(tmp_path / "none.json") is None
    (tmp_path / "gpu.json").write_text("{}")
    with pytest.raises(ValueError, match=r"record of `make gpu-test` in gpu\.json"):
        gpu.read_record(tmp_path / "gpu.json")
