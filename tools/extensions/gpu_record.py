"""Sphinx extension: the directive `gpu-record`, the last recorded run on a GPU."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.extensions.execution_status import commit_link
from tools.gpu.__main__ import RECORD, read_record


class GpuRecord(SphinxDirective):
    """Show results/gpu.json, or say that there is none."""

    def run(self) -> list[nodes.Node]:
        """A list of where it ran, and a table of the chapters' seconds."""
        self.env.note_dependency(str(RECORD))
        record = read_record()
        if record is None:
            text = "No run on a GPU has been recorded yet. "
            command = nodes.literal("", "make gpu-test KEEP=1")
            return [nodes.paragraph("", text, command, nodes.Text(" records one."))]
        return show(record, str(self.env.config.html_theme_options["repository_url"]))


def show(record: dict[str, Any], url: str) -> list[nodes.Node]:
    """The record as a list of facts and a table."""
    versions = ", ".join(f"{name} {v}" for name, v in record["versions"].items())
    facts: list[tuple[str, nodes.Node]] = [
        ("Device", nodes.Text(record["device"])),
        ("Computed (UTC)", nodes.Text(record["date"].removesuffix("+00:00"))),
        ("Commit", commit_link(record["commit"], url)),
        ("Versions", nodes.Text(versions)),
        ("Command", nodes.literal("", record["command"])),
    ]
    items = [
        nodes.list_item("", nodes.paragraph("", "", nodes.strong("", f"{name}: "), value))
        for name, value in facts
    ]
    rows = [("Notebook", "Cells", "Seconds")] + [
        (name, str(chapter["cells"]), f"{chapter['seconds']:.0f}")
        for name, chapter in record["chapters"].items()
    ]
    head, *body = [
        nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in row))
        for row in rows
    ]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in rows[0]), cols=3)
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return [
        nodes.bullet_list("", *items),
        nodes.table("", group, classes=["colwidths-auto"]),
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("gpu-record", GpuRecord)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
