"""Sphinx extension: the book on a single page, for printing, as on its own pages.

Sphinx asks for a node's handlers by the builder's name and, only if there are none at
all under it, by its format. An extension that registers one for singlehtml hides all
that others registered for html.
"""

from sphinx.application import Sphinx


def share_handlers(app: Sphinx) -> None:
    """Give the builder singlehtml every handler that html has."""
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = {**handlers["html"], **handlers.get("singlehtml", {})}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; all others have registered their nodes when it runs."""
    app.connect("builder-inited", share_handlers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
