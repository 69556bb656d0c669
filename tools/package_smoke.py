"""Use msr as it is installed: a script for the environment that tools.package makes.

It runs as a file, with nothing of the repository beside it.

Usage: python -I package_smoke.py VERSION
"""

import importlib.metadata
import math
import sys
from importlib import resources
from pathlib import Path

import torch
from torch import nn

import msr

DISTRIBUTION = "learning-symmetries"
DATA = (
    "py.typed",
    "data/paper_tables.json",
    "data/escnn_kernel_basis.npz",
    "data/winds.npz",
    "data/winds.md",
    "recorded_runs/translation.json",
    "coursework/checks/1-groups/q1.py",
)
STEPS = 20


def expect(holds: bool, message: str) -> None:
    """Stop with a message unless something holds.

    Raises:
        ValueError: it does not.
    """
    if not holds:
        raise ValueError(f"expected {message}")


def installed(version: str) -> None:
    """It is the wheel's msr, and it has its data.

    Raises:
        ValueError: it is another one, or lacks something.
    """
    place = Path(str(msr.__file__))
    expect(place.is_relative_to(sys.prefix), f"msr to be that of {sys.prefix}, got {place}")
    named = importlib.metadata.version(DISTRIBUTION)
    expect(
        msr.__version__ == named == version,
        f"version {version}, got {msr.__version__} and, in the metadata, {named}",
    )
    for name in DATA:
        expect((resources.files("msr") / name).is_file(), f"msr/{name} to be installed")
    expect(len(msr.paper_table("translation")) > 0, "rows in the paper's table")
    expect(len(msr.recorded_results("translation").cells) > 0, "recorded results")


def learns() -> None:
    """Some steps of meta-training MSR lower the loss.

    Raises:
        ValueError: they do not.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tasks = msr.LowRank1d(rank=1, seed=0)
    batch = tasks.batch("train", torch.arange(1))
    inputs, outputs = tasks.input_size, batch.y_support.shape[-1]
    model = nn.Sequential(nn.Linear(inputs, outputs, bias=False))
    msr.reparameterize(model, filters=inputs)
    learner = msr.MetaLearner(model, inner=msr.GradientDescent(steps=1, lr=0.1))
    loss = msr.meta_train(learner, tasks, STEPS, lr=1e-2, progress=False).loss
    expect(len(loss) == STEPS, f"{STEPS} losses, got {len(loss)}")
    expect(all(map(math.isfinite, loss)), f"finite losses, got {loss}")
    first, last = sum(loss[:5]) / 5, sum(loss[-5:]) / 5
    expect(last < 0.9 * first, f"the loss to fall, got {first:.3f}, then {last:.3f}")


if __name__ == "__main__":
    installed(sys.argv[1])
    learns()
