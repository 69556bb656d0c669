"""Citations in plain Markdown, from the book's BibTeX file."""

from pathlib import Path

from pybtex.backends.markdown import Backend
from pybtex.database import Entry, parse_file
from pybtex.style.formatting.unsrt import Style


class Citations:
    """The works that a notebook cites, in the order of their first mention.

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
        """A list of what was cited; empty if nothing was."""
        if not self.used:
            return ""
        entries = [self.entries[key] for key in self.used]
        formatted = Style().format_entries(entries)
        texts = [entry.text.render(Backend()) for entry in formatted]
        lines = [f"- {' '.join(text.split())}" for text in texts]
        return "\n".join(["## References", "", *lines])

    def _names(self, key: str) -> tuple[str, str]:
        if key not in self.entries:
            raise ValueError(f"expected a work of references.bib, got {key}")
        if key not in self.used:
            self.used.append(key)
        entry: Entry = self.entries[key]
        last = [" ".join(p.prelast_names + p.last_names) for p in entry.persons["author"]]
        authors = " and ".join(last) if len(last) < 3 else f"{last[0]} et al."
        return authors.replace("{", "").replace("}", ""), entry.fields["year"]
