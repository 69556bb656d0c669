"""Measure everything and write it down.

Usage: python -m benchmarks [--out FILE] [--resume]

A quarter to half an hour, on a Linux machine that is idle. With --resume, what the file
holds already is not measured again; without, all is, and the file is replaced.
"""

import argparse
import importlib.metadata
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from msr._utils.devices import device_name
from msr._utils.files import write_atomically
from msr.results.origin import provenance
from msr.results.recorded import BENCHMARKS, BENCHMARKS_FORMAT

from . import scaling
from .cases import CASES
from .floor import floor, machine_rates
from .memory import peak
from .process import last_line_of
from .timing import CONTENDERS

RESULTS = Path(__file__).resolve().parent.parent / "results" / f"{BENCHMARKS}.json"
IMPORTS = """
import time
import torch
started = time.perf_counter()
import msr
print(time.perf_counter() - started)
"""


def main() -> None:
    """Measure what is missing, and write after each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--resume", action="store_true", help="keep what is there")
    options = parser.parse_args()
    path = options.out
    torch.set_num_threads(1)
    content = read(path) if options.resume and path.exists() else new()
    run = provenance("python -m benchmarks") | {"parts": []}
    run["versions"] |= {
        name: importlib.metadata.version(name) for name in ("higher", "torchopt", "jax")
    }
    content["runs"].append(run)
    parts: dict[str, Callable[[], Any]] = {
        "rates": machine_rates,
        "import_seconds": import_seconds,
        **{name: partial(measure, name, content) for name in CASES},
        "scaling": scaling.curves,
        "chunks": scaling.chunks,
    }
    for name, part in parts.items():
        place = content["cases"] if name in CASES else content
        if name in place:
            continue
        print(f"{name} ...", flush=True)
        place[name] = part()
        run["parts"].append(name)
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    print(f"complete: {path.name}")


def new() -> dict[str, Any]:
    """Nothing measured yet."""
    return {"format": BENCHMARKS_FORMAT, "runs": [], "cases": {}}


def read(path: Path) -> dict[str, Any]:
    """What is there already, to go on from.

    Raises:
        ValueError: the file is something else, or of another machine.
    """
    content = json.loads(path.read_text())
    if content.get("format") != BENCHMARKS_FORMAT:
        raise ValueError(f"expected benchmarks of msr in {path.name}, got another file")
    here = device_name("cpu")
    others = {run["device"] for run in content["runs"]} - {here}
    if others:
        raise ValueError(
            f"expected measurements on this machine ({here}) in {path.name}, got some on "
            f"{', '.join(others)}: leave out --resume, or name another file with --out"
        )
    return content


def measure(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """One case: times on one thread and, for the network, on two; memory; floor."""
    case = CASES[name]
    learner, batch = case.make()
    return {
        "title": case.title,
        "tasks": len(batch),
        "parameters": sum(p.numel() for p in learner.parameters()),
        "threads": {str(n): timing(name, n) for n in case.threads},
        "peak_bytes": {contender: peak(name, contender) for contender in CONTENDERS},
        "floor": floor(case, content["rates"]),
    }


def timing(name: str, threads: int) -> dict[str, Any]:
    """Times of all contenders, in a process of their own."""
    return json.loads(last_line_of("benchmarks.timing", name, str(threads)))


def import_seconds(rounds: int = 7) -> float:
    """The median time of ``import msr`` beyond that of ``import torch``."""
    command = [sys.executable, "-c", IMPORTS]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True)
        for _ in range(rounds)
    ]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()
