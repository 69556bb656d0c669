"""Sphinx extension: no signature where Python reports an empty one.

Protocols, and modules that inherit their constructor, show as ``(*args, **kwargs)``,
which nobody can call.
"""

from typing import Any

from sphinx.application import Sphinx


def leave_out(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str, None] | None:
    """Replace such a signature by nothing; None keeps what autodoc found."""
    bare = (signature or "").split(" -> ")[0]
    if what == "class" and bare.startswith("(*args") and "**kwargs" in bare:
        return "", None
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("autodoc-process-signature", leave_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
