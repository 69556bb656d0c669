"""Draw the figure of the README, a dense weight becomes a convolution, and the card's logo.

The run is that of the chapter on meta-training: rank 1, seed 0, the package's defaults.

Usage: python -m tools.cover    (writes book/images/*.png, in about 10 seconds)
"""

import xml.etree.ElementTree as ET
from pathlib import Path

import torch
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle
from torch import Tensor, nn

import msr
from msr import plotting

BOOK = Path(__file__).resolve().parent.parent / "book"
TARGET = BOOK / "images" / "cover.png"
LOGO, CARD = BOOK / "assets" / "logo.svg", BOOK / "images" / "card.png"
SVG = "{http://www.w3.org/2000/svg}"
STEPS = (0, 30, 100, 1000)


def weights() -> tuple[list[Tensor], list[str]]:
    """The weight adapted to one test task at several outer steps, and the true one."""
    tasks = msr.LowRank1d(rank=1, seed=0)
    model = nn.Sequential(nn.Linear(70, 68, bias=False))
    msr.reparameterize(model, filters=3, seed=0)
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


def draw_logo() -> None:
    """The logo as PNG, for the cards of shared links, which take no SVG."""
    svg = ET.parse(LOGO).getroot()
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    figure = plt.figure(figsize=(width / 24, height / 24))
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
    for group in svg.iter(f"{SVG}g"):
        opacity = float(group.get("fill-opacity", "1"))
        for rect in group.iter(f"{SVG}rect"):
            corner = float(rect.attrib["x"]), float(rect.attrib["y"])
            size = float(rect.attrib["width"]), float(rect.attrib["height"])
            cell = Rectangle(corner, *size, color=group.attrib["fill"], alpha=opacity, lw=0)
            ax.add_patch(cell)
    figure.savefig(CARD, dpi=130, transparent=True)
    plt.close(figure)


def main() -> None:
    """Train, draw, write."""
    draw_logo()
    matrices, titles = weights()
    corners = [W[:20, :22] for W in matrices]
    figure = plotting.plot_matrices(corners, titles, size=1.9, shared_limit=False)
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, dpi=130)
    plt.close(figure)
    print(f"wrote {TARGET.name} and {CARD.name}")


if __name__ == "__main__":
    main()
