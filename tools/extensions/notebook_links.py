"""Sphinx extension: pages launch, and offer for download, the notebooks of colab/.

Those of book/ hold directives that no notebook viewer shows. Kaggle opens a notebook by
its address on GitHub, as Colab does.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
KAGGLE = "https://kaggle.com/kernels/welcome?src="


def point_to_colab(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Rewrite the launch buttons of a page."""
    for group in context.get("header_buttons", []):
        if group.get("label") != "launch-buttons":
            continue
        for button in group["buttons"]:
            button["url"] = button["url"].replace(f"/{pagename}", _in_colab(pagename))
        group["buttons"].append(_kaggle(app, pagename))


def _in_colab(pagename: str) -> str:
    return "/" + pagename.replace("book/", "colab/", 1)


def _kaggle(app: Sphinx, pagename: str) -> dict[str, str]:
    options = app.config.html_theme_options
    source = (
        f"{options['repository_url']}/blob/{options['repository_branch']}"
        f"{_in_colab(pagename)}.ipynb"
    )
    return {
        "type": "link",
        "text": "Kaggle",
        "tooltip": "Launch on Kaggle",
        "icon": "fab fa-kaggle",
        "url": KAGGLE + source,
    }


def replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the notebooks of colab/ where the download buttons lead."""
    folder = Path(app.outdir) / "_sources" / "book"
    if exception is None and folder.is_dir():
        for notebook in (ROOT / "colab").glob("*.ipynb"):
            shutil.copy(notebook, folder)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; the theme has made its buttons when it runs."""
    app.connect("html-page-context", point_to_colab, priority=900)
    app.connect("build-finished", replace_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
