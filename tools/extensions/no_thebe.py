"""Sphinx extension: leave out the scripts of sphinx-thebe, which the book does not use.

Jupyter Book always loads sphinx-thebe, which then declares its constants twice on every
page and so logs an error in the browser.
"""

from typing import Any

from sphinx.application import Sphinx


def drop_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Remove every script that belongs to thebe from a page."""

    def is_thebe(script: Any) -> bool:
        body = getattr(script, "attributes", {}).get("body") or ""
        return "THEBE_JS_URL" in body or "sphinx-thebe" in str(script)

    context["script_files"] = [s for s in context["script_files"] if not is_thebe(s)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; run after the others have added their scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
