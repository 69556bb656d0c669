"""Files that are written whole or not at all, and by one run at a time."""

import glob
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

UNFINISHED = ".unfinished"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at every moment it holds the old or the new content.

    Raises:
        OSError: it cannot be written; the error names the file itself.
    """
    with _named(path):
        _write(path, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(UNFINISHED, f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def sole_writer(path: Path, refusal: type[Exception]) -> Iterator[None]:
    """Be the only run that writes to a file. A killed run lets go of it.

    What a killed run left half written is removed. An empty file ``.NAME.lock`` stays:
    to delete it would let two runs in.

    Args:
        path: of the file; its folder is made.
        refusal: the error if another run is at it.

    Raises:
        OSError: the folder cannot be made or written; the error names the file itself.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise refusal(
                f"expected to be the only run that writes to {path}, but another one is "
                f"at it. Wait for it, stop it, or write to another place."
            ) from None
        except NotImplementedError:  # some network drives
            logger.warning("no locks where %s is: do not start a second run on it", path)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*{UNFINISHED}"):
            left.unlink(missing_ok=True)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors name this file, not a hidden one beside it; a full disk names none."""
    try:
        yield
    except OSError as error:
        hidden = Path(str(error.filename)).name.startswith(f".{path.name}.")
        if error.errno is None or (error.filename is not None and not hidden):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _umask() -> int:
    """What a new file's mode leaves out; it can only be read by setting it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
