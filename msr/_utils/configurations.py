"""Comparing the settings of two runs."""

from collections.abc import Iterator
from typing import Any


def differences(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """The settings that differ between two configurations: name, ours, theirs."""
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            yield key, ours.get(key), theirs.get(key)
