"""Letters: the networks, the methods, and how a cell of their table is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..inner_loops.gradient_descent import GradientDescent
from ..meta.evaluation import meta_test
from ..symmetry.matrices import KroneckerSymmetry
from ..symmetry.reparameterization import reparameterize, symmetry_matrices
from ..tasks.batch import TaskBatch
from ..tasks.distribution import Split
from ..tasks.letters import Letters
from ..tasks.moves import in_all_moves
from .methods import Method, by_name
from .rivals import MetaSGD, Prototypes

WIDTH = 16
POSITIONS = 3  # of the last map along each axis: 17, 9, 5, 3 pixels


class Network(nn.Module):
    """Three strided convolutions and a head with a weight for every position.

    A layer is a 3 x 3 convolution of stride 2 and padding 1, normalization over the batch,
    and a ReLU. The head is a convolution over the whole 3 x 3 map, so that a Kronecker U
    has a factor of its own, 9 x 9, for positions.

    Args:
        ways: classes of a task.
        width: channels of each layer.
        affine: whether normalization has a learned scale and shift.
    """

    def __init__(self, ways: int, width: int = WIDTH, affine: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (1, width, width):
            layers += [
                nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width, affine=affine, track_running_stats=False),
                nn.ReLU(),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(width, ways, POSITIONS)

    def forward(self, images: Tensor) -> Tensor:
        """The classes' logits for each image."""
        return self.head(self.body(images)).flatten(1)


def network(tasks: Letters, seed: int = 0, affine: bool = False) -> nn.Module:
    """Plain."""
    return Network(tasks.ways, affine=affine)


def shared_network(tasks: Letters, seed: int = 0, affine: bool = False) -> nn.Module:
    """With a Kronecker U for every weight."""
    model = network(tasks, seed, affine)
    return reparameterize(model, factorization="kronecker", seed=seed)


def shared_positions(tasks: Letters, seed: int = 0) -> nn.Module:
    """With a U for the head alone, of which only the factor over positions is learned."""
    model = reparameterize(
        network(tasks), factorization="kronecker", layers="head", std=0.0, seed=seed
    )
    for _, symmetry in symmetry_matrices(model):
        for factor in list(cast(KroneckerSymmetry, symmetry).factors)[:-1]:
            factor.requires_grad_(False)
    return model


@dataclass(frozen=True)
class MovedSupport:
    """Tasks whose support sets show every image in all moves of the query set's kind.

    So a learner is told the symmetry: the image as it is, and its eight turns and flips, or
    its nine shifts by three pixels or none along each axis.

    Args:
        tasks: few-shot tasks.
    """

    tasks: Letters

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split."""
        return self.tasks.num_tasks(split)

    def batch(self, split: Split, indices: Sequence[int] | Tensor) -> TaskBatch:
        """The tasks of these numbers."""
        batch = self.tasks.batch(split, indices)
        images = cast(Tensor, batch.x_support)
        moved = in_all_moves(images, self.tasks.query_moves)
        times = moved.shape[1] // images.shape[1]
        labels = batch.y_support.repeat(1, times)
        return TaskBatch(moved, labels, batch.x_query, batch.y_query)


_STEPS = GradientDescent(steps=5, lr=0.4)
_method = partial(Method, loss=F.cross_entropy, batch_size=4)

LETTERS = by_name(
    _method("MAML", network, _STEPS),
    _method("MAML-Affine", partial(network, affine=True), _STEPS),
    _method("Meta-SGD", network, MetaSGD(steps=5, lr=0.4)),
    _method("MSR", shared_network, _STEPS),
    _method("MSR-Affine", partial(shared_network, affine=True), _STEPS),
    _method("MSR-Positions", shared_positions, _STEPS),
    _method("MAML-Moved-Support", network, _STEPS, view=MovedSupport),
    _method("Prototypes", network, Prototypes(), adapt="head"),
)


def measure_letters(
    method: Method,
    tasks: Letters,
    steps: int,
    seed: int,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """Train, and classify the query sets of all test tasks.

    Returns:
        ready for JSON: ``mse``, the share of wrong answers, with ``ci95``, half the width
        of its interval over test tasks; ``loss``, the mean cross-entropy; ``units``: for
        each class of the test split, in the order of ``class_names``, how many answers were
        wrong (``top``) and how many there were (``bottom``), from which `msr.contrast`
        draws classes and seeds; and ``positions``, the head's factor over positions, if it
        has one.
    """
    learner = method.fit(tasks, steps, seed, device=device, progress=False)
    counts = {str(label): partial(_wrong, label) for label in range(tasks.ways)}
    tested = meta_test(learner, method.view(tasks), metrics=counts, progress=False)
    wrong = torch.stack([tested.metrics[name].cpu() for name in counts], 1).double()
    drawn = tasks.classes("test", range(len(wrong))).cpu()
    number = len(tasks.class_names("test"))
    top, bottom = np.zeros(number), np.zeros(number)
    np.add.at(top, drawn.flatten().numpy(), wrong.flatten().numpy())
    np.add.at(bottom, drawn.flatten().numpy(), tasks.queries)
    shares = wrong.sum(1) / (tasks.ways * tasks.queries)
    of_head = [
        cast(KroneckerSymmetry, U).factors[-1].tolist()
        for name, U in symmetry_matrices(learner.model)
        if name.startswith("head")
    ]
    return {
        "mse": float(shares.mean()),
        "ci95": 1.96 * float(shares.std()) / len(shares) ** 0.5,
        "loss": tested.mse,
        "units": {"top": top.tolist(), "bottom": bottom.tolist()},
        "positions": of_head[0] if of_head else None,
    }


def _wrong(label: int, prediction: Tensor, target: Tensor) -> Tensor:
    """How many examples of a class are taken for another one."""
    return ((prediction.argmax(1) != target) & (target == label)).sum()
