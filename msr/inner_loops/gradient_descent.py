"""The inner loop of MAML: gradient steps on the support loss."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import checked
from .._utils.checks import MOST_INNER_STEPS, check_between, check_positive
from .._utils.selection import select
from .base import HasGradient, Tensors
from .curvature import along, step_factor


@checked
@dataclass(frozen=True)
class GradientDescent:
    """A fixed number of gradient steps on the support loss.

    ``v <- v - alpha_v * grad_v L(v, D_support)``, for each adapted tensor v with a
    step size alpha_v of its own (Finn, Abbeel, Levine 2017; learned step sizes as in
    Li et al. 2017, one per tensor).

    With ``max_curvature=c`` no task can be carried off by steps that are too long for it:
    its step size is ``min(alpha, c / h)`` with h the largest curvature of its support loss
    where it starts. Steps on a quadratic function overshoot from ``step size * h = 1``
    on, and more and more beyond 2; c = 1 and c = 1.5 are good choices. With several
    adapted tensors one factor shortens all steps of a task, ``min(1, c / h)``, with h the
    curvature in coordinates in which the step sizes are one. h comes from six products
    with the Hessian (the power iteration from the gradient, in
    ``msr/inner_loops/curvature.py``), which approach it from below, and the outer loop
    differentiates through it. Where the loss is no quadratic function the bound holds at
    the start alone. For models of one layer it costs about a third of a meta-step, for
    deep networks in second order several meta-steps.

    Args:
        steps: number of steps, >= 0.
        lr: the value that every step size starts at, > 0 (0.1 suits many regression losses,
            0.4 to 1 classification with few examples); or the values by the tensors'
            names or patterns, such as ``{"head": 0.5, "*": 0.1}``, of which the first that
            matches counts.
        learn_lr: whether the outer loop learns the step sizes.
        max_curvature: the bound c on step size times curvature; None for no bound.
        per_step: whether each step has step sizes of its own (Antoniou, Edwards, Storkey
            2019), which start alike.

    Raises:
        TypeError: ``steps`` is no integer, ``lr`` or ``max_curvature`` no number, or
            ``learn_lr`` or ``per_step`` neither True nor False.
        ValueError: ``steps`` is negative or beyond a million, ``lr`` or
            ``max_curvature`` is not positive and finite, ``lr`` is empty, or
            ``max_curvature`` and ``per_step`` are both given.
    """

    steps: int = 1
    lr: float | Mapping[str, float] = 0.1
    learn_lr: bool = True
    max_curvature: float | None = None
    per_step: bool = False

    def __post_init__(self) -> None:
        check_between(0, MOST_INNER_STEPS, steps=self.steps)
        if isinstance(self.lr, Mapping):
            if not self.lr:
                raise ValueError("expected lr for some tensor, got an empty dict")
            if "" in self.lr:
                raise ValueError("expected lr by names or patterns, got an empty name")
            for name, value in self.lr.items():
                check_positive(**{f"lr[{name!r}]": value})
        else:
            check_positive(lr=self.lr)
        if self.max_curvature is not None:
            check_positive(max_curvature=self.max_curvature)
            if self.per_step:
                raise ValueError(
                    "expected max_curvature or per_step, got both: the curvature is that "
                    "of the first step"
                )

    def __repr__(self) -> str:
        """The settings, without the newer ones where they are not used, as of old."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("max_curvature", "per_step"):
            if not values[name]:
                del values[name]
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
        return f"{type(self).__name__}({shown})"

    def init(self, adapted: Mapping[str, Float[Tensor, "*v"]]) -> nn.ParameterList:
        """One step size per adapted tensor, in the tensors' order; or one for each step.

        Raises:
            TypeError: ``adapted`` is no dict of floating-point tensors.
            ValueError: a tensor is sparse, a name of ``lr`` matches none, or no name
                matches a tensor.
        """
        starts = self._starts(list(adapted))
        shape = (self.steps,) if self.per_step else ()
        return nn.ParameterList(
            nn.Parameter(tensor.new_full(shape, starts[name]), requires_grad=self.learn_lr)
            for name, tensor in adapted.items()
        )

    def _starts(self, names: list[str]) -> dict[str, float]:
        """Where the step size of each tensor starts."""
        if not isinstance(self.lr, Mapping):
            return dict.fromkeys(names, self.lr)
        found: dict[str, float] = {}
        for pattern, value in self.lr.items():
            for name in select("lr", pattern, dict.fromkeys(names)):
                found.setdefault(name, value)
        for name in names:
            if name not in found:
                raise ValueError(
                    f"expected lr for every tensor that adapts, got none for {name!r}: "
                    f'"*" means all others'
                )
        return found

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
            ValueError: there is not one step size per adapted tensor, or one for each of
                its steps, or a tensor is sparse.
        """
        states = self.trajectory(loss, adapted, meta_parameters, first_order)
        return deque(states, maxlen=1).pop() if self.steps else adapted

    def trajectory(
        self,
        loss: HasGradient,
        adapted: dict[str, Float[Tensor, "*v"]],
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Iterator[Tensors]:
        """The adapted tensors after each step; see `adapt`.

        Raises:
            TypeError, ValueError: as for `adapt`.
        """
        step_sizes = list(meta_parameters)
        if len(step_sizes) != len(adapted):
            raise ValueError(
                f"expected one step size for each of {len(adapted)} adapted tensors, got "
                f"{len(step_sizes)}"
            )
        sizes_of = [self._at_each_step(lr) for lr in step_sizes]
        factor, gradients, axes = None, None, 0
        if self.max_curvature is not None and self.steps:
            shape = loss.local_shape(adapted)
            sizes = dict(zip(adapted, step_sizes, strict=True))
            factor = step_factor(shape, sizes, self.max_curvature, first_order)
            gradients, axes = shape.gradient, shape.task_axes
        for t in range(self.steps):
            gradients = loss.gradient(adapted) if gradients is None else gradients
            if first_order:
                gradients = {name: g.detach() for name, g in gradients.items()}
            adapted = {
                name: adapted[name] - _step(sizes[t], factor, gradients[name], axes)
                for name, sizes in zip(adapted, sizes_of, strict=True)
            }
            gradients = None
            yield adapted

    def _at_each_step(self, lr: Tensor) -> Sequence[Tensor] | Tensor:
        """The step size of a tensor at each step."""
        if not lr.ndim:
            return [lr] * self.steps
        if lr.ndim > 1 or len(lr) < self.steps:
            raise ValueError(
                f"expected one step size, or one for each of {self.steps} steps, got "
                f"shape {tuple(lr.shape)}"
            )
        return lr


def _step(lr: Tensor, factor: Tensor | None, gradient: Tensor, task_axes: int) -> Tensor:
    """The step size times the gradient."""
    if factor is None:
        return lr * gradient
    return along(lr * factor, gradient, task_axes) * gradient
