"""Progress bars that leave nothing behind."""

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm


def progress_bar(
    iterable: Iterable[Any] | None = None, *, show: bool, **options: Any
) -> tqdm:
    """A tqdm bar, as a widget in notebooks; ``TQDM_DISABLE=1`` in the environment hides it.

    tqdm itself reads that variable in terminals only.
    """
    hidden = os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(iterable, disable=hidden or not show, leave=False, **options)
