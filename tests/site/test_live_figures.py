"""Figures with controls in real kernels: with a reader, and where a program executes."""

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers_project import run
from msr.plotting.live import WIDGET_VIEW
from tools.executed import chapters
from tools.keep_executed import keep
from tools.kernel_start import started
from tools.notebooks import execute

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
TITLE = "# Page\n\n**Run time.** 1 seconds on 1 CPU cores (measured 2026-01-01)."
DEFINED = """\
from matplotlib import pyplot as plt
from msr import plotting

def bar(height):
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.bar([0], [height])
    return figure

def grow(rate):
    for i in range(50):
        yield i * rate
"""
SHOWN = """\
figure = plotting.explore(
    bar, title="a bar", alt="A bar of height {height}.", height=range(1, 4)
)
figure"""
WATCHED = """\
training = plotting.watch(
    grow, bar, title="growth", label=str, alt="Height {}.".format, frames=[0, 2], rate=[1, 2]
)
training"""


class WithReader(NotebookClient):
    """As a front end where somebody sits: it could answer when asked for input."""

    async def async_start_new_kernel_client(self, **options):
        client = await super().async_start_new_kernel_client(**options)
        client.allow_stdin = True
        return client


def page(*cells: str) -> nbformat.NotebookNode:
    parts = [nbformat.v4.new_markdown_cell(TITLE)]
    parts += [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nbformat.v4.new_notebook(cells=parts, metadata=KERNEL)


def outputs(notebook: nbformat.NotebookNode) -> list[list[nbformat.NotebookNode]]:
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def read() -> list[list[nbformat.NotebookNode]]:
    """What a reader's kernel sends, cell by cell."""
    notebook = page(
        DEFINED,
        SHOWN,
        "print(figure.picture.count('A bar of height 1.'))\n"
        "figure.controls['height'].value = '3'\n"
        "print(figure.picture.count('A bar of height 3.'))",
        WATCHED,
        "training.start()",
        "import asyncio\n"
        "while 'Height 5' not in training.picture:\n"
        "    await asyncio.sleep(0.01)\n"
        "training.stop()\n"
        "print('stopped on the way:', 'Height 49' not in training.picture)",
    )
    started(lambda: WithReader(notebook, timeout=120).execute())
    return outputs(notebook)


def test_a_reader_gets_widgets_with_the_player_beside_them(read) -> None:
    for (shown,) in (read[1], read[3]):
        assert set(shown.data) == {"text/plain", "text/html", WIDGET_VIEW}
        assert "msr-slideshow" in shown.data["text/html"]


def test_a_control_that_is_set_draws_anew(read) -> None:
    assert [output.text for output in read[2]] == ["1\n1\n"]


def test_a_computation_runs_while_other_cells_do(read) -> None:
    assert read[4] == []
    assert [output.text for output in read[5]] == ["stopped on the way: True\n"]


def check_is_player(shown: nbformat.NotebookNode) -> None:
    assert set(shown.data) == {"text/plain", "text/html"}
    assert "msr-slideshow" in shown.data["text/html"]


def test_what_is_committed_has_the_player_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.ipynb"
    nbformat.write(page(DEFINED, SHOWN, WATCHED), path)
    execute(path)
    once = path.read_text()
    assert "widget" not in json.loads(once)["metadata"]
    _, (figure,), (training,) = outputs(nbformat.reads(once, as_version=4))
    check_is_player(figure)
    check_is_player(training)
    assert "jupyter.widget" not in once


def test_what_nbval_executes_has_the_player_alone(tmp_path: Path) -> None:
    path, folder = tmp_path / "page.ipynb", tmp_path / "executed"
    nbformat.write(page(DEFINED, SHOWN, WATCHED), path)
    nbval = ["--nbval-lax", "--nbval-current-env", "-p", "tools.executed"]
    result = run(
        sys.executable, "-m", "pytest", "-q", *nbval, "--executed", str(folder), str(path)
    )
    assert result.returncode == 0, result.stdout
    assert chapters(folder)["page"]["failed"] == 0
    kept = (folder / "page.ipynb").read_text()
    _, (figure,), (training,) = outputs(nbformat.reads(kept, as_version=4))
    check_is_player(figure)
    check_is_player(training)
    assert "jupyter.widget" not in kept
    assert keep(folder, tmp_path / "cache") == ["page"]
