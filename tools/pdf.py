"""Print the book: _build/singlehtml, all pages in one, to _build/learning-symmetries.pdf.

Chromium prints it, with the formulas as the pages show them. Solutions are unfolded, code
that the pages fold is left out, and interactive figures show some of their frames.

Usage: python -m tools.pdf    (`make pdf` builds the one page first)
"""

import logging
import shutil
import sys
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

import msr

from .chromium import ARGUMENTS, chromium

ROOT = Path(__file__).resolve().parent.parent
SINGLE = ROOT / "_build" / "singlehtml"
SOURCE = SINGLE / "book" / "intro.html"
TARGET = ROOT / "_build" / "learning-symmetries.pdf"
PREPARE = Path(__file__).with_name("pdf_prepare.js")
AUTHOR = "The Learning Symmetries authors"
# How many headings may be without an entry in the outline, one after another.
REACH = 5
FOOTER = """\
<div style="width: 100%; font: 9px sans-serif; text-align: center; color: #333">
<span class="pageNumber"></span></div>"""


def print_page(page: Page, source: Path, target: Path) -> list[str]:
    """Print one HTML file, once its formulas are typeset; returns its headings."""
    page.goto(source.as_uri(), wait_until="networkidle")
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    page.emulate_media(media="print")  # what paper does not show is no heading
    edition = (
        f"{AUTHOR}. Version {msr.__version__}, printed {date.today()}. MIT License. "
        "Where the text asks to press Play or to move a slider, some frames are printed."
    )
    headings: list[str] = page.evaluate(PREPARE.read_text(encoding="utf-8"), edition)
    page.wait_for_timeout(1000)
    page.pdf(
        path=target,
        format="A4",
        margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        outline=True,
        tagged=True,
    )
    return headings


def name_outline(target: Path, headings: list[str]) -> None:
    """Give the entries of the outline the words of their headings.

    Chromium joins the lines of a heading without a space. Of one that moved to the next
    page it repeats words, or makes two entries.
    """
    writer = PdfWriter(clone_from=PdfReader(target))
    entries = list(_entries(writer))
    names = aligned([entry["/Title"] for entry in entries], headings)
    for entry, name in zip(entries, names, strict=True):
        entry[NameObject("/Title")] = TextStringObject(name)
    writer.add_metadata({"/Title": "Learning Symmetries", "/Author": AUTHOR})
    writer.write(target)


def aligned(titles: list[str], headings: list[str]) -> list[str]:
    """The heading of each title of an outline, in reading order; else the title itself."""
    names, position = [], 0
    for title in titles:
        ahead = range(position, min(position + REACH, len(headings)))
        found = next((i for i in ahead if _is_of(title, headings[i])), None)
        if found is not None:
            position = found + 1
            names.append(headings[found])
        elif position and _is_of(title, headings[position - 1]):
            names.append(headings[position - 1])
        else:
            names.append(title)
    return names


def _is_of(title: str, heading: str) -> bool:
    """Whether a title has the letters of a heading in their order, and none but them."""
    found, wanted = "".join(title.split()), "".join(heading.split())
    letters = iter(found)
    in_order = all(letter in letters for letter in wanted)
    return in_order and set(found) == set(wanted) and len(found) <= 2 * len(wanted)


def _entries(writer: PdfWriter):  # type: ignore[no-untyped-def]  # pypdf's objects
    """The outline's entries in reading order."""

    def walk(parent):  # type: ignore[no-untyped-def]
        entry = parent.get("/First")
        while entry is not None:
            entry = entry.get_object()
            yield entry
            yield from walk(entry)
            entry = entry.get("/Next")

    yield from walk(writer.root_object["/Outlines"].get_object())


def main() -> int:
    """Print the book; returns the exit status."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it minds how Chromium counts
    browser_path = chromium()
    if browser_path is None:
        print("error: Chromium not found: install it, or set CHROMIUM to where it is")
        return 1
    if not SOURCE.is_file():
        print(f"error: expected {SOURCE.relative_to(ROOT)}: run make pdf")
        return 1
    # Sphinx writes its addresses as if the page lay at the top.
    page = SINGLE / "print.html"
    shutil.copy(SOURCE, page)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        headings = print_page(browser.new_page(color_scheme="light"), page, TARGET)
        browser.close()
    name_outline(TARGET, headings)
    print(f"wrote {TARGET.relative_to(ROOT)}, {TARGET.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
