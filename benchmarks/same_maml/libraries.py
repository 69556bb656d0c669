"""Which libraries there are here, and whether pip installs them by itself."""

import importlib
import importlib.metadata
import re
import subprocess
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

MetaGradient = Callable[..., tuple[torch.Tensor, list[torch.Tensor]]]
# Operators that `import torchvision` asks for.
KERNELS = ("nms", "qnms")
_declared: list[torch.library.Library] = []


@dataclass(frozen=True)
class Library:
    """One way to write the same MAML.

    Args:
        title: how the book calls it.
        package: the package on PyPI that it needs, besides PyTorch; "" for none.
    """

    title: str
    package: str = ""


LIBRARIES = {
    "autograd": Library("plain loop"),
    "msr": Library("msr"),
    "higher": Library("higher, a loop", "higher"),
    "torchopt": Library("TorchOpt, a loop", "torchopt"),
    "torchopt_functional": Library("TorchOpt, functional", "torchopt"),
    "learn2learn": Library("learn2learn, a loop", "learn2learn"),
}


def meta_gradient(name: str) -> MetaGradient:
    """The function of ``with_NAME.py``.

    Raises:
        ImportError: its library, or something that it needs, is missing.
    """
    if name == "learn2learn":
        declare_kernels_of_torchvision()
    return importlib.import_module(f".with_{name}", __package__).meta_gradient


def declare_kernels_of_torchvision() -> bool:
    """Let torchvision be imported where its compiled part does not load.

    learn2learn imports torchvision for its data sets. The torchvision of PyPI is compiled
    for a GPU build of torch, and its import fails beside a CPU build. Operators that are
    declared, and never called, let it pass.

    Returns:
        whether that was needed.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for kernel in KERNELS:
            library.define(f"{kernel}(Tensor boxes, Tensor scores, float iou) -> Tensor")
        _declared.append(library)  # forgotten with the object otherwise
    return bool(_declared)


def state_of(library: Library) -> dict[str, Any]:
    """Its version here, and what ``pip install`` says in an empty environment."""
    if not library.package:
        return {"version": None, "pip": None, "pip_error": None}
    try:
        version = importlib.metadata.version(library.package)
    except importlib.metadata.PackageNotFoundError:
        version = None
    error = pip_error(f"{library.package}=={version}" if version else library.package)
    return {"version": version, "pip": error is None, "pip_error": error}


def pip_error(requirement: str) -> str | None:
    """Why ``pip install --no-deps`` fails here, in one line; None if it does not."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        command = [python, "-m", "pip", "install", "--no-deps", requirement]
        result = subprocess.run(command, capture_output=True, text=True)
    if not result.returncode:
        return None
    output = result.stdout + result.stderr
    # of the compiler, before what pip makes of it
    errors = re.findall(r"^.*\berror: .*$", output, re.MULTILINE | re.IGNORECASE)
    fatal = [line for line in errors if "fatal" in line]
    return (fatal or errors or ["pip failed"])[0].strip()
