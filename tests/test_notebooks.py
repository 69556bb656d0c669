"""The chapters as committed: executed, clean, small, and of one form."""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
LOCAL_PATH = re.compile(r"(?<![\w.])(/home/|/root/|/tmp/|/Users/|/work/|[A-Z]:\\\\)")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(notebook: NotebookNode) -> str:
    return "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def test_there_are_chapters() -> None:
    assert len(NOTEBOOKS) >= 2


def test_is_valid_and_small(path: Path, notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    assert path.stat().st_size < 1_000_000


def test_was_executed_in_order(notebook: NotebookNode) -> None:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_outputs_are_clean(notebook: NotebookNode) -> None:
    """No error, no warning, no widget residue, no path of somebody's machine."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            text = str(
                {k: v for k, v in output.get("data", {}).items() if "image" not in k}
            )
            text += output.get("text", "")
            assert "widget-view" not in text
            assert "Warning" not in text
            assert not LOCAL_PATH.search(text)


def test_code_is_under_79_columns(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        for line in cell.source.splitlines():
            assert len(line) < 79, line


def test_figures_have_alternative_text(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        if any("image/png" in o.get("data", {}) for o in cell.outputs):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 40, cell.source


def test_opens_as_every_chapter_does(notebook: NotebookNode) -> None:
    opening, setup = notebook.cells[0].source, notebook.cells[1].source
    assert re.match(r"\(chapter-[a-z-]+\)=\n# \S", opening)
    assert "**You will be able to**" in opening
    assert "**You need**" in opening
    assert re.search(
        r"\*\*Run time\.\*\* \d+ seconds on \d+ CPU cores \(measured 20", opening
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'git+{project["urls"]["Repository"]}"' in setup
    assert 'os.environ.get(\n        "MSR_SOURCE"' in setup


def test_the_set_up_cell_is_the_same_everywhere() -> None:
    cells = {nbformat.read(path, as_version=4).cells[1].source for path in NOTEBOOKS}
    assert len(cells) == 1


def test_closes_as_every_chapter_does(notebook: NotebookNode) -> None:
    text = text_of(notebook)
    assert "## Summary" in text
    assert "**Further reading.**" in text
    exercises = re.findall(r":::\{exercise\}\n:label: (\S+)", text)
    solutions = re.findall(r":::\{solution-start\} (\S+)\n:class: dropdown", text)
    assert 3 <= len(exercises) <= 5
    assert exercises == solutions
    assert text.count(":::{solution-end}") == len(solutions)


def test_run_time_is_within_bounds(path: Path, notebook: NotebookNode) -> None:
    """As stated, and as measured when the chapter was last executed."""
    seconds = int(re.search(r"\*\*Run time\.\*\* (\d+)", notebook.cells[0].source)[1])
    assert seconds <= (120 if path.stem.startswith("05") else 60)


def test_no_reader_needs_more_than_colab_has(notebook: NotebookNode) -> None:
    imported = set(
        re.findall(
            r"^(?:import|from) (\w+)",
            "\n".join(c.source for c in code_cells(notebook)),
            re.M,
        )
    )
    allowed = {"torch", "numpy", "matplotlib", "ipywidgets", "IPython", "msr"}
    standard = {"importlib", "itertools", "math", "os", "textwrap"}
    assert imported <= allowed | standard
