"""What nbval executed is what the build of the book shows, if all of it passed."""

import json
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache

from tools.executed import chapters
from tools.keep_executed import keep

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def page(*outputs: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_markdown_cell("# Page")]
    for number, text in enumerate(outputs):
        cell = nbformat.v4.new_code_cell(f"print({number})", execution_count=number + 1)
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    """A folder as nbval leaves it: one notebook passed, one failed, one broke off."""
    folder = tmp_path / "executed"
    folder.mkdir()
    for name, cells, failed in (("good", 2, 0), ("bad", 2, 1), ("cut", 1, 0)):
        nbformat.write(page("0 now\n", f"{name} now\n"), folder / f"{name}.ipynb")
        record = {"seconds": 1.5, "cells": cells, "failed": failed}
        (folder / f"{name}.json").write_text(json.dumps(record))
    return folder


def test_outputs_of_this_run_replace_the_committed_ones(
    executed: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert set(chapters(executed)) == {"good", "bad", "cut"}
    assert keep(executed, cache) == ["good"]
    assert keep(executed, cache) == ["good"]  # again, over what is there
    committed = page("0 then\n", "good then\n")
    _, found = get_cache(cache).merge_match_into_notebook(committed)
    texts = [cell.outputs[0].text for cell in found.cells if cell.cell_type == "code"]
    assert texts == ["0 now\n", "good now\n"]
    record = get_cache(cache).match_cache_notebook(committed)
    assert record.data["execution_seconds"] == 1.5


def test_a_cell_that_changed_is_not_found(executed: Path, tmp_path: Path) -> None:
    keep(executed, tmp_path / "cache")
    changed = page("0 then\n", "good then\n")
    changed.cells[1].source = "print(7)"
    with pytest.raises(KeyError):
        get_cache(tmp_path / "cache").match_cache_notebook(changed)
