"""Write the repository's address and version, kept in pyproject.toml, where needed.

To move the repository, edit ``[project.urls] Repository`` in pyproject.toml and run
``make repository``. Badges, set-up cells and links then follow. Set-up cells install the
release of the version: the tag ``v0.1.0`` for 0.1.0, and ``main`` for a version under
development, 0.2.0.dev0.

Usage: python -m tools.repository [--check]
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
# Links in which "owner/name" stands for a repository, whoever's it is.
OURS = re.compile(
    r"(?P<before>colab\.research\.google\.com/github/"
    r"|mybinder\.org/v2/gh/"
    r"|git\+https://github\.com/)"
    r"(?P<slug>[\w.-]+/[\w-]+(?:\.[\w-]+)*)"
)
# The end of an address that a notebook installs from, in JSON: on a line of its own, after
# the address, or in that of an archive.
RELEASE = re.compile(
    r'^(?P<before>    "(?: +\\"@|.*https://github\.com/[\w.-]+/[\w.-]+(?:@|/archive/)))'
    r'[\w.]+(?=(?:\\",|\.zip)\\n",$)',
    re.M,
)
CONFIG_URL = re.compile(r"^  url: https://github\.com/(?P<slug>[\w.-]+/[\w.-]+)$", re.M)


def address() -> str:
    """The repository's address, from pyproject.toml.

    Raises:
        ValueError: it is not of the form https://github.com/OWNER/NAME.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    url: str = project["project"]["urls"]["Repository"]
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise ValueError(
            f"expected Repository in pyproject.toml to be https://github.com/OWNER/NAME, "
            f"got {url}"
        )
    return url


def site_address(repository: str) -> str:
    """The address of a repository's GitHub pages; ends with "/"."""
    owner, name = urlsplit(repository).path.strip("/").split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def release() -> str:
    """What to install for the version in pyproject.toml: a tag, or main."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return "main" if "dev" in version else f"v{version}"


def files() -> Iterator[Path]:
    """The files that may hold the address."""
    notebooks = ("book/*.ipynb", "coursework/sources/*.ipynb")
    top = ("*.md", "*.cff", "_config.yml", "pyproject.toml")
    for pattern in (*top, "book/*.md", *notebooks):
        yield from sorted(ROOT.glob(pattern))


def old_slug() -> str:
    """OWNER/NAME as it was last written, from _config.yml."""
    match = CONFIG_URL.search((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if match is None:
        raise ValueError("expected a line 'url: https://github.com/...' in _config.yml")
    return match["slug"]


def rewritten(text: str, old: str, new: str) -> str:
    """The text with every mention of the repository OWNER/NAME and its pages replaced."""
    host = "https://github.com/"
    text = text.replace(site_address(host + old), site_address(host + new))
    return re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", new, text)


def main(arguments: list[str]) -> int:
    """Rewrite the files, or with --check say which are out of step."""
    new = address().removeprefix("https://github.com/")
    old = old_slug()
    stale = []
    for path in files():
        text = path.read_text(encoding="utf-8")
        wanted = RELEASE.sub(rf"\g<before>{release()}", rewritten(text, old, new))
        others = [m["slug"] for m in OURS.finditer(wanted) if m["slug"] != new]
        if others:
            raise ValueError(f"{path.name}: expected links to {new}, got {others[0]}")
        if wanted != text:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(wanted, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"out of step with pyproject.toml: {', '.join(stale)}: run make repository")
        return 1
    print(f"repository {new}: {len(stale)} files rewritten" if stale else f"{new}: in step")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
