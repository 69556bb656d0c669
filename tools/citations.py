"""Citations in plain Markdown, from the book's BibTeX file."""

import re
from pathlib import Path

from pybtex.backends.markdown import Backend
from pybtex.database import Entry, parse_file
from pybtex.style.formatting.unsrt import Style

# pybtex escapes every mark of punctuation; in running text these mean nothing.
NEEDLESS = re.compile(r"\\([-.()])")


class Citations:
    """The works that a notebook cites.

    Args:
        path: the BibTeX file.
    """

    def __init__(self, path: Path) -> None:
        self.entries = parse_file(path).entries
        self.used: list[str] = []

    def cite(self, keys: str, textual: bool) -> str:
        """Works by author and year: `Zhou et al. [2021]`, or `[Zhou et al., 2021]`.

        Raises:
            ValueError: the file has no such work.
        """
        names = [self._names(key.strip()) for key in keys.split(",")]
        if textual:
            return ", ".join(f"{authors} [{year}]" for authors, year in names)
        return "[" + "; ".join(f"{authors}, {year}" for authors, year in names) + "]"

    def references(self) -> str:
        """A list of what was cited, by the first author; empty if nothing was."""
        if not self.used:
            return ""
        entries = [self.entries[key] for key in sorted(self.used, key=self._order)]
        formatted = Style().format_entries(entries)
        texts = [entry.text.render(Backend()) for entry in formatted]
        plain = [NEEDLESS.sub(r"\1", " ".join(text.split())) for text in texts]
        lines = [f"- {text}" for text in plain]
        return "\n".join(["## References", "", *lines])

    def _order(self, key: str) -> tuple[str, str]:
        first = self.entries[key].persons["author"][0]
        return " ".join(first.last_names), self.entries[key].fields["year"]

    def _names(self, key: str) -> tuple[str, str]:
        if key not in self.entries:
            raise ValueError(f"expected a work of references.bib, got {key}")
        if key not in self.used:
            self.used.append(key)
        entry: Entry = self.entries[key]
        last = [" ".join(p.prelast_names + p.last_names) for p in entry.persons["author"]]
        authors = " and ".join(last) if len(last) < 3 else f"{last[0]} et al."
        return authors.replace("{", "").replace("}", ""), entry.fields["year"]
