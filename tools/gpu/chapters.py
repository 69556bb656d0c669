"""A pytest plugin beside nbval: the notebooks as executed, and how long they took.

nbval compares outputs and forgets them. With ``--executed FOLDER`` each notebook is
written there with its new outputs, and ``chapters.json`` with its seconds and failures.
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
        self.chapters: dict[str, dict[str, Any]] = {}

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
            chapter = self.chapters.setdefault(
                item.path.stem, {"seconds": 0.0, "cells": 0, "failed": 0}
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
        file = self.folder / "chapters.json"
        file.write_text(json.dumps(self.chapters, indent=1) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --executed."""
    parser.addoption("--executed", type=Path, metavar="FOLDER", help=__doc__)


def pytest_configure(config: pytest.Config) -> None:
    """Collect if a folder is given."""
    folder = config.getoption("--executed")
    if folder:
        config.pluginmanager.register(Executed(folder.resolve()), "executed-notebooks")
