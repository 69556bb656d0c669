"""Sphinx extension: build with the front-end files that were recorded, or not at all."""

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools import front_end


def check(app: Sphinx) -> None:
    """Refuse to build pages with other scripts, styles or fonts.

    Raises:
        ExtensionError: a package differs from `tools/front_end.json`.
    """
    if found := front_end.differences():
        raise ExtensionError(
            "\n".join(found)
            + "\nInstall the versions of constraints.txt, or, if the change "
            "is wanted, look at the pages and run: python -m tools.front_end"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
