"""What `msr.MetaLearner` computes, by definition: a plain loop over tasks.

For each task, one after another,

1. ``v' = inner loop(v, D_support)``: for gradient descent, steps
   ``v <- v - alpha * grad_v L(v, D_support)``, whose gradients are taken by
   ``torch.autograd.grad(..., create_graph=True)``, so that autograd can go through them;
2. the query loss is ``L(v', D_query)``; or, with weights w_t of steps, the sum of
   ``w_t L(v_t, D_query)`` over the values v_t after each step.

The model is called as it is, with v in the place of its parameters. Modules that keep
something, such as running statistics, keep it from call to call, in this order. Attention
and recurrent layers run on kernels that have second derivatives.

Every quicker way of computing gives these numbers up to rounding, or is not taken.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.inputs import Inputs, length_of, mapped
from .._utils.transforms import under_torch_func
from ..inner_loops.base import InnerLoop, LocalShape, Loss, Stepwise, SupportLoss, Tensors
from .derivatives import twice_differentiable

Result = TypeVar("Result", Tensor, Tensors)


@runtime_checkable
class Model(Protocol):
    """A model as a function of what adapts and of the inputs of one task's examples."""

    def __call__(self, values: Tensors, x: Inputs) -> Tensor:
        """The predictions."""
        ...


@dataclass(frozen=True)
class AutogradLoss(SupportLoss):
    """`SupportLoss` whose gradient is taken by ``torch.autograd.grad``.

    Args:
        predict, target, loss, highest: as in `SupportLoss`.
        constant: whether gradients count as constants, which need no derivative.
    """

    constant: bool = False

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient in each adapted tensor, zero where it plays no part."""
        if under_torch_func():  # where autograd.grad cannot look
            return super().gradient(adapted)
        recording = torch.is_grad_enabled()
        with torch.enable_grad():
            values = self._values(adapted, recording)
            loss = self(values)
            if not loss.requires_grad:  # it depends on nothing that adapts
                return {name: torch.zeros_like(v) for name, v in values.items()}
            gradients = torch.autograd.grad(
                loss,
                list(values.values()),
                create_graph=recording and not self.constant,
                materialize_grads=True,
            )
        return dict(zip(values, gradients))

    def local_shape(self, adapted: Tensors) -> LocalShape:
        """The loss around these values."""
        if under_torch_func():
            return super().local_shape(adapted)
        recording = torch.is_grad_enabled()
        with torch.enable_grad():
            values = self._values(adapted, recording)
            tensors, loss = list(values.values()), self(values)
            if not loss.requires_grad:
                zeros = {name: torch.zeros_like(v) for name, v in values.items()}
                return LocalShape(zeros, zeros, lambda direction: zeros)
            slope = torch.autograd.grad(
                loss, tensors, create_graph=True, materialize_grads=True
            )
        sparse = [name for name, g in zip(values, slope) if g.is_sparse]
        if sparse:
            raise ValueError(
                f"expected dense gradients where max_curvature is set, got a sparse one of "
                f"{sparse[0]!r}: use nn.Embedding(..., sparse=False)"
            )

        def product(direction: Tensors) -> Tensors:
            curved = [i for i, g in enumerate(slope) if g.requires_grad]
            if not curved:  # a straight line
                return {name: torch.zeros_like(v) for name, v in values.items()}
            directions = list(direction.values())
            found = torch.autograd.grad(
                [slope[i] for i in curved],
                tensors,
                [directions[i] for i in curved],
                retain_graph=True,
                create_graph=recording and not self.constant,
                materialize_grads=True,
            )
            return dict(zip(values, found))

        gradient = dict(zip(values, slope))
        return LocalShape(gradient, gradient, product)

    def _values(self, adapted: Tensors, recording: bool) -> Tensors:
        """The tensors, as leaves unless the caller differentiates with respect to them."""
        return {
            name: v if recording and v.requires_grad else v.detach().requires_grad_()
            for name, v in adapted.items()
        }


@dataclass(frozen=True)
class PlainLoop:
    """The loop over tasks.

    Args:
        model: called as ``model(values, x)``, with values for what adapts and the inputs
            of one task's examples.
        inner: the inner loop.
        loss: maps (prediction, target) of one task's examples to a scalar.
        adapted: the initial values of what adapts.
        meta_parameters: of the inner loop.
        first_order: whether the inner loop's gradients count as constants.
        highest: the largest class label of all tasks, where targets are labels.
        step_weights: of the query losses after each step; None for the last one alone.
    """

    model: Model
    inner: InnerLoop
    loss: Loss
    adapted: Tensors
    meta_parameters: nn.ParameterList
    first_order: bool = False
    highest: int | None = None
    step_weights: Sequence[float] | None = None

    def query_losses(
        self, x: Inputs, y: Tensor, x_query: Inputs, y_query: Tensor
    ) -> Float[Tensor, " tasks"]:
        """The query loss of each task; all arguments have a first axis over tasks."""

        def query_loss(x: Inputs, y: Tensor, x_query: Inputs, y_query: Tensor) -> Tensor:
            query = self.loss_on(x_query, y_query)
            if self.step_weights is None:
                return query(self.adapt_to_one(x, y))
            return self._weighted(query, self.step_weights, x, y)

        return self.for_each_task(query_loss, x, y, x_query, y_query)

    def adapt(self, x: Inputs, y: Tensor) -> Tensors:
        """The adapted tensors, with a first axis over tasks."""
        return self.for_each_task(self.adapt_to_one, x, y)

    def predict(self, adapted: Tensors, x: Inputs) -> Tensor:
        """The outputs of each task's adapted model on its inputs."""
        return self.for_each_task(self.model, adapted, x)

    def losses(self, adapted: Tensors, x: Inputs, y: Tensor) -> Float[Tensor, " tasks"]:
        """The loss of each task's adapted model on its examples."""
        return self.for_each_task(
            lambda values, x, y: self.loss_on(x, y)(values), adapted, x, y
        )

    def adapt_to_one(self, x: Inputs, y: Tensor) -> Tensors:
        """The tensors adapted to the support set of one task."""
        found = self.inner.adapt(
            self.loss_on(x, y), self.adapted, self.meta_parameters, self.first_order
        )
        check_inner_result(found, self.adapted, self.inner)
        return found

    def _weighted(
        self, query: SupportLoss, weights: Sequence[float], x: Inputs, y: Tensor
    ) -> Tensor:
        """The weighted sum of the query losses after each step."""
        shared = self.adapted, self.meta_parameters, self.first_order
        inner = cast(Stepwise, self.inner)
        states = inner.trajectory(self.loss_on(x, y), *shared)
        losses = [
            weight * query(adapted)
            for weight, adapted in zip(weights, states, strict=True)
            if weight
        ]
        return torch.stack(losses).sum()

    def loss_on(self, x: Inputs, y: Tensor) -> SupportLoss:
        """The loss on these examples of one task, as a function of what adapts."""
        predict = partial(self.model, x=x)
        return AutogradLoss(predict, y, self.loss, self.highest, self.first_order)

    def for_each_task(self, function: Callable[..., Result], *args: Inputs) -> Result:
        """Apply a function of one task to every task, one after another."""
        with self.kernels():
            results = [function(*task) for task in _tasks(args)]
        return _stacked(results)

    def kernels(self) -> AbstractContextManager[object]:
        """The context in which the model runs."""
        return twice_differentiable(self.third_derivatives)

    @property
    def third_derivatives(self) -> bool:
        """Whether the meta-gradient asks for the derivative of a curvature."""
        bound = getattr(self.inner, "max_curvature", None)
        return bound is not None and not self.first_order


def check_inner_result(found: object, adapted: Tensors, inner: InnerLoop) -> None:
    """Raise unless an inner loop gave back what adapts.

    Raises:
        TypeError: it is no dict of tensors, or a dtype is another.
        ValueError: names, shapes or devices are others.
    """
    expected = f"expected {type(inner).__name__}.adapt to return"
    if not isinstance(found, dict):
        raise TypeError(f"{expected} a dict of tensors, got {type(found).__name__}")
    for key, tensor in found.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{expected} a dict of tensors, got a dict with {key!r} of type "
                f"{type(tensor).__name__}"
            )
    if found.keys() != adapted.keys():
        raise ValueError(
            f"{expected} tensors {sorted(adapted)}, got {sorted(found, key=str)}"
        )
    for key, like in adapted.items():
        tensor = found[key]
        if tensor.shape != like.shape:
            raise ValueError(
                f"{expected} {key!r} of shape {tuple(like.shape)}, got "
                f"{tuple(tensor.shape)}"
            )
        if tensor.dtype != like.dtype:
            raise TypeError(f"{expected} {key!r} of {like.dtype}, got {tensor.dtype}")
        if tensor.device != like.device:
            raise ValueError(
                f"{expected} {key!r} on the device {like.device}, got {tensor.device}"
            )


def _tasks(args: tuple[Inputs, ...]) -> Iterator[list[Any]]:
    """The arguments of each task; the last one tells how many there are."""
    for i in range(length_of(args[-1])):
        yield [mapped(itemgetter(i), arg) for arg in args]


def _stacked(results: list[Any]) -> Any:
    """Tensors, or dicts of them, with a first axis over tasks."""
    if isinstance(results[0], dict):
        return {name: torch.stack([r[name] for r in results]) for name in results[0]}
    return torch.stack(results)
