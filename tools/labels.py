"""What the book's labels stand for: titles, numbers and addresses, from the sources.

Numbers are those of the built pages: statements count within their chapter, by kind.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat

TARGET = re.compile(r"^\((?P<label>[\w-]+)\)=\n(?:\s*\n)*#+ (?P<title>.+)$", re.M)
STATEMENT = re.compile(
    r"^(?P<fence>[:`]{3,})\{(?:prf:)?"
    r"(?P<kind>definition|theorem|proposition|algorithm|exercise)\}(?P<title>[^\n]*)\n"
    r":label: (?P<label>\S+)$",
    re.M,
)


@dataclass(frozen=True)
class Label:
    """A place in the book that text refers to.

    Attributes:
        text: what a reference says without a text of its own: a title or a number.
        page: the source's path without suffix, from the repository's top.
        name: the label itself, which is the anchor on the page.
    """

    text: str
    page: str
    name: str


def source_text(path: Path) -> str:
    """The Markdown of a page or of a notebook, without its code."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def labels(book: Path) -> dict[str, Label]:
    """All labels of a folder of pages, by name."""
    found = {}
    for path in sorted([*book.glob("*.md"), *book.glob("*.ipynb")]):
        text, page = source_text(path), f"{book.name}/{path.stem}"
        for match in TARGET.finditer(text):
            found[match["label"]] = Label(match["title"], page, match["label"])
        counts: Counter[str] = Counter()
        for match in STATEMENT.finditer(text):
            counts[match["kind"]] += 1
            number = f"{int(path.stem[:2])}.{counts[match['kind']]}"
            name = f"{match['kind'].capitalize()} {number}"
            found[match["label"]] = Label(name, page, match["label"])
    return found
