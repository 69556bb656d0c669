"""Put the built book into a checkout of the published site.

The top of the site is the book of the main branch. A release keeps its own copy in a
folder named by its tag, so that links to a version stay true.

Usage: python -m tools.publish SITE [--tag v0.1.0]
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
TAG = re.compile(r"v\d+\.\d+\.\d+(?:[a-z]+\d+)?")
KEPT = {".git", ".nojekyll"}


def publish(html: Path, site: Path, tag: str | None = None) -> None:
    """Replace the top of a site, or one release's folder, by built pages.

    Args:
        html: the built pages.
        site: the site's folder; other releases in it stay.
        tag: a release's. Default: the top.

    Raises:
        ValueError: there are no built pages, no site, or the tag is none of a release.
    """
    if not (html / "index.html").is_file():
        raise ValueError(f"expected built pages in {html}: run make book")
    if not site.is_dir():
        raise ValueError(f"expected a folder, got {site}")
    if tag is not None and not TAG.fullmatch(tag):
        raise ValueError(f"expected a tag such as v0.1.0, got {tag}")
    target = site / tag if tag else site
    _clear(target)
    shutil.copytree(html, target, dirs_exist_ok=True)
    # GitHub would leave out folders that begin with "_".
    (site / ".nojekyll").touch()


def _clear(folder: Path) -> None:
    for path in folder.glob("*"):
        if path.name in KEPT or TAG.fullmatch(path.name):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def main(arguments: list[str]) -> int:
    """Publish _build/html; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.publish", description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("--tag", default=None)
    options = parser.parse_args(arguments)
    try:
        publish(HTML, options.site, options.tag or None)
    except ValueError as error:
        print(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
