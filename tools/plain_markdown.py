"""MyST's directives and roles as plain Markdown, which every notebook viewer shows.

The book's pages number statements, fold solutions and link across pages. A viewer that
knows only Markdown gets the same words: statements as quotations with their numbers,
solutions under headings, references as links to the book.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .citations import Citations
from .labels import Label

PAGES = Path(__file__).resolve().parent.parent / "book"
FENCE = re.compile(r"^(?P<fence>:{3,}|`{3,})(?P<rest>.*)$")
DIRECTIVE = re.compile(r"^\{(?P<name>[\w:-]+)\} ?(?P<argument>.*)$")
OPTION = re.compile(r"^:(?P<name>[\w-]+): ?(?P<value>.*)$")
ROLE = re.compile(r"\{(?P<name>[a-z][a-z:]*)\}`(?P<text>[^`]+)`")
WITH_TARGET = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^>]+)>$", re.S)
# Several lines of a formula within a quotation would have its marks in the formula.
FORMULA = re.compile(r"\$\$.+?\$\$", re.S)


@dataclass
class Directive:
    """One directive, as it stands in the text."""

    name: str
    argument: str
    options: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)


@dataclass
class Plain:
    """Turns a page's text into plain Markdown.

    Attributes:
        labels: what labels stand for.
        citations: collects what is cited.
        site: the address of the book; ends with "/".
        page: the page's own name, whose labels need no link.
    """

    labels: dict[str, Label]
    citations: Citations
    site: str
    page: str

    def text(self, source: str) -> str:
        """The whole text.

        Raises:
            ValueError: a directive or role has no plain form here, a label or a work is
                unknown, or a directive is not closed.
        """
        parts = [
            self._directive(part) if isinstance(part, Directive) else self._prose(part)
            for part in _parts(source.splitlines())
        ]
        joined = "\n\n".join(part.strip("\n") for part in parts if part.strip())
        return re.sub(r"\n{3,}", "\n\n", joined)

    def _prose(self, lines: list[str]) -> str:
        text = "\n".join(line for line in lines if not re.match(r"^\([\w-]+\)=$", line))
        return ROLE.sub(self._role, text)

    def _role(self, match: re.Match[str]) -> str:
        name, text = match["name"], match["text"]
        if name in ("cite", "cite:t"):
            return self.citations.cite(text, textual=name == "cite:t")
        if name in ("py:func", "py:class"):
            return f"[`{text}`]({self.site}book/api.html#{text})"
        if name in ("ref", "prf:ref"):
            found = WITH_TARGET.match(text)
            target = found["target"] if found else text
            title, label = self._label(target), self.labels[target]
            words = found["text"] if found else title
            address = f"{self.site}{label.page}.html#{label.name}"
            return words if label.page == self.page else f"[{words}]({address})"
        raise ValueError(f"{self.page}: the role {name} has no plain form yet")

    def _directive(self, directive: Directive) -> str:
        kind = directive.name.removeprefix("prf:")
        body = self.text("\n".join(directive.body))
        forms: dict[str, Callable[[], str]] = {
            "admonition": lambda: _quotation(f"**{directive.argument}**\n\n{body}"),
            "proof": lambda: f"*Proof.* {body}",
            "exercise": lambda: f"### {self._number(directive)}\n\n{body}",
            "solution-start": lambda: f"#### Solution to {self._label(directive.argument)}",
            "solution-end": lambda: "",
            "only": lambda: "",  # of the pages
            "tab-set": lambda: body,
            "tab-item": lambda: _titled(directive.argument, body),
            "literalinclude": lambda: _file(directive),
            "grid": lambda: body,
            "grid-item-card": lambda: f"**{directive.argument}.** {body}",
        }
        for statement in ("definition", "theorem", "proposition", "algorithm"):
            forms[statement] = lambda: _quotation(f"{self._heading(directive)}\n\n{body}")
        if kind not in forms:
            raise ValueError(
                f"{self.page}: the directive {directive.name} has no plain form yet"
            )
        return forms[kind]()

    def _heading(self, statement: Directive) -> str:
        title = f" ({statement.argument})" if statement.argument else ""
        return f"**{self._number(statement)}{title}.**"

    def _number(self, statement: Directive) -> str:
        return self._label(statement.options["label"])

    def _label(self, name: str) -> str:
        if name not in self.labels:
            raise ValueError(f"{self.page}: expected a label of the book, got {name}")
        return self.labels[name].text


def _titled(title: str, body: str) -> str:
    """A title before the text; before code, in a line of its own."""
    return f"**{title}.**" + ("\n\n" if body.startswith("```") else " ") + body


def _file(directive: Directive) -> str:
    """The whole file that a page shows, named from the page's folder."""
    text = (PAGES / directive.argument).read_text(encoding="utf-8").rstrip()
    return f"```{directive.options.get('language', '')}\n{text}\n```"


def _quotation(text: str) -> str:
    one_line = FORMULA.sub(lambda match: " ".join(match[0].split()), text)
    return "\n".join(f"> {line}".rstrip() for line in one_line.splitlines())


def _parts(lines: list[str]) -> Iterator[Directive | list[str]]:
    """Directives, and the runs of other lines between them; code blocks stay whole."""
    prose: list[str] = []
    rest = iter(lines)
    for line in rest:
        fence = FENCE.match(line)
        if fence is None:
            prose.append(line)
            continue
        inside = list(_until_closed(rest, fence["fence"]))
        directive = DIRECTIVE.match(fence["rest"])
        if directive is None:
            yield prose
            prose = []
            yield [line, *inside, fence["fence"]]
            continue
        yield prose
        prose = []
        yield _with_options(Directive(directive["name"], directive["argument"]), inside)
    yield prose


def _until_closed(lines: Iterator[str], fence: str) -> Iterator[str]:
    for line in lines:
        if line.rstrip() == fence:
            return
        yield line
    raise ValueError(f"expected {fence} to close what it opens, got the end of the text")


def _with_options(directive: Directive, lines: list[str]) -> Directive:
    while lines and (option := OPTION.match(lines[0])):
        directive.options[option["name"]] = option["value"]
        lines = lines[1:]
    directive.body = lines
    return directive
