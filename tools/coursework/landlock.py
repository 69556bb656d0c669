"""Confine this process and its children by Landlock, Linux's sandbox for everybody.

No library that wraps it is maintained on PyPI; the three system calls are documented in
https://docs.kernel.org/userspace-api/landlock.html.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on all architectures
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE = 1 << 14
READING = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15}  # how many file rights each version knows
SCOPED = 0b11  # no abstract sockets and no signals to processes outside
NO_NEW_PRIVILEGES = 38

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of Landlock that the kernel offers; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _libc.syscall(CREATE_RULESET, None, 0, 1))


def confine(writable: Iterable[Path], readable: Iterable[Path]) -> None:
    """From now on, reach only these files, and signal only processes confined as well.

    Paths that do not exist are left out. Files that are open already stay open. There
    is no way back, and children inherit it. The network is not cut off.

    Raises:
        OSError: the kernel refuses, for one because it has no Landlock.
    """
    version = abi()
    if not version:
        raise OSError("expected a Linux kernel with Landlock (5.13 or newer), got none")
    everything = (1 << RIGHTS_OF_ABI.get(version, 15)) - 1
    attributes = struct.pack("QQQ", everything, 0, SCOPED if version >= 6 else 0)
    size = 24 if version >= 6 else 8
    ruleset = _call(CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    for path in readable:
        _allow(ruleset, path, READING & everything)
    for path in writable:
        _allow(ruleset, path, everything)
    _checked(_libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        rights &= ON_FILES
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = ctypes.c_char_p(struct.pack("=Qi", rights, handle))
        _call(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)


def _call(*arguments: object) -> int:
    return _checked(_libc.syscall(*arguments))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
