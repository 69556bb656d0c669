"""Where the browser is that checks the pages and prints the book."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of its own over the network; inside containers there is no sandbox to use.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]


def chromium() -> str | None:
    """The path of Chromium or Chrome: $CHROMIUM, or what is installed; None if nothing."""
    found = (shutil.which(name) for name in NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)
