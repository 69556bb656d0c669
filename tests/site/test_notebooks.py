"""The chapters as committed: executed, clean, small, and of one form."""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from helpers_project import ROOT

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
LANDING = ROOT / "book" / "intro.ipynb"
CHAPTERS = [path for path in NOTEBOOKS if path.stem[:2].isdigit()]
LOCAL_PATH = re.compile(
    r"(?<![\w.])(/(?:home|root|tmp|Users|work|mnt|content)/|[A-Z]:\\\\)"
)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request) -> NotebookNode:
    """Other pages have neither exercises nor statements."""
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(notebook: NotebookNode) -> str:
    return "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def test_there_are_chapters() -> None:
    assert len(NOTEBOOKS) > len(CHAPTERS) >= 2


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
            assert "widgets" not in notebook.metadata
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


def test_opens_as_every_chapter_does(path: Path, notebook: NotebookNode) -> None:
    if path == LANDING:
        return  # it is read, not studied
    opening, setup = notebook.cells[0].source, notebook.cells[1].source
    assert re.match(r"\(chapter-[a-z-]+\)=\n# \S", opening)
    assert "**You will be able to**" in opening
    assert "**You need**" in opening
    assert "**Run time.**" in opening
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    release = "main" if "dev" in project["version"] else f"v{project['version']}"
    url = project["urls"]["Repository"]
    assert f'"git+{url}"\n        "@{release}"' in setup
    assert 'os.environ.get(\n        "MSR_SOURCE"' in setup


def test_the_set_up_cell_is_the_same_everywhere() -> None:
    cells = {nbformat.read(path, as_version=4).cells[1].source for path in NOTEBOOKS}
    assert len(cells) == 1


def test_closes_as_every_chapter_does(chapter: NotebookNode) -> None:
    text = text_of(chapter)
    assert "## Summary" in text
    assert "**Further reading.**" in text
    exercises = re.findall(r":::\{exercise\}\n:label: (\S+)", text)
    solutions = re.findall(r":::\{solution-start\} (\S+)\n:class: dropdown", text)
    assert 3 <= len(exercises) <= 5
    assert exercises == solutions
    assert text.count(":::{solution-end}") == len(solutions)


def test_run_time_is_within_bounds(path: Path, notebook: NotebookNode) -> None:
    """As stated, and as measured when the chapter was last executed."""
    (stated,) = re.findall(
        r"^\*\*Run time\.\*\* (\d+) seconds on \d+ CPU cores \(measured 20",
        text_of(notebook),
        re.M,
    )
    minutes = {"05": 2, "06": 6, "07": 4, "08": 4, "09": 1.5, "10": 1.5}.get(
        path.stem[:2], 1
    )
    assert int(stated) <= 60 * minutes


def test_no_reader_needs_more_than_colab_has(notebook: NotebookNode) -> None:
    imported = set(
        re.findall(
            r"^(?:import|from) (\w+)",
            "\n".join(c.source for c in code_cells(notebook)),
            re.M,
        )
    )
    allowed = {"torch", "numpy", "matplotlib", "ipywidgets", "IPython", "msr", "skimage"}
    standard = {
        "collections",
        "contextlib",
        "dataclasses",
        "importlib",
        "itertools",
        "math",
        "os",
        "pathlib",
        "subprocess",
        "sys",
        "tempfile",
        "textwrap",
        "time",
    }
    assert imported <= allowed | standard


@pytest.mark.parametrize("number", ["06", "07", "08"])
def test_experiment_chapters_take_parameters(number: str) -> None:
    """`make paper` gives them other values: each name it sets must be there."""
    (path,) = (ROOT / "book").glob(f"{number}-*.ipynb")
    tagged = [
        c
        for c in code_cells(nbformat.read(path, as_version=4))
        if "parameters" in c.metadata.get("tags", [])
    ]
    assert len(tagged) == 1
    known = set(re.findall(r"^(\w+) = ", tagged[0].source, re.M))
    recipe = (ROOT / "Makefile").read_text().partition("\npaper:")[2].partition("\n\n")[0]
    given = set(re.findall(r"--parameters (\w+)", recipe))
    assert given == {"seeds", "device", "results_folder"}
    assert given <= known
    assert path.stem in recipe


STATEMENT = re.compile(r":::\{prf:(?:definition|theorem|proposition|algorithm)\}")


def checks_after_statements(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Each statement's label with all code up to the next statement.

    Statements with no code between them share what follows the last of them.
    """
    found: list[tuple[list[str], list[str]]] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if cell.source.startswith("## Exercises"):
                break
            labels = re.findall(
                r":::\{prf:(?!proof)\w+\}[^\n]*\n:label: (\S+)", cell.source
            )
            assert len(labels) == len(STATEMENT.findall(cell.source))
            if labels and found and not found[-1][1]:
                found[-1][0].extend(labels)
            elif labels:
                found.append((labels, []))
        elif found:
            found[-1][1].append(cell.source)
    return [(label, "\n".join(code)) for labels, code in found for label in labels]


def test_every_statement_is_checked_and_has_a_case_that_must_fail(chapter) -> None:
    statements = checks_after_statements(chapter)
    assert len(statements) >= 2
    for label, code in statements:
        assert re.search(r"^\s*(assert |torch\.testing\.assert_close)", code, re.M), label
        assert "must fail" in code, label


def test_the_count_of_checks_can_fail() -> None:
    text = ":::{prf:theorem} T\n:label: thm-t\n\nx\n:::"
    theorem, again = (nbformat.v4.new_markdown_cell(text) for _ in "12")
    code = nbformat.v4.new_code_cell("assert True")
    notebook = nbformat.v4.new_notebook(cells=[theorem, code, again])
    assert checks_after_statements(notebook) == [("thm-t", "assert True"), ("thm-t", "")]


def test_every_chapter_has_an_interactive_figure(chapter: NotebookNode) -> None:
    makers = ("plotting.slideshow(", "plotting.explore(", "plotting.watch(")
    shows = [c for c in code_cells(chapter) if any(m in c.source for m in makers)]
    assert shows
    for cell in shows:
        assert "nbval-ignore-output" in cell.metadata.tags  # pixels vary with the machine
        (output,) = cell.outputs
        page = output["data"]["text/html"]
        assert "msr-slideshow" in page
        assert "http" not in page


def test_labels_are_unique_and_references_resolve() -> None:
    texts = [p.read_text() for p in (ROOT / "book").glob("*.md")]
    texts += [text_of(nbformat.read(p, as_version=4)) for p in NOTEBOOKS]
    everything = "\n".join(texts)
    labels = re.findall(r"^:label: (\S+)", everything, re.M)
    labels += re.findall(r"^\(([a-z-]+)\)=", everything, re.M)
    assert len(labels) == len(set(labels))
    used = set(re.findall(r"\{(?:prf:)?ref\}`(?:[^`<]*<)?([a-z0-9-]+)>?`", everything))
    assert used <= set(labels)
