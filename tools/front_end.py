"""Scripts, styles and fonts of the pages: which packages bring them, and their digests.

None is committed. They come with packages of the pinned versions, and a build accepts
them only if they are, byte for byte, those that `front_end.json` names.

Usage: python -m tools.front_end    (writes the file from what is installed)
"""

import json
import sys
from importlib import metadata
from pathlib import Path

from .digests import sha256_of_files

RECORDED = Path(__file__).with_name("front_end.json")
SUFFIXES = {".css", ".eot", ".js", ".png", ".svg", ".ttf", ".woff", ".woff2"}


def digest(package: str) -> str:
    """SHA-256 over the names and contents of a package's front-end files."""
    files = [f for f in metadata.files(package) or [] if f.suffix in SUFFIXES]
    return sha256_of_files(
        (str(file), Path(str(file.locate()))) for file in sorted(files, key=str)
    )


def installed(package: str) -> dict[str, str]:
    """Version and digest of a package as it is installed."""
    return {"version": metadata.version(package), "sha256": digest(package)}


def recorded() -> dict[str, dict[str, str]]:
    """Version and digest by package."""
    found: dict[str, dict[str, str]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def differences() -> list[str]:
    """What is installed otherwise than recorded, one sentence each."""
    found = []
    for package, wanted in recorded().items():
        got = installed(package)
        if got != wanted:
            found.append(
                f"{package}: expected the front-end files of version {wanted['version']}, "
                f"sha256 {wanted['sha256'][:12]}, got version {got['version']}, "
                f"sha256 {got['sha256'][:12]}"
            )
    return found


def main() -> int:
    """Record what is installed."""
    state = {package: installed(package) for package in recorded()}
    RECORDED.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {RECORDED.name}: {len(state)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
