"""Sphinx extension: the directive `software-citation`, this book as a BibTeX entry."""

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CITATION = Path(__file__).resolve().parents[2] / "CITATION.cff"


def bibtex(citation: dict[str, Any]) -> str:
    """A citation file's own work, as a BibTeX entry of type software."""
    year = citation["date-released"][:4]
    fields = {
        "author": " and ".join(f"{{{author['name']}}}" for author in citation["authors"]),
        "title": f"{{{citation['title']}}}",
        "version": citation["version"],
        "year": year,
        "url": citation["repository-code"],
    }
    width = max(map(len, fields))
    lines = [f"  {name:{width}} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@software{{learningsymmetries{year},", *lines, "}"])


class SoftwareCitation(SphinxDirective):
    """Put the entry here, as code that can be copied."""

    def run(self) -> list[nodes.Node]:
        """Read the file anew in every build."""
        self.env.note_dependency(str(CITATION))
        text = bibtex(yaml.safe_load(CITATION.read_text(encoding="utf-8")))
        return [nodes.literal_block(text, text, language="bibtex")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("software-citation", SoftwareCitation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
