"""Inner loops and query losses of a single layer, by formula instead of ``torch.func``."""

from dataclasses import dataclass

from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ..inner_loops.base import Tensors
from ..inner_loops.gradient_descent import GradientDescent
from .least_squares import LeastSquares
from .meta_gradient import Descent, query_losses
from .single_layer import SingleLayer


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """Gradient descent on the mean squared error of a model with a single layer.

    `msr.fast_paths.single_layer` says which models these are. Methods return None for
    others, and where predictions have not the shape of the targets.

    Args:
        model: the learner's.
        names: what adapts.
        inner: the inner loop.
    """

    model: nn.Module
    names: tuple[str, ...]
    inner: GradientDescent

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
        """The query loss of each task; see `msr.fast_paths.choice`."""
        layer = self._layer()
        support, query = _problem(layer, x, y), _problem(layer, x_query, y_query)
        if support is None or query is None:
            return None
        if not self.inner.per_step:
            losses = query_losses(
                support,
                query,
                adapted[support.layer.filter],
                step_sizes[0],
                Descent(self.inner.steps, first_order, self.inner.max_curvature),
            )
            if losses is not None:
                return losses
        return query(self._descend(support, adapted, step_sizes, first_order))

    def adapt(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        x: Shaped[Tensor, "tasks support *x"],
        y: Shaped[Tensor, "tasks support *y"],
    ) -> Tensors | None:
        """The adapted tensors of each task."""
        support = _problem(self._layer(), x, y)
        if support is None:
            return None
        return self._descend(support, adapted, step_sizes, first_order)

    def losses(
        self,
        adapted: Tensors,
        x: Shaped[Tensor, "tasks examples *x"],
        y: Shaped[Tensor, "tasks examples *y"],
    ) -> Float[Tensor, " tasks"] | None:
        """The loss of each task's own adapted tensors."""
        problem = _problem(self._layer(), x, y)
        return None if problem is None else problem(adapted)

    def _layer(self) -> SingleLayer | None:
        return SingleLayer.of(self.model, self.names)

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


def _problem(layer: SingleLayer | None, x: Tensor, y: Tensor) -> LeastSquares | None:
    """The loss on these examples, if predictions have the targets' shape."""
    numbers = x.is_floating_point() and y.is_floating_point()
    if layer is None or not numbers or layer.output_shape(x) != y.shape[1:]:
        return None
    return LeastSquares(layer, *layer.columns(x, y))
