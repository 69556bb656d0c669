"""Inner loops: how the filter adapts to one task."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .targets import Loss, check_goes_with, check_scalar, refused_by_loss

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class LocalShape:
    """A loss to second order around a point, as a function of what adapts.

    Args:
        gradient: what a step subtracts, as ``gradient`` of the loss returns it.
        slope: the derivative, which is the same unless another space is descended.
        product: maps a direction to the Hessian's product with it.
        task_axes: how many leading axes of the tensors are over tasks.
    """

    gradient: Tensors
    slope: Tensors
    product: Callable[[Tensors], Tensors]
    task_axes: int = 0


@dataclass(frozen=True)
class SupportLoss:
    """The loss on one task's support set, as a function of the adapted tensors.

    Args:
        predict: maps adapted tensors to predictions on the support inputs.
        target: the support targets.
        loss: maps (prediction, target) to a scalar.
        highest: the largest class label of all tasks, where targets are labels.
    """

    predict: Callable[[Tensors], Tensor]
    target: Tensor
    loss: Loss
    highest: int | None = None

    def __call__(self, adapted: Tensors) -> Float[Tensor, ""]:
        """The loss at these values of the adapted tensors.

        Raises:
            TypeError, ValueError: predictions, targets and loss do not go together; see
                `msr.inner_loops.targets`.
        """
        prediction = self.predict(adapted)
        check_goes_with(self.loss, prediction, self.target, self.highest)
        try:
            loss = self.loss(prediction, self.target)
        except (RuntimeError, IndexError, TypeError) as error:
            raise refused_by_loss(error, self.loss, prediction, self.target) from error
        check_scalar(loss)
        return loss

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient of the loss in each adapted tensor."""
        return torch.func.grad(self)(adapted)

    def local_shape(self, adapted: Tensors) -> LocalShape:
        """The loss around these values."""
        # the Hessian is symmetric: a product from the left is one from the right
        gradient, product, *_ = torch.func.vjp(torch.func.grad(self), adapted)
        return LocalShape(gradient, gradient, lambda direction: product(direction)[0])


@runtime_checkable
class HasGradient(Protocol):
    """What gradient descent asks of a loss."""

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient in each adapted tensor."""
        ...

    def local_shape(self, adapted: Tensors) -> LocalShape:
        """The loss around these values."""
        ...


@runtime_checkable
class InnerLoop(Protocol):
    """What `msr.MetaLearner` asks of an inner loop.

    Its ``repr`` should name every setting: checkpoints use it to tell runs apart.
    An inner loop that does not suit every model may have a method
    ``check(loss, adapted)`` that raises; it is called once, on the first task seen.
    """

    def init(self, adapted: Mapping[str, Tensor]) -> nn.ParameterList:
        """The inner loop's own meta-parameters, such as step sizes."""
        ...

    def adapt(
        self,
        loss: SupportLoss,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool,
    ) -> Tensors:
        """Adapt to one task; runs under ``torch.func.vmap`` over tasks."""
        ...


@runtime_checkable
class Stepwise(Protocol):
    """An inner loop that goes in steps, each of which can be judged."""

    steps: int

    def trajectory(
        self,
        loss: SupportLoss,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool,
    ) -> Iterator[Tensors]:
        """The adapted tensors after each step."""
        ...
