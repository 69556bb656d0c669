"""Start a notebook's kernel once more when it dies before it has said a word.

The ports that a kernel will use are free when they are picked, and may be taken when it
gets there: with several notebooks at a time a kernel in some thousand dies of that. As a
pytest plugin beside nbval: ``-p tools.kernel_start``.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import nbval.kernel
import pytest

ATTEMPTS = 3
DIED = "Kernel died before replying to kernel_info"  # jupyter_client's words

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


def started(start: Callable[[], Result]) -> Result:
    """What a function returns that starts a kernel.

    Raises:
        RuntimeError: the kernel died at every attempt, or failed in another way.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return start()
        except RuntimeError as error:
            if DIED not in str(error):
                raise
            logger.warning("a kernel died at its start: attempt %d", attempt)
    return start()


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval start its kernels so."""
    start = nbval.kernel.start_new_kernel
    nbval.kernel.start_new_kernel = lambda **options: started(lambda: start(**options))
