"""The weights that tasks make of a symmetry matrix: what of its span is used."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .._utils.random_state import isolated_random_state
from ..exceptions import Diverged
from ..meta.evaluation import TASKS_AT_ONCE, evaluating
from ..meta.learner import MetaLearner
from ..tasks.distribution import TaskDistribution, draw, draw_numbers
from .layers import Layer


@torch.no_grad()
def weights_in_use(
    learner: MetaLearner,
    layer: Layer,
    tasks: TaskDistribution,
    number: int,
    generator: torch.Generator,
    seed: int,
) -> Float[Tensor, "mn tasks"]:
    """The weights ``U v_i`` after adapting to training tasks, as columns.

    Those longer than their median are shortened to it, so that no task counts for many.

    Args:
        learner: adapts, in evaluation mode, and is unchanged.
        layer: of the learner's model.
        tasks: where training tasks come from.
        number: how many are drawn; all, if there are no more.
        generator: of the draw.
        seed: of layers that draw random numbers.

    Raises:
        ValueError: the layer's filter does not adapt.
        Diverged: a weight is not finite.
    """
    if layer.filter not in learner.adapted:
        raise ValueError(
            f"expected a layer whose filter adapts, got {layer.weight!r}, whose weight is "
            f"the same in all tasks"
        )
    numbers = torch.arange(tasks.num_tasks("train"), device="cpu")
    if number < len(numbers):
        numbers = draw_numbers(tasks, number, generator)
    found = []
    with _unchanged(learner), isolated_random_state(learner.device, seed):
        for some in numbers.split(TASKS_AT_ONCE):
            batch = draw(tasks, "train", some).to(learner.device, learner.dtype)
            adapted = learner.adapt(batch.x_support, batch.y_support, batch.support_mask)
            found += [layer.symmetry(v).reshape(-1) for v in adapted[layer.filter]]
    weights = torch.stack(found, 1)
    _check_finite(weights, numbers)
    return _shortened(weights)


def _shortened(weights: Float[Tensor, "mn tasks"]) -> Float[Tensor, "mn tasks"]:
    """None longer than their median."""
    lengths = weights.double().norm(dim=0)
    median = lengths.median()
    if median == 0:
        return weights
    return weights * (median / lengths.clamp(min=median)).to(weights)


def _check_finite(
    weights: Float[Tensor, "mn tasks"], numbers: Int[Tensor, " tasks"]
) -> None:
    bad = numbers[~torch.isfinite(weights).all(0).cpu()].tolist()
    if bad:
        raise Diverged(
            f"expected finite weights after adapting, got others for training task "
            f"{bad[0]} ({len(bad)} of {len(numbers)} tasks): the inner loop diverged. "
            f"Smaller step sizes or fewer inner steps usually help.",
            None,
            bad,
            weights.norm(dim=0),
        )


@contextmanager
def _unchanged(learner: MetaLearner) -> Iterator[None]:
    """Evaluation mode for the duration; buffers are then as they were."""
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in learner.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    try:
        with evaluating(learner):
            yield
    finally:
        for module, name, buffer, values in buffers:
            module._buffers[name] = buffer.copy_(values)
