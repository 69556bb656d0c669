"""Run the tests of msr, and every notebook of the book under nbval, on a GPU.

Fails at once where torch sees no such device: it cannot pass on a CPU. What it leaves in
the folder: the notebooks as executed, and record.json with device, versions, commit, date
and the seconds of each notebook. With --keep a complete and passing record is copied to
results/gpu.json, which the status page shows.

Usage: python -m tools.gpu [--device cuda] [--out _build/gpu] [--keep] [NOTEBOOK ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import msr
from msr._utils.devices import available_device_name
from msr._utils.files import write_atomically
from tools.executed import chapters

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "results" / "gpu.json"
FORMAT = "msr gpu 1"
START_UP = """\
from tools.gpu.draws import use_device

use_device({device!r})
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; 0 if all of it passed on the device."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    device = torch.device(options.device)
    try:
        if device.type == "cpu":
            raise ValueError("expected a GPU, got cpu")
        name = available_device_name(device)
    except ValueError as error:
        print(f"error: {error}\n{_what_torch_sees()}", file=sys.stderr)
        return 2
    print(f"==> On {name}", flush=True)
    record = msr.provenance("make gpu-test", device) | {"format": FORMAT}
    print("==> Unit tests", flush=True)
    record["tests_passed"] = _run_tests(options.device)
    print("==> Every notebook under nbval", flush=True)
    passed = _run_notebooks(options.device, options.out, options.notebooks)
    record["chapters"] = chapters(options.out)
    record["chapters_passed"] = passed
    content = (json.dumps(record, indent=1) + "\n").encode()
    write_atomically(options.out / "record.json", content)
    if not (record["tests_passed"] and passed):
        print("error: not everything passed: see above", file=sys.stderr)
        return 1
    if options.keep and not options.notebooks:
        write_atomically(RECORD, content)
    print(f"==> Done: all passed on {name}; {options.out} has the executed notebooks")
    return 0


def read_record(path: Path = RECORD) -> dict[str, Any] | None:
    """The committed record; None if there is none.

    Raises:
        ValueError: the file is no record of this module.
    """
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text())
    if content.get("format") != FORMAT:
        raise ValueError(f"expected a record of `make gpu-test` in {path.name}")
    return content


def _run_tests(device: str) -> bool:
    environment = os.environ | {"MSR_TEST_DEVICE": device}
    command = [sys.executable, "-m", "pytest", "-q", "tests"]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


def _run_notebooks(device: str, out: Path, notebooks: Sequence[str]) -> bool:
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"),
        *("-p", "tools.kernel_start", "-p", "tools.executed", "--executed", str(out)),
        *(notebooks or ["book"]),
    ]
    with _kernels_on(device) as environment:
        return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


@contextmanager
def _kernels_on(device: str) -> Iterator[dict[str, str]]:
    """An environment whose notebook kernels have this default device."""
    with tempfile.TemporaryDirectory() as folder:
        start_up = Path(folder) / "profile_default" / "startup" / "device.py"
        start_up.parent.mkdir(parents=True)
        start_up.write_text(START_UP.format(device=device))
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        yield os.environ | {"IPYTHONDIR": folder, "PYTHONPATH": os.pathsep.join(paths)}


def _what_torch_sees() -> str:
    build = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "a CPU build"
    return (
        f"torch {torch.__version__} is {build} and sees {torch.cuda.device_count()} GPUs. "
        f"`nvidia-smi` shows what the driver sees."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda", help="default: cuda")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "gpu")
    parser.add_argument("--keep", action="store_true", help="write results/gpu.json")
    parser.add_argument("notebooks", nargs="*", help="default: all of book/")
    return parser


if __name__ == "__main__":
    sys.exit(main())
