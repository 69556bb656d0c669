"""Every loss of torch.nn as a small example."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from .specimens import CLASSES, Build, layer

Targets = Literal[
    "numbers",
    "labels",
    "several labels",
    "probabilities",
    "zeros and ones",
    "signs",
    "counts",
]


@dataclass(frozen=True)
class LossSpecimen:
    """A loss, with the predictions and targets that it takes.

    Attributes:
        build: makes the loss.
        targets: what its targets are.
        last: turns numbers into predictions of its kind.
        arguments: how many it takes; a loss of a learner takes two.
    """

    build: Build
    targets: Targets = "numbers"
    last: Build = nn.Identity
    arguments: int = 2

    def draw(self, tasks: int, examples: int, generator: torch.Generator) -> Tensor:
        """Targets of some tasks."""
        shape = (tasks, examples, CLASSES)
        draw = partial(torch.randint, generator=generator, device="cpu")
        numbers = torch.randn(shape, generator=generator, device="cpu")
        by_kind: dict[Targets, Callable[[], Tensor]] = {
            "numbers": lambda: numbers,
            "labels": lambda: draw(CLASSES, shape[:2]),
            "several labels": lambda: torch.full(shape, -1, device="cpu").index_fill(
                2, torch.tensor([0], device="cpu"), 1
            ),
            "probabilities": lambda: numbers.softmax(-1),
            "zeros and ones": lambda: draw(2, shape).to(numbers),
            "signs": lambda: 2 * draw(2, shape).to(numbers) - 1,
            "counts": lambda: draw(5, shape).to(numbers),
        }
        return by_kind[self.targets]()


def losses() -> dict[str, LossSpecimen]:
    """Every loss of torch.nn by name."""
    log_softmax, softplus = layer("LogSoftmax", dim=-1), layer("Softplus")
    found = {
        "BCELoss": LossSpecimen(layer("BCELoss"), "zeros and ones", nn.Sigmoid),
        "BCEWithLogitsLoss": LossSpecimen(layer("BCEWithLogitsLoss"), "zeros and ones"),
        "CrossEntropyLoss": LossSpecimen(layer("CrossEntropyLoss"), "labels"),
        "CrossEntropyLoss, smoothed": LossSpecimen(
            layer("CrossEntropyLoss", label_smoothing=0.1), "labels"
        ),
        "CrossEntropyLoss, probabilities": LossSpecimen(
            layer("CrossEntropyLoss"), "probabilities"
        ),
        "HingeEmbeddingLoss": LossSpecimen(layer("HingeEmbeddingLoss"), "signs"),
        "HuberLoss": LossSpecimen(layer("HuberLoss")),
        "KLDivLoss": LossSpecimen(
            layer("KLDivLoss", reduction="batchmean"), "probabilities", log_softmax
        ),
        "L1Loss": LossSpecimen(layer("L1Loss")),
        "MSELoss": LossSpecimen(layer("MSELoss")),
        "MultiLabelMarginLoss": LossSpecimen(
            layer("MultiLabelMarginLoss"), "several labels"
        ),
        "MultiLabelSoftMarginLoss": LossSpecimen(
            layer("MultiLabelSoftMarginLoss"), "zeros and ones"
        ),
        "MultiMarginLoss": LossSpecimen(layer("MultiMarginLoss"), "labels"),
        "NLLLoss": LossSpecimen(layer("NLLLoss"), "labels", log_softmax),
        "PoissonNLLLoss": LossSpecimen(layer("PoissonNLLLoss"), "counts", softplus),
        "SmoothL1Loss": LossSpecimen(layer("SmoothL1Loss")),
        "SoftMarginLoss": LossSpecimen(layer("SoftMarginLoss"), "signs"),
    }
    for name in (
        "CosineEmbeddingLoss",
        "GaussianNLLLoss",
        "MarginRankingLoss",
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
    ):
        found[name] = LossSpecimen(layer(name), arguments=3)
    if hasattr(nn, "LinearCrossEntropyLoss"):
        linear = layer("LinearCrossEntropyLoss", CLASSES, CLASSES)
        found["LinearCrossEntropyLoss"] = LossSpecimen(linear, "labels")
    found["CTCLoss"] = LossSpecimen(layer("CTCLoss"), arguments=4)
    return found


# Losses of torch.nn that no specimen is of, and why.
NO_LOSSES = {"NLLLoss2d": "a name of NLLLoss from long ago"}
