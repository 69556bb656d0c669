"""The one place that knows which fast paths there are, and asks them in turn."""

from dataclasses import dataclass
from typing import cast

from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from .closed_form import ClosedForm
from .weight_space import WeightSpace


@dataclass(frozen=True, eq=False)
class FastPaths:
    """What can be computed quicker for a learner, and equally up to rounding.

    Every method returns None where no fast path holds: the learner then goes the plain
    way. Made anew for each call, since a learner's parts may be replaced at any time.

    Args:
        model: the learner's.
        names: what adapts.
        inner: the inner loop.
        loss: maps (prediction, target) of one task's examples to a scalar.
    """

    model: nn.Module
    names: tuple[str, ...]
    inner: InnerLoop
    loss: Loss

    def query_losses(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        x: Shaped[Tensor, "tasks support *x"],
        y: Shaped[Tensor, "tasks support *y"],
        x_query: Shaped[Tensor, "tasks query *x"],
        y_query: Shaped[Tensor, "tasks query *y"],
    ) -> Float[Tensor, " tasks"] | None:
        """The query loss of each task, by formulas without ``torch.func``.

        Args:
            adapted: the initial values of what adapts.
            step_sizes: one for each.
            first_order: whether gradients count as constants.
            x: inputs of the support sets.
            y: their targets.
            x_query: inputs of the query sets.
            y_query: their targets.
        """
        closed_form = self._closed_form()
        if closed_form is None:
            return None
        return closed_form.query_losses(
            adapted, step_sizes, first_order, x, y, x_query, y_query
        )

    def query_losses_side_by_side(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        *tensors: Tensor,
        highest: int | None = None,
    ) -> Float[Tensor, " tasks"] | None:
        """The same for models that ``torch.func.vmap`` may run.

        Args:
            adapted: the initial values of what adapts.
            step_sizes: one for each.
            first_order: whether gradients count as constants.
            *tensors: inputs and targets of support and query sets.
            highest: the largest class label of all tasks, where targets are labels.
        """
        if not self._descends:
            return None
        inner = cast(GradientDescent, self.inner)
        path = WeightSpace(self.model, self.names, inner, self.loss, highest)
        return path.query_losses(adapted, step_sizes, first_order, *tensors)

    def adapt(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        x: Shaped[Tensor, "tasks support *x"],
        y: Shaped[Tensor, "tasks support *y"],
    ) -> Tensors | None:
        """The adapted tensors of each task."""
        closed_form = self._closed_form()
        if closed_form is None:
            return None
        return closed_form.adapt(adapted, step_sizes, first_order, x, y)

    def losses(
        self,
        adapted: Tensors,
        x: Shaped[Tensor, "tasks examples *x"],
        y: Shaped[Tensor, "tasks examples *y"],
    ) -> Float[Tensor, " tasks"] | None:
        """The loss of each task's own adapted tensors."""
        closed_form = self._closed_form()
        return None if closed_form is None else closed_form.losses(adapted, x, y)

    def _closed_form(self) -> ClosedForm | None:
        if not self._descends or self.loss is not mean_squared_error:
            return None
        return ClosedForm(self.model, self.names, cast(GradientDescent, self.inner))

    @property
    def _descends(self) -> bool:
        """Whether the inner loop is gradient descent; a subclass may do anything."""
        return type(self.inner) is GradientDescent
