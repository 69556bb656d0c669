"""What `max_curvature` costs: the time of a meta-step with a bound and without.

Usage: python -m benchmarks.bounded_steps [--out FILE]

Two minutes. Needs none of the libraries that the other benchmarks compare with.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

import msr
from msr._utils.files import write_atomically
from msr.results.origin import provenance
from msr.results.recorded import BENCHMARKS_FORMAT

from .cases import CASES, Case
from .contender import Contender, ours
from .turns import times

RESULTS = Path(__file__).resolve().parent.parent / "results" / "bounded-cost.json"
# Which bound it is makes no difference to the time.
BOUNDS = {"without": None, "with": 1.5}


def contender(case: Case, bound: float | None) -> Contender:
    """The package on a case, with a bound on its inner steps."""
    learner, batch = case.make()
    learner.inner = replace(cast(msr.GradientDescent, learner.inner), max_curvature=bound)
    return ours(learner, batch)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    path = parser.parse_args().out
    torch.set_num_threads(1)
    run = provenance("python -m benchmarks.bounded_steps")
    cases = {}
    for name, case in CASES.items():
        made = {label: contender(case, bound) for label, bound in BOUNDS.items()}
        cases[name] = {"title": case.title, "milliseconds": times(made, case.rounds)}
        print(f"{name} done", flush=True)
    content = {"format": BENCHMARKS_FORMAT, "runs": [run], "cases": cases}
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    print(f"complete: {path.name}")


if __name__ == "__main__":
    main()
