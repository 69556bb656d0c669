"""A batch of tasks."""

import math
from dataclasses import dataclass, fields

import torch
from jaxtyping import Shaped
from torch import Tensor

from .._utils.checks import check_dtype
from .._utils.devices import usable_device


@dataclass(frozen=True, eq=False)
class TaskBatch:
    """Support and query sets of several tasks, stacked along the first axis.

    Args:
        x_support: inputs to adapt on; shape (tasks, support examples, ...). They are
            floating, or int64, such as the tokens that an embedding looks up.
        y_support: their targets; floating, or int64 class labels.
        x_query: inputs to be judged on; shape (tasks, query examples, ...).
        y_query: their targets.

    Raises:
        TypeError: something is no tensor, or neither floating point nor int64.
        ValueError: the numbers of tasks differ, inputs and targets differ in their
            number of examples, the two sets in the shape or dtype of an example, a set is
            empty, a tensor is sparse, devices differ, or a value is NaN or infinite.
    """

    x_support: Shaped[Tensor, "tasks support *x"]
    y_support: Shaped[Tensor, "tasks support *y"]
    x_query: Shaped[Tensor, "tasks query *x"]
    y_query: Shaped[Tensor, "tasks query *y"]

    def __post_init__(self) -> None:
        check_examples("support", self.x_support, self.y_support)
        check_examples("query", self.x_query, self.y_query)
        if len(self.x_support) != len(self.x_query):
            raise ValueError(
                f"expected support and query sets of the same tasks, got "
                f"{len(self.x_support)} and {len(self.x_query)} tasks"
            )
        for letter in "xy":
            support, query = (getattr(self, f"{letter}_{s}") for s in ("support", "query"))
            if support.shape[2:] != query.shape[2:] or support.dtype != query.dtype:
                raise ValueError(
                    f"expected {letter}_support and {letter}_query to hold examples of one "
                    f"shape and dtype, got {tuple(support.shape[2:])} of {support.dtype} "
                    f"and {tuple(query.shape[2:])} of {query.dtype}"
                )
        if self.x_support.device != self.x_query.device:
            raise ValueError(
                f"expected support and query sets on one device, got "
                f"{self.x_support.device} and {self.x_query.device}"
            )

    def __len__(self) -> int:
        """The number of tasks."""
        return len(self.x_support)

    def examples(
        self,
    ) -> tuple[Shaped[Tensor, "tasks examples *x"], Shaped[Tensor, "tasks examples *y"]]:
        """All examples of each task, support before query, as inputs and targets."""
        return (
            torch.cat([self.x_support, self.x_query], dim=1),
            torch.cat([self.y_support, self.y_query], dim=1),
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
        here = self.x_support.device
        if not isinstance(device, torch.device) or device != here:
            device = usable_device(device)

        def move(tensor: Tensor) -> Tensor:
            floating = dtype if tensor.is_floating_point() else None
            return tensor.to(device=device, dtype=floating)

        tensors = [getattr(self, f.name) for f in fields(self)]
        moved = [move(tensor) for tensor in tensors]
        if all(new is old for new, old in zip(moved, tensors)):
            return self
        return TaskBatch(*moved)


def check_examples(name: str, x: Tensor, y: Tensor) -> None:
    """Raise unless x and y are the examples of one set of tasks; see `TaskBatch`."""
    _check_tensor(f"x_{name}", x, labels=False)
    _check_tensor(f"y_{name}", y, labels=True)
    if x.shape[:2] != y.shape[:2]:
        raise ValueError(
            f"expected x_{name} and y_{name} to agree in (tasks, examples), got "
            f"{tuple(x.shape[:2])} and {tuple(y.shape[:2])}"
        )
    if x.device != y.device:
        raise ValueError(
            f"expected x_{name} and y_{name} on one device, got {x.device} and {y.device}"
        )
    _check_finite(f"x_{name}", x)
    _check_finite(f"y_{name}", y)


def check_inputs(name: str, x: Tensor) -> None:
    """Raise unless x holds inputs of tasks; see `TaskBatch`."""
    _check_tensor(f"x_{name}", x, labels=False)
    _check_finite(f"x_{name}", x)


def _check_tensor(label: str, tensor: Tensor, labels: bool) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected {label} to be a tensor, got {type(tensor).__name__}")
    if not (tensor.is_floating_point() or tensor.dtype == torch.int64):
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


def _check_finite(label: str, tensor: Tensor) -> None:
    # A sum is quick, and finite only if no value is NaN or infinite.
    if tensor.is_meta or math.isfinite(tensor.detach().sum()):
        return
    if torch.isfinite(tensor).all():
        return
    where = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
    raise ValueError(
        f"expected finite {label}, got {tensor[where].item()} at {where} "
        f"(task {where[0]}, example {where[1]})"
    )
