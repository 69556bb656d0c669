"""One digest for many files, by their names and contents."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256_of_files(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over (name, file) in the given order; the name is what is to matter of it."""
    sha = hashlib.sha256()
    for name, path in files:
        sha.update(name.encode() + b"\0")
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()
