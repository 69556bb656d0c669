"""Print the book: _build/singlehtml, all pages in one, to _build/learning-symmetries.pdf.

Chromium prints it, with the formulas as the pages show them. Solutions are unfolded, code
that the pages fold is left out, and interactive figures show the frame they start with.

Usage: python -m tools.pdf    (`make pdf` builds the one page first)
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from .chromium import ARGUMENTS, chromium

ROOT = Path(__file__).resolve().parent.parent
SINGLE = ROOT / "_build" / "singlehtml"
SOURCE = SINGLE / "book" / "intro.html"
TARGET = ROOT / "_build" / "learning-symmetries.pdf"
# Links to other pages of the book become links within the file; those from a figure to
# its image, and what else lies beside the page, lead nowhere on paper.
PREPARE = """() => {
    for (const link of document.querySelectorAll('a[href]')) {
        const address = new URL(link.href);
        if (address.protocol !== 'file:') continue;
        const name = decodeURIComponent(address.hash.slice(1));
        if (name && document.getElementById(name)) link.setAttribute('href', '#' + name);
        else link.removeAttribute('href');
    }
    document.querySelectorAll('.toggle-hidden').forEach(folded => {
        folded.classList.remove('toggle-hidden');
    });
    document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });
}"""
FOOTER = """\
<div style="width: 100%; font: 8px sans-serif; text-align: center; color: #555">
<span class="pageNumber"></span></div>"""


def print_page(page: Page, source: Path, target: Path) -> None:
    """Print one HTML file, once its formulas are typeset."""
    page.goto(source.as_uri(), wait_until="networkidle")
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    page.evaluate(PREPARE)
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


def main() -> int:
    """Print the book; returns the exit status."""
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
        print_page(browser.new_page(color_scheme="light"), page, TARGET)
        browser.close()
    print(f"wrote {TARGET.relative_to(ROOT)}, {TARGET.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
