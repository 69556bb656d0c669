"""The printed book: whole, with formulas and figures instead of their sources."""

import re

import pytest
from pypdf import PdfReader

from tools.labels import Label, labels
from tools.pdf import ROOT, TARGET


def is_page(label: Label) -> bool:
    """Whether it names a page of the book, all of which begin with their label."""
    pages = {"api", "bibliography", "cite", "glossary", "notation", "status"}
    return label.name.startswith("chapter-") or label.name in pages


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    if not TARGET.is_file():
        pytest.fail("expected the printed book: run make pdf first")
    return PdfReader(TARGET)


@pytest.fixture(scope="module")
def text(pdf: PdfReader) -> str:
    """All words, in one line."""
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_has_all_chapters_and_can_be_navigated(pdf: PdfReader) -> None:
    def titles(outline: list) -> list[str]:
        return [
            title
            for entry in outline
            for title in (titles(entry) if isinstance(entry, list) else [entry["/Title"]])
        ]

    assert len(pdf.pages) > 80
    found = titles(pdf.outline)
    chapters = {
        label.text.replace("`", "")
        for label in labels(ROOT / "book").values()
        if is_page(label)
    }
    numbered = {re.sub(r"^\d+\. ", "", title) for title in found}
    assert len(chapters) >= 12
    assert chapters <= numbered
    assert {f"{n}." for n in range(1, 11)} <= {title.split()[0] for title in found}
    links = [
        annotation.get_object()
        for page in pdf.pages
        for annotation in page.get("/Annots", [])
    ]
    addresses = [link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})]
    assert not [address for address in addresses if address.startswith("file:")]
    within = [link for link in links if "/Dest" in link or "/D" in link.get("/A", {})]
    assert len(within) > 200


def test_formulas_are_typeset_and_solutions_are_there(text: str) -> None:
    assert not re.search(r"\\(rho|operatorname|mathcal|begin\{aligned\})", text)
    solutions = re.findall(r"Solution\s+to\s+Exercise\s+(\d\.\d)", text)
    assert len(set(solutions)) >= 24
    # the words of a solution, which the page folds
    assert "which commute with every matrix" in text


def test_figures_are_there_and_controls_are_not(pdf: PdfReader, text: str) -> None:
    assert sum(len(page.images) for page in pdf.pages) >= 30 + 2 * 9  # frames of figures
    assert "training step: step 0" in text
    assert "training step: step 1000" in text
    assert "Show code cell" not in text
    assert "Play: " not in text


def test_all_tabs_are_printed(text: str) -> None:
    """The three kinds of change at the start of chapter 1."""
    for words in ("A signal of", "quarter turn", "Permutations"):
        assert words in text
