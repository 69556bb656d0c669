"""Sphinx extension: mend what the theme and its extensions write for screen readers.

Each rule is a pattern in the finished HTML, what to put there, and why. The checks of
the built pages fail when one of them no longer does its work.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

RULES = (
    # A name that differs from the text on it: who says "click Search" is not understood.
    (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
    (r'(<button\b[^>]*\bclass="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    (r'(<button\b)( aria-label="Search")( class="btn search-button-field)', r"\1\3"),
    # The icons' names, read out after the button's own.
    (r'(<i\b[^>]*\bclass="theme-switch[^>]*?) title="[^"]*"', r"\1"),
    # A list whose members are none.
    (r'(<div class="citation-list") role="list"', r"\1"),
    (r'(<div)( role="list")( class="citation-list")', r"\1\3"),
    # The same name for many elements of a page.
    (r'(<section\b[^>]*) id="(?:proof|exercise|solution)-content"', r"\1"),
    (r'(<div class="proof admonition") id="proof"', r"\1"),
)


def mend(html: str) -> str:
    """A page with all rules applied."""
    for pattern, replacement in RULES:
        html = re.sub(pattern, replacement, html)
    return html


def mend_pages(app: Sphinx, exception: Exception | None) -> None:
    """Rewrite every page once the builder has written all."""
    if exception is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            html = path.read_text(encoding="utf-8")
            path.write_text(mend(html), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("build-finished", mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
