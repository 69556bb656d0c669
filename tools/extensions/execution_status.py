"""Sphinx extension: the directive `execution-status`, when each page was computed.

MyST-NB knows how long a notebook took. Where it ran is asked of `msr.provenance` when a
page has been executed, and kept beside the cache for builds that reuse its outputs.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

import msr
from msr._utils.files import write_atomically

Executions: TypeAlias = dict[str, dict[str, Any]]
COLUMNS = ("Page", "Run time", "Computed (UTC)", "Commit", "Versions", "Device")
FIRST_SHARED = 3  # from here on, columns that are often the same in all rows


class ExecutionStatus(nodes.General, nodes.Element):
    """The place of the table, until all pages have been read."""


class ExecutionStatusDirective(SphinxDirective):
    """Put the table here."""

    def run(self) -> list[nodes.Node]:
        """Leave a mark: other pages may be executed after this one is read."""
        return [ExecutionStatus()]


def record(app: Sphinx, env: BuildEnvironment) -> None:
    """Note where each page that was executed in this build ran; keep the other notes.

    The run time tells a new execution from one out of the cache: it is stored there
    with all its digits.
    """
    path = Path(app.config.nb_execution_cache_path) / "provenance.json"
    known: Executions = json.loads(path.read_text()) if path.is_file() else {}
    executions: Executions = {}
    here = msr.provenance("make book")
    here["device"] += f", {os.cpu_count()} cores"
    for page, data in NbMetadataCollector.get_doc_data(env).items():
        seconds = (data.get("exec_data") or {}).get("runtime")
        if seconds is not None:
            old = known.get(page, {})
            same = old.get("seconds") == seconds
            ended = datetime.fromtimestamp(data["exec_data"]["mtime"], UTC)
            new = {**here, "seconds": seconds, "date": ended.isoformat(timespec="seconds")}
            executions[page] = old if same else new
    write_atomically(path, json.dumps(executions, indent=1, sort_keys=True).encode())
    app.executions = executions  # type: ignore[attr-defined]


class FillExecutionStatus(SphinxPostTransform):
    """Replace the mark by the table."""

    default_priority = 8  # before references are resolved

    def run(self, **kwargs: Any) -> None:
        """Every page that was executed is a row, in the order of the book."""
        for mark in list(self.document.findall(ExecutionStatus)):
            mark.replace_self(_table(self.env, self.app.executions))  # type: ignore[attr-defined]


def _table(env: BuildEnvironment, executions: Executions) -> list[nodes.Node]:
    """The table; what is the same for all pages stands above it, once."""
    order = [
        page for page in env.toctree_includes[env.config.root_doc] if page in executions
    ]
    order = [page for page in [env.config.root_doc] if page in executions] + order
    url = str(env.config.html_theme_options["repository_url"])
    rows = [_cells(env, page, executions[page], url) for page in order]
    texts = [[cell.astext() for cell in row] for row in rows]
    shared = [
        n for n in range(FIRST_SHARED, len(COLUMNS)) if len({row[n] for row in texts}) == 1
    ]
    columns = [n for n in range(len(COLUMNS)) if n not in shared]
    group = nodes.tgroup(
        "", *(nodes.colspec(colwidth=1) for _ in columns), cols=len(columns)
    )
    head = nodes.thead("", _row([nodes.Text(COLUMNS[n]) for n in columns]))
    body = nodes.tbody("", *(_row([row[n] for n in columns]) for row in rows))
    group += [head, body]
    table = nodes.table("", group, classes=["colwidths-auto", "execution-status"])
    items = [
        nodes.list_item(
            "", nodes.paragraph("", "", nodes.strong("", f"{COLUMNS[n]}: "), rows[0][n])
        )
        for n in shared
    ]
    summary = [nodes.paragraph("", "The same for all:"), nodes.bullet_list("", *items)]
    return [*(summary if shared else []), table]


def _row(contents: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", c)) for c in contents))


def _cells(
    env: BuildEnvironment, page: str, run: dict[str, Any], url: str
) -> list[nodes.Node]:
    title = nodes.inline("", env.titles[page].astext())
    link = pending_xref(
        "", title, refdomain="std", reftype="doc", reftarget=f"/{page}", refdoc=env.docname,
        refexplicit=True, refwarn=True,
    )  # fmt: skip
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items())
    return [
        link,
        nodes.Text(f"{run['seconds']:.0f} s"),
        nodes.Text(run["date"].removesuffix("+00:00").replace("T", " ")),
        commit_link(run["commit"], url),
        nodes.Text(versions),
        nodes.Text(run["device"]),
    ]


def commit_link(commit: str | None, url: str) -> nodes.Node:
    """A link to the commit; "+" marks changes that were not committed."""
    if commit is None:
        return nodes.Text("unknown")
    code = nodes.literal("", commit[:7] + commit[40:])
    return nodes.reference("", "", code, refuri=f"{url}/commit/{commit[:40]}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; `record` runs when every page has been read."""
    app.add_node(ExecutionStatus)
    app.add_directive("execution-status", ExecutionStatusDirective)
    app.connect("env-updated", lambda app, env: record(app, env))
    app.add_post_transform(FillExecutionStatus)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
