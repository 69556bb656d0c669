"""The notebooks of colab/: in step with book/, and plain Markdown without loss."""

import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from helpers_project import ROOT, copy_of_project, run
from tools import colab
from tools.citations import Citations
from tools.labels import Label, labels
from tools.plain_markdown import Plain

NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
SITE = "https://someone.github.io/book/"
PACKAGE = (ROOT / "benchmarks" / "__init__.py").read_text()


def texts(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


@pytest.fixture
def plain() -> Plain:
    known = {
        "here": Label("Here", "book/01", "here"),
        "there": Label("There", "book/02", "there"),
        "thm": Label("Theorem 1.1", "book/01", "thm"),
        "ex": Label("Exercise 1.1", "book/01", "ex"),
    }
    return Plain(known, Citations(ROOT / "book" / "references.bib"), SITE, "book/01")


def test_are_in_step_with_the_book() -> None:
    result = run(sys.executable, "-m", "tools.colab", "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [p.name for p in NOTEBOOKS] == [
        p.name for p in sorted((ROOT / "book").glob("*.ipynb"))
    ]


def test_a_changed_page_or_a_moved_repository_puts_them_out_of_step(tmp_path: Path) -> None:
    copy = copy_of_project(tmp_path)
    check = (sys.executable, "-m", "tools.colab", "--check")
    assert run(*check, cwd=copy).returncode == 0
    page = copy / "book" / "02-group-convolution.ipynb"
    page.write_text(page.read_text().replace("Group convolution: all", "Groups: all"))
    result = run(*check, cwd=copy)
    assert result.returncode == 1
    assert "02-group-convolution" in result.stdout
    assert run(sys.executable, "-m", "tools.colab", cwd=copy).returncode == 0
    assert run(*check, cwd=copy).returncode == 0

    project = copy / "pyproject.toml"
    project.write_text(
        project.read_text().replace("github.com/learning-symmetries/", "github.com/me/")
    )
    assert run(*check, cwd=copy).returncode == 1
    shutil.rmtree(copy)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_of_myst_is_left(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))
    for text in texts(path):
        assert not re.search(r":::|\{[a-z:]+\}`|```\{|^\([\w-]+\)=$|^:\w+:", text, re.M)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_has_the_code_and_the_words_of_the_page(path: Path) -> None:
    """Nothing is lost on the way: all code, and every word of prose in its order."""
    source = nbformat.read(ROOT / "book" / path.name, as_version=4)
    result = nbformat.read(path, as_version=4)
    code = [
        [c.source for c in nb.cells if c.cell_type == "code"] for nb in (source, result)
    ]
    assert code[0] == code[1]
    assert not any(c.get("outputs") for c in result.cells)
    converted = iter(re.findall(r"\w+", "\n".join(texts(path))))
    for cell in source.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^:::\{only\}.*?^:::$", "", cell.source, flags=re.M | re.S)
            prose = re.sub(r"^[:`]{3,}.*$|^:\w+:.*$|^\(.*\)=$", "", prose, flags=re.M)
            prose = re.sub(r"\{[a-z:]+\}`[^`]*`", "", prose)
            for word in re.findall(r"\w+", prose):
                assert word in converted, (word, cell.source)  # advances the iterator


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_line_of_a_quotation_splits_a_formula(path: Path) -> None:
    """A viewer takes out formulas first: a mark of quotation would end up in them."""
    for text in texts(path):
        for line in text.splitlines():
            if line.startswith(">"):
                assert line.replace(r"\$", "").count("$") % 2 == 0, line


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_to_pages_and_labels_that_exist(path: Path) -> None:
    known = labels(ROOT / "book")
    anchors = {f"{label.page}.html#{label.name}" for label in known.values()}
    pages = {f"book/{page.stem}.html" for page in (ROOT / "book").iterdir()}
    site = colab.site_address(colab.address())
    found = re.findall(rf"\({re.escape(site)}([^)]*)\)", "\n".join(texts(path)))
    assert found
    for link in found:
        assert link in anchors | pages | {""} or link.startswith("book/api.html#msr."), link


def test_solutions_are_folded_and_nothing_else() -> None:
    for path in NOTEBOOKS:
        notebook = json.loads(path.read_text())
        starts = {c["id"]: "".join(c["source"])[:13] for c in notebook["cells"]}
        folded = notebook["metadata"]["colab"]["collapsed_sections"]
        assert folded == [i for i, start in starts.items() if start == "#### Solution"]
        exercises = sum(start.startswith("### Exercise") for start in starts.values())
        assert len(folded) == exercises


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("(here)=\n# Title", "# Title"),
        (
            ":::{prf:theorem} Name\n:label: thm\n\nA\n:::",
            "> **Theorem 1.1 (Name).**\n>\n> A",
        ),
        (":::{prf:proof}\nSo.\n:::", "*Proof.* So."),
        (":::{exercise}\n:label: ex\n\nDo.\n:::", "### Exercise 1.1\n\nDo."),
        ("see {ref}`here`", "see Here"),
        ("see {ref}`that <there>`", f"see [that]({SITE}book/02.html#there)"),
        ("by {prf:ref}`thm`", "by Theorem 1.1"),
        (":::{only} builder_html\nHere.\n:::\n\nThere.", "There."),
        (":::{solution-start} ex\n:::\n\nSo.", "#### Solution to Exercise 1.1\n\nSo."),
        ("{py:func}`msr.f`", f"[`msr.f`]({SITE}book/api.html#msr.f)"),
        ("as {cite:t}`zhou2021` say", "as Zhou et al. [2021] say"),
        ("so {cite}`cohen2016`", "so [Cohen and Welling, 2016]"),
        (
            "::::{tab-set}\n:::{tab-item} A\na\n:::\n:::{tab-item} B\nb\n:::\n::::",
            "**A.** a\n\n**B.** b",
        ),
        (
            "::::{tab-set}\n:::{tab-item} A\n```{literalinclude} ../benchmarks/__init__.py"
            "\n:language: python\n```\n:::\n::::",
            f"**A.**\n\n```python\n{PACKAGE.rstrip()}\n```",
        ),
        (
            ":::{admonition} T\n$$\na\nb\n$$\n:::",
            "> **T**\n>\n> $$ a b $$",
        ),
        ("```bash\n:::{not} one\n```", "```bash\n:::{not} one\n```"),
    ],
)
def test_each_form_has_its_plain_form(plain: Plain, source: str, wanted: str) -> None:
    assert plain.text(source) == wanted


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (":::{unheard}\n:::", "directive unheard has no plain form"),
        ("{unheard}`x`", "role unheard has no plain form"),
        ("{ref}`nowhere`", "expected a label of the book, got nowhere"),
        ("{cite}`nobody`", "expected a work of references.bib, got nobody"),
        (":::{prf:proof}\nSo.", "got the end of the text"),
    ],
)
def test_what_has_no_plain_form_is_an_error(
    plain: Plain, source: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plain.text(source)


def test_references_list_what_was_cited_once(plain: Plain) -> None:
    assert plain.citations.references() == ""
    plain.text("{cite:t}`zhou2021` and again {cite}`zhou2021`, {cite}`cohen2016`")
    listed = plain.citations.references().splitlines()
    assert listed[0] == "## References"
    assert [("Zhou" in line, "Cohen" in line) for line in listed[2:]] == [
        (False, True),
        (True, False),
    ]
