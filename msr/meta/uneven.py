"""Tasks with different numbers of real examples: those with as many are run together."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from .._utils.inputs import Inputs, mapped
from ..tasks.batch import Mask

Part = Int[Tensor, " _"]


def parts_of_one_size(masks: Sequence[Mask], *, any_order: bool) -> list[Part]:
    """The numbers of tasks that have as many real examples in each of their sets.

    Args:
        masks: of one or several sets of the same tasks.
        any_order: whether tasks may be run in another order than their own; if not, a part
            holds neighbours only.
    """
    counts = torch.stack([mask.sum(1) for mask in masks], dim=1).tolist()
    parts: list[tuple[tuple[int, ...], list[int]]] = []
    places: dict[tuple[int, ...], int] = {}
    for i, count in enumerate(map(tuple, counts)):
        place = places.get(count) if any_order else len(parts) - 1
        if place is None or place < 0 or parts[place][0] != count:
            places[count] = len(parts)
            parts.append((count, [i]))
        else:
            parts[place][1].append(i)
    return [torch.tensor(part, device=masks[0].device) for _, part in parts]


def real_examples(x: Inputs, mask: Mask | None, part: Part) -> Inputs:
    """Those of some tasks, which have equally many; all of them where there is no mask."""

    def real(tensor: Tensor) -> Tensor:
        some = tensor[part]
        if mask is None:
            return some
        return some[mask[part]].reshape(len(part), -1, *tensor.shape[2:])

    found: Inputs = mapped(real, x)
    return found


def among_all(
    real: Shaped[Tensor, "part real *y"], mask: Bool[Tensor, "part examples"]
) -> Shaped[Tensor, "part examples *y"]:
    """The real examples in their places; zero elsewhere."""
    everything = real.new_zeros(*mask.shape, *real.shape[2:])
    everything[mask] = real.flatten(0, 1)
    return everything


def in_order(results: Iterable[Any], parts: Sequence[Part]) -> Any:
    """The results of parts, tensors or dicts of them, joined in the order of the tasks."""
    order = torch.cat(list(parts)).argsort()
    return mapped(lambda *tensors: torch.cat(tensors)[order], *results)
