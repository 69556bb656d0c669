"""The figures with controls of every chapter, steered by keyboard in JupyterLab.

A notebook here has the cells of a chapter that a figure needs, found by the names that
they define and use, so that no table of the long chapters is computed.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from cell_names import needed
from open_notebook import JupyterLab, LiveFigure, run_all
from pages import ROOT
from playwright.sync_api import Browser, Page

from helpers_project import missing

MAKERS = ("plotting.explore(", "plotting.watch(")


def live_cells(path: Path) -> list[int]:
    """The places of the cells that make figures with controls."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        i
        for i, cell in enumerate(cells)
        if cell.cell_type == "code" and any(maker in cell.source for maker in MAKERS)
    ]


CHAPTERS = [
    path for path in sorted((ROOT / "book").glob("[0-9]*.ipynb")) if live_cells(path)
]


def test_the_cells_that_a_figure_needs() -> None:
    sources = [
        "%config x\nimport math as m",
        "a = m.pi\nunused = table()",
        "def f(x):\n    return a * x",
        "slow = 1",
        "z = {}\nz[0] = f(1)",
        "show(z)",
        "z[1] = 2",
    ]
    assert needed(sources, [5]) == [0, 1, 2, 4, 5]


def test_what_a_cell_binds_itself_it_needs_from_no_other() -> None:
    table = "table = slow()\nfor x in table:\n    pass"
    assert needed([table, "for x in []:\n    show(x)"], [1]) == [1]
    assert needed([table, "show([x for x in []])"], [1]) == [1]
    assert needed([table, "def f(table):\n    x = table\n    return x\nshow(f)"], [1]) == [
        1
    ]
    assert needed([table, "x = 1\ndef f():\n    return x\nshow(f)"], [1]) == [1]
    assert needed([table, "x = x + 1\nshow(x)"], [1]) == [0, 1]
    assert needed([table, "x += 1"], [1]) == [0, 1]
    assert needed([table, "def f(y):\n    return x + y\nshow(f)"], [1]) == [0, 1]
    assert needed([table, "show(y for y in table)"], [1]) == [0, 1]
    assert needed([table, "def f(table=table):\n    return table"], [1]) == [0, 1]


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebooks")
    for path in CHAPTERS:
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        live = [i for i, c in enumerate(code) if any(m in c.source for m in MAKERS)]
        notebook.cells = [code[i] for i in needed([c.source for c in code], live)]
        for cell in notebook.cells:
            cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def lab(notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    if importlib.util.find_spec("jupyterlab") is None:
        missing("JupyterLab is not installed: no figure was steered in it")
    lab = JupyterLab(notebooks, tmp_path_factory.mktemp("jupyterlab"))
    yield lab
    lab.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 1200})
    yield page
    page.close()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_figures_are_steered_by_keyboard(path: Path, lab: JupyterLab, page: Page) -> None:
    run_all(page, lab, path.name)
    boxes = page.locator(".jp-OutputArea-output > .widget-vbox").all()
    assert len(boxes) == len(live_cells(path))
    for box in boxes:
        figure = LiveFigure(page, box)
        assert len(figure.state()[1]) > 20
        assert box.locator(".widget-label").all_inner_texts()
        runs = box.locator(
            "button"
        ).count()  # another setting may start from the same state
        for control in figure.controls():
            figure.move(control) if runs else figure.change(control)
        if runs:
            figure.start_and_stop()
        assert figure.controls() or runs


def test_every_chapter_has_a_figure_to_steer() -> None:
    chapters = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
    assert chapters == CHAPTERS
