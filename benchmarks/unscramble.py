"""How often photographs are put right from a learned U, and what controls give.

Usage: python -m benchmarks.unscramble [--out FILE] [--seeds 20]

Four minutes on one core. Needs scikit-image, for its photographs.
"""

import argparse
import json
from pathlib import Path
from typing import Any, cast

import torch
from skimage import color, data
from torch import Tensor, nn

import msr
from msr._utils.files import write_atomically
from msr.discovery import turns
from msr.results.origin import provenance
from msr.results.recorded import BENCHMARKS_FORMAT

RESULTS = Path(__file__).resolve().parent.parent / "results" / "unscramble.json"
# What scikit-image's package itself holds; no other is downloaded.
PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "moon",
    "page",
    "rocket",
    "text",
)
HELD_OUT = "camera"
SIDE = 8
SETTINGS: dict[str, Any] = {"filters": 9, "steps": 600, "batch_size": 16, "lr": 0.01}
FIRST_SEED = 1000  # seeds that nothing was tried on
TASKS_FOR_MOMENTS = 1000


def photograph(name: str) -> Tensor:
    """A photograph of scikit-image in grey."""
    image = getattr(data, name)()
    return torch.from_numpy(color.rgb2gray(image) if image.ndim == 3 else image / 255)


def learned(tasks: msr.ShuffledPatches, seed: int) -> tuple[Tensor, float]:
    """U of a fully connected layer, and the mean loss of the last steps."""
    n = SIDE**2
    model = nn.Sequential(nn.Linear(n, n, bias=False))
    msr.reparameterize(model, filters=SETTINGS["filters"], std=0.1, seed=seed)
    history = msr.meta_train(
        msr.MetaLearner(model, msr.Ridge()),
        tasks,
        steps=SETTINGS["steps"],
        batch_size=SETTINGS["batch_size"],
        lr=SETTINGS["lr"],
        decay="cosine",
        seed=seed,
        progress=False,
    )
    ((_, symmetry),) = msr.symmetry_matrices(model)
    return symmetry.matrix().detach(), sum(history.loss[-30:]) / 30


def moments(tasks: msr.ShuffledPatches) -> Tensor:
    """Squared products of outputs and inputs, summed over tasks: nothing is learned."""
    total = torch.zeros(SIDE**2, SIDE**2)
    for first in range(0, TASKS_FOR_MOMENTS, 100):
        batch = tasks.batch("train", range(first, first + 100))
        examples = batch.x_support, batch.x_query, batch.y_support, batch.y_query
        tensors = [cast(Tensor, t) for t in examples]
        x, y = torch.cat(tensors[:2], 1), torch.cat(tensors[2:], 1)
        total += (y.mT @ x).square().sum(0)
    return total


def share(places: Tensor, order: Tensor) -> float:
    """The share of pixels in their place, at the best turn of the grid."""
    grids = turns(places, (SIDE, SIDE))
    return max(float((grid == order).double().mean()) for grid in grids)


def measured(seed: int, photographs: list[Tensor], held_out: Tensor) -> dict[str, Any]:
    """One secret order: the recipe, and its controls."""
    shape, weight_shape = (SIDE, SIDE), (SIDE**2, SIDE**2)
    tasks = msr.ShuffledPatches(photographs, SIDE, seed=seed)
    U, loss = learned(tasks, seed)
    places = msr.arrange_on_grid(msr.coupling(U, weight_shape), shape)
    restored = msr.unscramble(tasks.scramble(held_out), places, shape)
    null = msr.ShuffledPatches(photographs, SIDE, seed=seed, one_order=False)
    of_null = msr.coupling(learned(null, seed)[0], weight_shape)
    similarities = {
        "correlation": torch.corrcoef(tasks.inputs().T),
        "size of correlation": torch.corrcoef(tasks.inputs().T).abs(),
        "null": of_null,
        "moments": moments(tasks),
    }
    controls = {
        name: share(msr.arrange_on_grid(similarity, shape), tasks.order)
        for name, similarity in similarities.items()
    }
    return {
        "seed": seed,
        "loss": loss,
        "exact": torch.equal(restored, held_out),
        "share": {"learned": share(places, tasks.order), **controls},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run = provenance("python -m benchmarks.unscramble")
    photographs = [photograph(name) for name in PHOTOGRAPHS]
    held_out = photograph(HELD_OUT)
    found = []
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.seeds):
        found.append(measured(seed, photographs, held_out))
        print(found[-1], flush=True)
    content = {
        "format": BENCHMARKS_FORMAT,
        "runs": [run],
        "photographs": PHOTOGRAPHS,
        "held_out": HELD_OUT,
        "settings": SETTINGS,
        "seeds": found,
    }
    write_atomically(arguments.out, (json.dumps(content, indent=1) + "\n").encode())
    print(f"complete: {arguments.out.name}")


if __name__ == "__main__":
    main()
