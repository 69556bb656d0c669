"""Contenders side by side: equal gradients first, then times in turn.

Usage: python -m benchmarks.timing CASE THREADS [DEVICE]

JAX runs on its own default device, whatever DEVICE says.
"""

import json
import os
import sys
from collections.abc import Iterable

import jax
import numpy as np
import torch

from .cases import CASES, Case
from .contender import Contender, Gradients, ours, ours_by_torch_func
from .higher_loop import loop_with_higher
from .jax_maml import jax_jit, jax_loop
from .torchopt_maml import torchopt_functional
from .turns import times

CONTENDERS = {
    "msr": ours,
    "msr-torch-func": ours_by_torch_func,
    "higher": loop_with_higher,
    "torchopt": torchopt_functional,
    "jax": jax_jit,
    "jax-loop": jax_loop,
}
TOLERANCE = 1e-5


def contenders(
    case: Case,
    names: Iterable[str] = tuple(CONTENDERS),
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> dict[str, Contender]:
    """Every implementation of a case, each with parameters of its own."""
    made = {}
    for name in names:
        learner, batch = case.make()
        made[name] = CONTENDERS[name](learner.to(device, dtype), batch.to(device, dtype))
    return made


def largest_difference(first: Gradients, second: Gradients) -> float:
    """The largest difference of two meta-gradients, relative to the largest entry.

    The norm is that of each parameter's gradient or, if greater, a thousandth of the
    largest: some gradients vanish but for rounding.
    """
    if first.keys() != second.keys():
        raise ValueError(f"expected gradients of {sorted(first)}, got {sorted(second)}")
    floor = 1e-3 * max(float(np.abs(g).max()) for g in first.values())
    return max(
        float(np.abs(g - second[name]).max()) / max(float(np.abs(g).max()), floor)
        for name, g in first.items()
    )


def check_equal(case: Case, device: str = "cpu") -> dict[str, float]:
    """How far each contender's meta-gradient is from that by ``torch.func``.

    In double precision, for rounding hides small errors otherwise.

    Raises:
        ValueError: one differs by more than `TOLERANCE`.
    """
    made = contenders(case, device=device, dtype=torch.float64)
    reference = made["msr-torch-func"].gradients()
    apart = {n: largest_difference(reference, c.gradients()) for n, c in made.items()}
    wrong = {name: value for name, value in apart.items() if not value <= TOLERANCE}
    if wrong:
        raise ValueError(f"expected equal meta-gradients (to {TOLERANCE}), got {wrong}")
    return apart


def main(arguments: list[str]) -> None:
    """Measure one case with so many threads and print the outcome as JSON."""
    name, threads, device = arguments[0], int(arguments[1]), (*arguments[2:], "cpu")[0]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    torch.set_num_threads(threads)
    jax.config.update("jax_enable_x64", True)
    case = CASES[name]
    apart = check_equal(case, device)
    made = contenders(case, device=device)
    print(json.dumps({"apart": apart, "milliseconds": times(made, case.rounds)}))


if __name__ == "__main__":
    main(sys.argv[1:])
