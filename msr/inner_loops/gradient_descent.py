"""The inner loop of MAML: gradient steps on the support loss."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import checked
from .._utils.checks import MOST_INNER_STEPS, check_between, check_positive
from .base import HasGradient, Tensors


@checked
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
        TypeError: ``steps`` is no integer, ``lr`` no number, or ``learn_lr`` neither True
            nor False.
        ValueError: ``steps`` is negative or beyond a million, or ``lr`` is not positive
            and finite.
    """

    steps: int = 1
    lr: float = 0.1
    learn_lr: bool = True

    def __post_init__(self) -> None:
        check_between(0, MOST_INNER_STEPS, steps=self.steps)
        check_positive(lr=self.lr)

    def init(self, adapted: Mapping[str, Float[Tensor, "*v"]]) -> nn.ParameterList:
        """One scalar step size per adapted tensor, in the tensors' order.

        Raises:
            TypeError: ``adapted`` is no dict of floating-point tensors.
            ValueError: a tensor is sparse.
        """
        return nn.ParameterList(
            nn.Parameter(tensor.new_tensor(self.lr), requires_grad=self.learn_lr)
            for tensor in adapted.values()
        )

    def adapt(
        self,
        loss: HasGradient,
        adapted: dict[str, Float[Tensor, "*v"]],
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

        Raises:
            TypeError: an argument is of the wrong type.
            ValueError: there is not one step size per adapted tensor, or a tensor is
                sparse.
        """
        step_sizes = list(meta_parameters)
        if len(step_sizes) != len(adapted):
            raise ValueError(
                f"expected one step size for each of {len(adapted)} adapted tensors, got "
                f"{len(step_sizes)}"
            )
        for _ in range(self.steps):
            gradients = loss.gradient(adapted)
            if first_order:
                gradients = {name: g.detach() for name, g in gradients.items()}
            adapted = {
                name: adapted[name] - lr * gradients[name]
                for name, lr in zip(adapted, step_sizes, strict=True)
            }
        return adapted
