"""Which learners can do without ``torch.func``, and how."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from .least_squares import LeastSquares
from .meta_gradient import query_losses
from .single_layer import OneLayer


@dataclass(frozen=True, eq=False)
class Formulas:
    """Inner loops and query losses by formula, where there is one.

    There is for a model of one layer (`msr.fast_paths.single_layer`), gradient descent, and
    `msr.mean_squared_error`.

    Args:
        model: the learner's.
        names: what adapts.
        inner: the inner loop.
    """

    model: nn.Module
    names: tuple[str, ...]
    inner: GradientDescent

    @classmethod
    def of(
        cls, model: nn.Module, names: tuple[str, ...], inner: InnerLoop, loss: Loss
    ) -> "Formulas | None":
        """Those of a learner; None if its inner loop or loss is another.

        A subclass of `msr.GradientDescent` counts as another, since it may do anything.
        """
        if type(inner) is not GradientDescent or loss is not mean_squared_error:
            return None
        return cls(model, names, inner)

    def query_losses(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        x: Float[Tensor, "tasks support *x"],
        y: Tensor,
        x_query: Float[Tensor, "tasks query *x"],
        y_query: Tensor,
    ) -> Float[Tensor, " tasks"] | None:
        """The query loss of each task, or None if no formula holds."""
        layer = OneLayer.of(self.model, self.names)
        support, query = _problem(layer, x, y), _problem(layer, x_query, y_query)
        if support is None or query is None:
            return None
        losses = query_losses(
            support,
            query,
            adapted[support.model.filter],
            step_sizes[0],
            self.inner.steps,
            first_order,
        )
        if losses is not None:
            return losses
        return query(self._descend(support, adapted, step_sizes, first_order))

    def adapt(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        x: Float[Tensor, "tasks support *x"],
        y: Tensor,
    ) -> Tensors | None:
        """The adapted tensors of each task, or None if no formula holds."""
        support = _problem(OneLayer.of(self.model, self.names), x, y)
        if support is None:
            return None
        return self._descend(support, adapted, step_sizes, first_order)

    def losses(
        self, adapted: Tensors, x: Float[Tensor, "tasks examples *x"], y: Tensor
    ) -> Float[Tensor, " tasks"] | None:
        """The loss of each task's own adapted tensors, or None if no formula holds."""
        problem = _problem(OneLayer.of(self.model, self.names), x, y)
        return None if problem is None else problem(adapted)

    def _descend(
        self,
        support: LeastSquares,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
    ) -> Tensors:
        """The inner loop as it is written, with the gradients of all tasks at once."""
        tasks = len(support.X)
        start = {name: p.expand(tasks, *p.shape) for name, p in adapted.items()}
        return self.inner.adapt(support, start, step_sizes, first_order)


def _problem(layer: OneLayer | None, x: Tensor, y: Tensor) -> LeastSquares | None:
    """The loss on these examples, if predictions have the targets' shape."""
    if layer is None or not y.is_floating_point() or layer.output_shape(x) != y.shape[1:]:
        return None
    return LeastSquares(layer, *layer.columns(x, y))
