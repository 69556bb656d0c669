"""Write the notebooks that readers run on Colab, Kaggle or Binder, and download.

They are the book's notebooks with plain Markdown in place of directives, without
outputs, and with solutions folded away. Never edit them: edit those in book/.

Usage: python -m tools.colab [--check]
"""

import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from .citations import Citations
from .labels import Label, labels
from .plain_markdown import Plain
from .repository import address, release, site_address

ROOT = Path(__file__).resolve().parent.parent
BOOK, COLAB = ROOT / "book", ROOT / "colab"
# A cell of its own for what can be folded, and for what ends the folded part.
SECTION = re.compile(r"^(?=#{2,4} )", re.M)
COLAB_HOST = "https://colab.research.google.com"
HIDDEN = {"hide-cell", "hide-input", "remove-cell", "remove-input"}


def converted(path: Path, known: dict[str, Label], site: str) -> NotebookNode:
    """A notebook of the book, for viewers that know plain Markdown only."""
    source = nbformat.read(path, as_version=4)
    citations = Citations(BOOK / "references.bib")
    plain = Plain(known, citations, site, f"book/{path.stem}")
    cells = [v4.new_markdown_cell(_banner(path, site))]
    for cell in source.cells:
        if cell.cell_type == "code":
            cells.append(_code(cell))
        else:
            sections = _sections(_numbered(plain.text(cell.source), path))
            cells += [_markdown(text.strip()) for text in sections if text.strip()]
    if references := citations.references():
        cells.append(v4.new_markdown_cell(references))
    if after := _next(path, known):
        cells.append(v4.new_markdown_cell(after))
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    folded = [cell.id for cell in cells if _is_solution(cell)]
    colab = {
        "name": path.name,
        "provenance": [],
        "toc_visible": True,
        "collapsed_sections": folded,
    }
    return v4.new_notebook(cells=cells, metadata={**source.metadata, "colab": colab})


def _banner(path: Path, site: str) -> str:
    page = f"{site}book/{path.stem}.html"
    return (
        f"*From the book [Learning Symmetries]({site}). [The page]({page}) shows the same "
        "with its outputs. Run the cells from top to bottom; a GPU is not needed.*"
    )


def _next(path: Path, known: dict[str, Label]) -> str:
    """A link to the next chapter's notebook on Colab, of the same release."""
    chapters = sorted(BOOK.glob("0*.ipynb"))
    later = [p for p in chapters if path.name == "intro.ipynb" or p.name > path.name]
    if not later:
        return ""
    (title,) = [
        label.text
        for label in known.values()
        if label.page == f"book/{later[0].stem}" and label.name.startswith("chapter-")
    ]
    slug = address().removeprefix("https://github.com/")
    notebook = f"{COLAB_HOST}/github/{slug}/blob/{release()}/colab/{later[0].name}"
    return f"**Next, on Colab:** [{int(later[0].name[:2])}. {title}]({notebook})"


def _numbered(text: str, path: Path) -> str:
    """A chapter's title with its number, as on its page."""
    number = f"{int(path.stem[:2])}. " if path.stem[:2].isdigit() else ""
    return re.sub(r"\A# ", f"# {number}", text)


def _sections(text: str) -> list[str]:
    """Split before headings, except in code blocks."""
    if "```" in text:
        return [text]
    return SECTION.split(text)


def _is_solution(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and cell.source.startswith("#### Solution")


def _markdown(text: str) -> NotebookNode:
    cell = v4.new_markdown_cell(text)
    if _is_solution(cell):
        cell.metadata["jp-MarkdownHeadingCollapsed"] = True  # JupyterLab's, for Binder
    return cell


def _code(cell: NotebookNode) -> NotebookNode:
    """The code alone; Colab and JupyterLab fold what the pages fold."""
    copy = v4.new_code_cell(cell.source)
    if HIDDEN & set(cell.metadata.get("tags", [])):
        copy.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    if "parameters" in cell.metadata.get("tags", []):
        copy.metadata = {"tags": ["parameters"]}
    return copy


def notebooks() -> dict[Path, str]:
    """Every notebook to write, with its content."""
    known, site = labels(BOOK), site_address(address())
    found = sorted(BOOK.glob("*.ipynb"))
    texts = {p.name: nbformat.writes(converted(p, known, site)) + "\n" for p in found}
    return {COLAB / name: text for name, text in texts.items()}


def main(arguments: list[str]) -> int:
    """Write the notebooks, or with --check say which are out of step."""
    wanted = notebooks()
    there = {path: path.read_text(encoding="utf-8") for path in COLAB.glob("*.ipynb")}
    stale = sorted(path.name for path in wanted if there.get(path) != wanted[path])
    surplus = sorted(path.name for path in there.keys() - wanted.keys())
    if "--check" in arguments:
        if stale or surplus:
            print(f"out of step with book/: {', '.join(stale + surplus)}: run make colab")
        return int(bool(stale or surplus))
    COLAB.mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    for name in surplus:
        (COLAB / name).unlink()
    print(f"colab/: {len(stale)} notebooks written, {len(surplus)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
