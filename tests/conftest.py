"""Every public signature's types and shapes are checked while the tests run."""

from collections.abc import Iterator

import jaxtyping

with jaxtyping.install_import_hook("msr", "beartype.beartype"):
    import msr  # noqa: F401

import pytest
import torch

# The tests' tensors are small: more threads only wait for each other.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _package_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let bad input reach the package's own checks, as it does for a user."""
    bad = request.node.get_closest_marker("bad_input") is not None
    jaxtyping.config.update("jaxtyping_disable", bad)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def float64() -> Iterator[None]:
    """Run a test in double precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
