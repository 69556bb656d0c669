"""Inner loops: how the filter adapts to one task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ._checks import check_at_least, check_positive

Tensors = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class SupportLoss:
    """The loss on one task's support set, as a function of the adapted tensors.

    Args:
        predict: maps adapted tensors to predictions on the support inputs.
        target: the support targets.
        loss: maps (prediction, target) to a scalar.
    """

    predict: Callable[[Tensors], Tensor]
    target: Tensor
    loss: Loss

    def __call__(self, adapted: Tensors) -> Float[Tensor, ""]:
        """The loss at these values of the adapted tensors.

        Raises:
            ValueError: the loss returns no scalar.
        """
        loss = self.loss(self.predict(adapted), self.target)
        if loss.ndim:
            raise ValueError(
                f"expected a loss that returns a scalar, got shape {tuple(loss.shape)}"
            )
        return loss

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient of the loss in each adapted tensor."""
        return torch.func.grad(self)(adapted)


@runtime_checkable
class HasGradient(Protocol):
    """What gradient descent asks of a loss."""

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient in each adapted tensor."""
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


@dataclass(frozen=True)
class GradientDescent:
    """A fixed number of gradient steps on the support loss.

    ``v <- v - alpha_v * grad_v L(v, D_support)``, for each adapted tensor v with a
    step size alpha_v of its own (Finn, Abbeel, Levine 2017; learned step sizes as in
    Li et al. 2017, one per tensor).

    Args:
        steps: number of steps, >= 0.
        lr: the value that every step size starts at, > 0.
        learn_lr: whether the outer loop learns the step sizes.

    Raises:
        TypeError: ``steps`` is no integer.
        ValueError: ``steps`` is negative or ``lr`` is not positive and finite.
    """

    steps: int = 1
    lr: float = 0.1
    learn_lr: bool = True

    def __post_init__(self) -> None:
        check_at_least(0, steps=self.steps)
        check_positive(lr=self.lr)

    def init(self, adapted: Mapping[str, Tensor]) -> nn.ParameterList:
        """One scalar step size per adapted tensor, in the tensors' order."""
        return nn.ParameterList(
            nn.Parameter(tensor.new_tensor(self.lr), requires_grad=self.learn_lr)
            for tensor in adapted.values()
        )

    def adapt(
        self,
        loss: HasGradient,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Tensors:
        """Take the steps.

        Args:
            loss: the support loss as a function of the adapted tensors.
            adapted: their initial values.
            meta_parameters: the step sizes from `init`.
            first_order: treat the gradients as constants in the outer loop
                (first-order MAML): cheaper, and biased.

        Returns:
            the adapted tensors, under the same names.
        """
        step_sizes = list(meta_parameters)
        for _ in range(self.steps):
            gradients = loss.gradient(adapted)
            if first_order:
                gradients = {name: g.detach() for name, g in gradients.items()}
            adapted = {
                name: adapted[name] - lr * gradients[name]
                for name, lr in zip(adapted, step_sizes, strict=True)
            }
        return adapted
