"""A pytest plugin beside nbval: the notebooks as executed, and how long they took.

nbval compares outputs and forgets them. With ``--executed FOLDER`` each notebook is
written there with its new outputs, and beside it a file of its seconds, cells and
failures. Workers of pytest-xdist write side by side.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell


class Executed:
    """Collects outputs and times while nbval runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks: dict[Path, nbformat.NotebookNode] = {}
        self.chapters: dict[Path, dict[str, Any]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note a cell when it has run, whether it passed or not."""
        report = yield
        if isinstance(item, IPyNbCell) and report.when == "call":
            notebook = self.notebooks.setdefault(item.path, item.parent.nb)
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            code[item.cell_num].outputs = item.test_outputs or []
            code[item.cell_num].execution_count = item.cell_num + 1
            chapter = self.chapters.setdefault(
                item.path, {"seconds": 0.0, "cells": 0, "failed": 0}
            )
            chapter["seconds"] = round(chapter["seconds"] + report.duration, 2)
            chapter["cells"] += 1
            chapter["failed"] += report.failed
        return report

    def pytest_sessionfinish(self) -> None:
        """Write the notebooks and their times."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path, notebook in self.notebooks.items():
            nbformat.write(notebook, self.folder / path.name)
            record = json.dumps(self.chapters[path], indent=1) + "\n"
            (self.folder / path.name).with_suffix(".json").write_text(record)


def chapters(folder: Path) -> dict[str, dict[str, Any]]:
    """What is noted of each notebook in such a folder, by name: seconds, cells, failed."""
    records = sorted(file.with_suffix(".json") for file in folder.glob("*.ipynb"))
    return {record.stem: json.loads(record.read_text()) for record in records}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --executed."""
    parser.addoption("--executed", type=Path, metavar="FOLDER", help=__doc__)


def pytest_configure(config: pytest.Config) -> None:
    """Collect if a folder is given, and forget what an earlier run left there."""
    folder = config.getoption("--executed")
    if folder and not hasattr(config, "workerinput"):
        for old in folder.glob("*.ipynb"):
            old.unlink()
    if folder:
        config.pluginmanager.register(Executed(folder.resolve()), "executed-notebooks")
