"""Measure everything and write it down.

Usage: python -m benchmarks [--out FILE]    (half an hour, on a machine that is idle)
"""

import argparse
import importlib.metadata
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from msr.checkpoint import write_atomically
from msr.provenance import provenance
from msr.recorded import BENCHMARKS, BENCHMARKS_FORMAT

from . import scaling
from .cases import CASES
from .floor import floor, machine_rates
from .memory import peak
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
    """Measure, and write after each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    rates = machine_rates()
    content: dict[str, Any] = {
        "format": BENCHMARKS_FORMAT,
        "run": provenance("python -m benchmarks"),
        "rates": rates,
        "import_seconds": import_seconds(),
        "cases": {},
    }
    content["run"]["versions"] |= {
        name: importlib.metadata.version(name) for name in ("higher", "torchopt", "jax")
    }
    for name in options.cases:
        print(f"{name} ...", flush=True)
        content["cases"][name] = measure(name, rates)
        write(options.out, content)
    print("scaling ...", flush=True)
    content["scaling"] = scaling.curves()
    content["chunks"] = scaling.chunks()
    write(options.out, content)
    print(f"written: {options.out.name}")


def measure(name: str, rates: dict[str, float]) -> dict[str, Any]:
    """One case: times on one thread and, for the network, on two; memory; floor."""
    case = CASES[name]
    learner, batch = case.make()
    return {
        "title": case.title,
        "tasks": len(batch),
        "parameters": sum(p.numel() for p in learner.parameters()),
        "threads": {str(n): timing(name, n) for n in case.threads},
        "peak_bytes": {contender: peak(name, contender) for contender in CONTENDERS},
        "floor": floor(case, rates),
    }


def timing(name: str, threads: int) -> dict[str, Any]:
    """Times of all contenders, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.timing", name, str(threads)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def import_seconds(rounds: int = 7) -> float:
    """The median time of ``import msr`` beyond that of ``import torch``."""
    command = [sys.executable, "-c", IMPORTS]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True)
        for _ in range(rounds)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file, whole or not at all."""
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
