"""Peak memory of a meta-step, each in a process of its own.

Usage: python -m benchmarks.memory CASE CONTENDER
       python -m benchmarks.memory chunks TASKS CHUNK_SIZE    (0: all tasks together)

Prints the bytes by which the process grew from before the first step to its peak.
"""

import sys
from pathlib import Path

import torch

from .cases import CASES, omniglot_batch, omniglot_learner
from .contender import Contender, ours
from .process import last_line_of
from .timing import contenders

STEPS = 3


def peak(*arguments: str) -> int:
    """Run this file in a new process; returns the bytes that it prints."""
    return int(last_line_of("benchmarks.memory", *arguments))


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def _growth(contender: Contender) -> int:
    """Linux only: the high-water mark of resident memory can be set back there."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    for _ in range(STEPS):
        contender.step()
    return _status("VmHWM") - before


def main(arguments: list[str]) -> None:
    """Measure in this process and print."""
    torch.set_num_threads(1)
    if arguments[0] == "chunks":
        tasks, chunk_size = int(arguments[1]), int(arguments[2])
        contender = ours(omniglot_learner(chunk_size or None), omniglot_batch(tasks))
    else:
        case, name = arguments
        (contender,) = contenders(CASES[case], [name]).values()
    print(_growth(contender))


if __name__ == "__main__":
    main(sys.argv[1:])
