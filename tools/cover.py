"""Draw the figure of the README and the landing page: a dense weight becomes a convolution.

The run is that of the chapter on meta-training: rank 1, seed 0, the package's defaults.

Usage: python -m tools.cover    (writes book/images/cover.png, in about 10 seconds)
"""

from pathlib import Path

import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn

import msr
from msr import plotting

TARGET = Path(__file__).resolve().parent.parent / "book" / "images" / "cover.png"
STEPS = (0, 30, 100, 1000)


def weights() -> tuple[list[Tensor], list[str]]:
    """The weight adapted to one test task at several outer steps, and the true one."""
    tasks = msr.LowRank1d(rank=1, seed=0)
    model = nn.Sequential(nn.Linear(70, 68, bias=False))
    msr.reparameterize(model, filters=3)
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=3, lr=0.1))
    probe = tasks.batch("test", [0])
    frames: list[Tensor] = []

    @torch.no_grad()
    def record(step: int, learner: msr.MetaLearner, loss: float) -> None:
        if step in STEPS:
            (v,) = learner.adapt(probe.x_support, probe.y_support).values()
            frames.append(symmetry(v[0]))

    ((_, symmetry),) = msr.symmetry_matrices(model)
    record(0, learner, 0.0)
    msr.meta_train(learner, tasks, steps=STEPS[-1], callback=record)
    truth = tasks.filters("test", [0])[0, 0] @ tasks.symmetry_matrix().T
    titles = [f"step {step}" for step in STEPS]
    return [*frames, truth.reshape(68, 70)], [*titles, "true convolution"]


def main() -> None:
    """Train, draw, write."""
    matrices, titles = weights()
    corners = [W[:20, :22] for W in matrices]
    figure = plotting.plot_matrices(corners, titles, size=1.9, shared_limit=False)
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, dpi=130)
    plt.close(figure)
    print(f"wrote {TARGET.name}")


if __name__ == "__main__":
    main()
