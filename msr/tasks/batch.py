"""A batch of tasks."""

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_dtype
from .._utils.devices import usable_device
from .._utils.inputs import Inputs, mapped, named_tensors, structure_of, tensors_of

Mask = Bool[Tensor, "tasks _"]


@dataclass(frozen=True, eq=False)
class TaskBatch:
    """Support and query sets of several tasks, stacked along the first axis.

    Inputs may be several tensors: a tuple ``(a, b)`` for a model that is called as
    ``model(a, b)``, or a dict ``{"a": a, "b": b}`` for ``model(a=a, b=b)``.

    Tasks may have different numbers of examples: fill them up to the largest number, with
    anything, and say in masks which examples are real. Those that are not have no influence
    at all, since the model never sees them. ::

        real = torch.arange(x.shape[1]) < sizes[:, None]
        msr.TaskBatch(x, y, x_query, y_query, support_mask=real)

    Args:
        x_support: inputs to adapt on; shape (tasks, support examples, ...). They are
            floating, or int64, such as the tokens that an embedding looks up, or boolean.
        y_support: their targets; floating, or int64 class labels.
        x_query: inputs to be judged on; shape (tasks, query examples, ...).
        y_query: their targets.
        support_mask: True for each support example that is real; all are by default.
        query_mask: the same for query examples.

    Raises:
        TypeError: something is no tensor, or of another dtype.
        ValueError: the numbers of tasks differ, inputs and targets differ in their
            number of examples, the two sets in the shape or dtype of an example, a set is
            empty, a task has no real example, a mask has another shape, a tensor is sparse,
            devices differ, or a real value is NaN or infinite.
    """

    x_support: Shaped[Tensor, "tasks support *x"] | tuple[Tensor, ...] | dict[str, Tensor]
    y_support: Shaped[Tensor, "tasks support *y"]
    x_query: Shaped[Tensor, "tasks query *x"] | tuple[Tensor, ...] | dict[str, Tensor]
    y_query: Shaped[Tensor, "tasks query *y"]
    support_mask: Bool[Tensor, "tasks support"] | None = None
    query_mask: Bool[Tensor, "tasks query"] | None = None

    def __post_init__(self) -> None:
        check_examples("support", self.x_support, self.y_support, self.support_mask)
        check_examples("query", self.x_query, self.y_query, self.query_mask)
        if len(self.y_support) != len(self.y_query):
            raise ValueError(
                f"expected support and query sets of the same tasks, got "
                f"{len(self.y_support)} and {len(self.y_query)} tasks"
            )
        if self.y_support.device != self.y_query.device:
            raise ValueError(
                f"expected support and query sets on one device, got "
                f"{self.y_support.device} and {self.y_query.device}"
            )
        if structure_of(self.x_support) != structure_of(self.x_query):
            raise ValueError(
                f"expected x_support and x_query to hold the same tensors, got "
                f"{shown(self.x_support)} and {shown(self.x_query)}"
            )
        for letter in "xy":
            of_support, of_query = (
                sorted(named_tensors(label, getattr(self, label)), key=lambda pair: pair[0])
                for label in (f"{letter}_support", f"{letter}_query")
            )
            for (one, support), (other, query) in zip(of_support, of_query):
                if support.shape[2:] == query.shape[2:] and support.dtype == query.dtype:
                    continue
                raise ValueError(
                    f"expected {one} and {other} to hold examples of one shape and dtype, "
                    f"got {tuple(support.shape[2:])} of {support.dtype} and "
                    f"{tuple(query.shape[2:])} of {query.dtype}"
                )

    def __len__(self) -> int:
        """The number of tasks."""
        return len(self.y_support)

    @property
    def masked(self) -> bool:
        """Whether some examples may not be real."""
        return self.support_mask is not None or self.query_mask is not None

    def examples(self) -> tuple[Inputs, Shaped[Tensor, "tasks examples *y"]]:
        """All examples of each task, support before query, as inputs and targets."""
        return mapped(_joined, self.x_support, self.x_query), _joined(
            self.y_support, self.y_query
        )

    @property
    def mask(self) -> Bool[Tensor, "tasks examples"] | None:
        """Which of `examples` are real; None if all are."""
        if not self.masked:
            return None
        sets = (self.support_mask, self.y_support), (self.query_mask, self.y_query)
        return _joined(
            *(
                y.new_ones(y.shape[:2], dtype=torch.bool) if mask is None else mask
                for mask, y in sets
            )
        )

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "TaskBatch":
        """The same tasks on another device, with floating tensors in another dtype.

        Raises:
            TypeError: ``device`` is none, or ``dtype`` not one of floating-point numbers.
            ValueError: there is no such device.
        """
        if dtype is not None:
            check_dtype(dtype)
        here = self.y_support.device
        if not isinstance(device, torch.device) or device != here:
            device = usable_device(device)

        def move(tensor: Tensor) -> Tensor:
            floating = dtype if tensor.is_floating_point() else None
            return tensor.to(device=device, dtype=floating)

        parts = [getattr(self, f.name) for f in fields(self)]
        given = [part for part in parts if part is not None]
        moved = [mapped(move, part) for part in given]
        if all(
            new is old
            for one, other in zip(moved, given)
            for new, old in zip(tensors_of(one), tensors_of(other))
        ):
            return self
        found = iter(moved)
        every: Any = [None if part is None else next(found) for part in parts]
        return TaskBatch(*every)


def _joined(support: Tensor, query: Tensor) -> Tensor:
    return torch.cat([support, query], dim=1)


def check_examples(name: str, x: Inputs, y: Tensor, mask: Mask | None = None) -> None:
    """Raise unless x and y are the examples of one set of tasks; see `TaskBatch`."""
    inputs = _checked_inputs(name, x)
    _check_tensor(f"y_{name}", y, labels=True)
    for label, tensor in inputs:
        _check_agree(label, tensor, f"y_{name}", y)
    if mask is not None:
        _check_mask(f"{name}_mask", mask, y)
    for label, tensor in [*inputs, (f"y_{name}", y)]:
        _check_finite(label, tensor, mask)


def check_inputs(name: str, x: Inputs, mask: Mask | None = None) -> None:
    """Raise unless x holds inputs of tasks; see `TaskBatch`."""
    inputs = _checked_inputs(name, x)
    against, first = inputs[0]
    for label, tensor in inputs[1:]:
        _check_agree(label, tensor, against, first)
    if mask is not None:
        _check_mask(f"{name}_mask", mask, first)
    for label, tensor in inputs:
        _check_finite(label, tensor, mask)


def _checked_inputs(name: str, x: Inputs) -> list[tuple[str, Tensor]]:
    """The tensors, each of its own right kind, with what they are called."""
    named = named_tensors(f"x_{name}", x)
    if not named:
        raise ValueError(f"expected x_{name} to hold a tensor, got {shown(x)}")
    if isinstance(x, dict) and not all(isinstance(key, str) for key in x):
        raise TypeError(
            f"expected x_{name} to name the model's arguments, got {shown(list(x))}"
        )
    for label, tensor in named:
        _check_tensor(label, tensor, labels=False)
    return named


def _check_agree(label: str, tensor: Tensor, against: str, other: Tensor) -> None:
    if tensor.shape[:2] != other.shape[:2]:
        raise ValueError(
            f"expected {label} and {against} to agree in (tasks, examples), got "
            f"{tuple(tensor.shape[:2])} and {tuple(other.shape[:2])}"
        )
    if tensor.device != other.device:
        raise ValueError(
            f"expected {label} and {against} on one device, got {tensor.device} and "
            f"{other.device}"
        )


def _check_mask(label: str, mask: Mask, like: Tensor) -> None:
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        raise TypeError(f"expected {label} to be a boolean tensor, got {shown(mask)}")
    if mask.shape != like.shape[:2]:
        raise ValueError(
            f"expected {label} of shape (tasks, examples) = {tuple(like.shape[:2])}, got "
            f"{tuple(mask.shape)}"
        )
    if mask.device != like.device:
        raise ValueError(
            f"expected {label} on the device {like.device} of the examples, got "
            f"{mask.device}"
        )
    real = mask.any(1)
    if not mask.is_meta and not real.all():
        raise ValueError(
            f"expected {label} to leave every task an example, got none for task "
            f"{int((~real).nonzero()[0])}"
        )


def _check_tensor(label: str, tensor: Tensor, labels: bool) -> None:
    if not isinstance(tensor, Tensor):
        several = "" if labels or "[" in label else ", or a tuple or dict of tensors"
        raise TypeError(
            f"expected {label} to be a tensor{several}, got {type(tensor).__name__}"
        )
    boolean = tensor.dtype == torch.bool and not labels
    if not (tensor.is_floating_point() or tensor.dtype == torch.int64 or boolean):
        wanted = "floating point or int64" + (" class labels" if labels else "")
        raise TypeError(
            f"expected {label} to be {wanted}, got {tensor.dtype}: use .long() or .float()"
        )
    if tensor.layout != torch.strided:
        raise ValueError(
            f"expected {label} to be a dense tensor, got {tensor.layout}: use .to_dense()"
        )
    if tensor.ndim < 2 or not tensor.numel():
        raise ValueError(
            f"expected {label} of shape (tasks, examples, ...) with at least one of "
            f"each, got {tuple(tensor.shape)}"
        )


def _check_finite(label: str, tensor: Tensor, mask: Mask | None) -> None:
    # A sum is quick, and finite only if no value is NaN or infinite.
    if tensor.is_meta or math.isfinite(tensor.detach().sum()):
        return
    bad = ~torch.isfinite(tensor)
    if mask is not None:
        bad &= mask.reshape(*mask.shape, *[1] * (tensor.ndim - 2))
    if not bad.any():
        return
    where = tuple(bad.nonzero()[0].tolist())
    raise ValueError(
        f"expected finite {label}, got {tensor[where].item()} at {where} "
        f"(task {where[0]}, example {where[1]})"
    )
