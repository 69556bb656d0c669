"""The query losses of models with a single layer, with their meta-gradient by formula.

With one layer without bias and the mean squared error, gradient descent is a linear
recursion, and so is its adjoint (`msr.fast_paths.quadratic_descent`). It runs in the
smallest space that holds all steps:

- *filters*: a layer with a dense U and few filters adapts v itself, with
  ``H = (2/N) J J^T`` and ``J_j = vec(U_j X)``;
- *weights*: a plain layer with more columns in X than rows, such as a convolution,
  adapts W, with ``H = (2/N) X X^T``;
- *columns*: another plain layer adapts D in ``W + D X^T``, which holds every step from
  W, with ``H = (2/N) X^T X``.

Tens of small operations then need not be recorded by autograd. To differentiate the
meta-gradient itself, they are. `msr.fast_paths` says how the tensors are laid out;
``grad_A`` is the gradient of ``sum(grad_losses * losses)`` with respect to A.
"""

from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import vjp
from torch.nn import functional as F

from .._utils.transforms import under_torch_func
from ..symmetry.matrices import DenseSymmetry
from .least_squares import LeastSquares, mean_square, two_over_N
from .quadratic_curvature import Bound, StepSizes
from .quadratic_descent import descent, descent_adjoint


class Descent(NamedTuple):
    """How the inner loop descends.

    Attributes:
        steps: number of steps.
        first_order: whether its gradients count as constants.
        max_curvature: the bound on step size times curvature, if there is one.
    """

    steps: int
    first_order: bool
    max_curvature: float | None = None

    def bound(self, by_hessian: bool = False) -> Bound | None:
        """What bounds the step sizes; see `Bound`."""
        if self.max_curvature is None or not self.steps:
            return None
        return Bound(self.max_curvature, self.first_order, by_hessian)


def query_losses(
    support: LeastSquares,
    query: LeastSquares,
    v: Float[Tensor, "*v"],
    step_size: Float[Tensor, ""],
    inner: Descent,
) -> Float[Tensor, " tasks"] | None:
    """The query loss of each task after gradient descent, or None without a formula.

    Args:
        support: the loss that is descended.
        query: the loss that is returned.
        v: the initial filter or weight, shared by the tasks.
        step_size: alpha.
        inner: how it is descended.
    """
    layer, data = support.layer, (support.X, support.Y, query.X, query.Y)
    data_need_grad = any(tensor.requires_grad for tensor in data)
    if layer.module.bias is not None or data_need_grad or under_torch_func():
        return None
    if isinstance(layer.symmetry, DenseSymmetry) and _few_filters(support):
        return _ByFormula.apply(_Filters, inner, v, step_size, *data, layer.symmetry.U)
    if layer.symmetry is not None:
        return None
    space = _Weights if support.columns_outnumber_rows else _Columns
    return _ByFormula.apply(space, inner, v, step_size, *data)


def _few_filters(support: LeastSquares) -> bool:
    """Whether normal equations in v are cheaper than products by U at each step.

    They are for a Linear layer with up to twice as many filters as inputs, and few
    filters or columns: forming J takes ``m n k columns`` operations and ``J J^T`` another
    ``m k^2 columns``, a step with U ``4 m n (k + columns)``. The bounds are meant for
    three steps.
    """
    k = cast(DenseSymmetry, support.layer.symmetry).U.shape[1]
    _, n, columns = support.X.shape
    linear = isinstance(support.layer.module, nn.Linear)
    return linear and k <= 2 * n and k * columns <= 6 * (k + columns)


class _Space:
    """The forward pass in one of the spaces, and its adjoint.

    Inputs are v (or the weight), step size, X, Y of the support set, X, Y of the query
    set, and U if there is one.
    """

    @staticmethod
    def losses(inner: Descent, *inputs: Tensor) -> tuple[Any, ...]:
        """The query losses, then all that the adjoint needs."""
        raise NotImplementedError

    @staticmethod
    def adjoint(
        inner: Descent,
        grad_losses: Tensor,
        inputs: tuple[Tensor, ...],
        kept: list[Any],
    ) -> tuple[Tensor, ...]:
        """The gradients with respect to v, step size, and U if there is one."""
        raise NotImplementedError


class _ByFormula(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, space: type[_Space], inner: Descent, *inputs: Tensor) -> Tensor:
        losses, *kept = space.losses(inner, *inputs)
        ctx.kept = kept
        ctx.space, ctx.inner = space, inner
        ctx.save_for_backward(*inputs)
        return losses

    @staticmethod
    def backward(ctx: Any, grad_losses: Tensor) -> tuple[Tensor | None, ...]:
        given = ctx.inner, grad_losses, ctx.saved_tensors
        if torch.is_grad_enabled():
            found = _differentiable_adjoint(ctx.space, *given)
        else:
            found = ctx.space.adjoint(*given, ctx.kept)
        grad_v, grad_step_size, *grad_U = found
        return None, None, grad_v, grad_step_size, None, None, None, None, *grad_U


def _differentiable_adjoint(
    space: type[_Space], inner: Descent, grad_losses: Tensor, inputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """The adjoint by autograd, from a forward pass that is recorded."""

    def losses(*differentiable: Tensor) -> Tensor:
        v, step_size, *U = differentiable
        return space.losses(inner, v, step_size, *inputs[2:6], *U)[0]

    adjoint = vjp(losses, *inputs[:2], *inputs[6:])[1]
    return cast(tuple[Tensor, ...], adjoint(grad_losses))


class _Filters(_Space):
    """v adapts, through ``W = reshape(U v)``."""

    @staticmethod
    def losses(inner: Descent, *inputs: Tensor) -> tuple[Any, ...]:
        v, step_size, X, Y, X_query, Y_query, U = inputs
        tasks, n, columns = X.shape
        k = len(v)
        predictions = X.mT.reshape(-1, n) @ U.T.reshape(-1, n).T
        J = predictions.view(tasks, columns, k, -1).transpose(1, 2).reshape(tasks, k, -1)
        scaled = two_over_N(Y) * J.mT
        H = torch.bmm(J, scaled)
        c = torch.bmm(Y.mT.reshape(tasks, 1, -1), scaled)
        start = v.expand(tasks, 1, k)
        sizes = StepSizes.of(inner.bound(), step_size, start, H, c)
        path = descent(start, H, c, sizes.alpha, inner.steps, inner.first_order)
        W = F.linear(path[-1].view(tasks, k), U).view(tasks, -1, n)
        errors = torch.baddbmm(Y_query.mT, X_query.mT, W.mT, beta=-1)
        return mean_square(errors), errors, J, H, c, sizes, *path

    @staticmethod
    def adjoint(
        inner: Descent,
        grad_losses: Tensor,
        inputs: tuple[Tensor, ...],
        kept: list[Any],
    ) -> tuple[Tensor, ...]:
        _, _, X, Y, X_query, _, U = inputs
        errors, J, H, c, sizes, *path = kept
        tasks, n, columns = X.shape
        k = U.shape[1]
        grad_W = torch.bmm(_grad_errors(errors, grad_losses).mT, X_query.mT).view(tasks, -1)
        grad_last = (grad_W @ U).view(tasks, 1, k)
        back = descent_adjoint(grad_last, path, H, c, sizes.alpha, inner.first_order)
        grad_v = back.grad_v
        grad_H, grad_c = back.grad_of_data(sizes.alpha, 1)
        grad_step_size, *more = sizes.adjoint(back.grad_step_size, path[0])
        if more:
            grad_v, grad_H, grad_c = grad_v + more[0], grad_H + more[1], grad_c + more[2]
        grad_J = torch.bmm(grad_c.mT, Y.mT.reshape(tasks, 1, -1))
        grad_J = two_over_N(Y) * torch.baddbmm(grad_J, grad_H + grad_H.mT, J)
        grad_predictions = grad_J.view(tasks, k, columns, -1).transpose(1, 2)
        grad_U = grad_predictions.reshape(tasks * columns, -1).T @ X.mT.reshape(-1, n)
        grad_U = torch.addmm(grad_U.view(k, -1), path[-1].view(tasks, k).T, grad_W)
        return grad_v.sum((0, 1)), grad_step_size, grad_U.T


class _Weights(_Space):
    """W itself adapts, by ``X X^T``."""

    @staticmethod
    def losses(inner: Descent, *inputs: Tensor) -> tuple[Any, ...]:
        weight, step_size, X, Y, X_query, Y_query = inputs
        scaled = two_over_N(Y) * X.mT
        H, c = torch.bmm(X, scaled), torch.bmm(Y, scaled)
        W = weight.flatten(1).expand(len(X), *Y.shape[1:2], -1)
        sizes = StepSizes.of(inner.bound(), step_size, W, H, c)
        path = descent(W, H, c, sizes.alpha, inner.steps, inner.first_order)
        errors = torch.baddbmm(Y_query, path[-1], X_query, beta=-1)
        return mean_square(errors), errors, H, c, sizes, *path

    @staticmethod
    def adjoint(
        inner: Descent,
        grad_losses: Tensor,
        inputs: tuple[Tensor, ...],
        kept: list[Any],
    ) -> tuple[Tensor, ...]:
        weight, _, _, _, X_query, _ = inputs
        errors, H, c, sizes, *path = kept
        grad_last = torch.bmm(_grad_errors(errors, grad_losses), X_query.mT)
        back = descent_adjoint(grad_last, path, H, c, sizes.alpha, inner.first_order)
        grad_step_size, *more = sizes.adjoint(back.grad_step_size, path[0])
        grad_W = back.grad_v + more[0] if more else back.grad_v
        return grad_W.sum(0).view_as(weight), grad_step_size


class _Columns(_Space):
    """D adapts, from zero: ``W' = W + D X^T``, never formed."""

    @staticmethod
    def losses(inner: Descent, *inputs: Tensor) -> tuple[Any, ...]:
        weight, step_size, X, Y, X_query, Y_query = inputs
        W, factor = weight.flatten(1), two_over_N(Y)
        H = factor * torch.bmm(X.mT, X)
        c = factor * (Y - _shared_product(W, X))
        start = torch.zeros_like(c)
        sizes = StepSizes.of(inner.bound(by_hessian=True), step_size, start, H, c)
        path = descent(start, H, c, sizes.alpha, inner.steps, inner.first_order)
        errors = _shared_product(W, X_query) - Y_query
        errors = torch.baddbmm(errors, path[-1], torch.bmm(X.mT, X_query))
        return mean_square(errors), errors, H, c, sizes, *path

    @staticmethod
    def adjoint(
        inner: Descent,
        grad_losses: Tensor,
        inputs: tuple[Tensor, ...],
        kept: list[Any],
    ) -> tuple[Tensor, ...]:
        weight, _, X, Y, X_query, _ = inputs
        errors, H, c, sizes, *path = kept
        grad_errors = _grad_errors(errors, grad_losses)
        grad_last = torch.bmm(grad_errors, torch.bmm(X_query.mT, X))
        back = descent_adjoint(grad_last, path, H, c, sizes.alpha, inner.first_order)
        grad_W = _sum_of_products(grad_errors, X_query)
        _, grad_c = back.grad_of_data(sizes.alpha, len(weight))
        grad_step_size, *more = sizes.adjoint(back.grad_step_size, path[0])
        grad_c = grad_c + more[0] if more else grad_c
        grad_W = grad_W - two_over_N(Y) * _sum_of_products(grad_c, X)
        return grad_W.view_as(weight), grad_step_size


def _grad_errors(errors: Tensor, grad_losses: Float[Tensor, " tasks"]) -> Tensor:
    """From the gradient with respect to the mean squares to that of the errors."""
    return errors * (two_over_N(errors) * grad_losses).view(-1, 1, 1)


def _shared_product(
    W: Float[Tensor, "m n"], X: Float[Tensor, "tasks n columns"]
) -> Float[Tensor, "tasks m columns"]:
    """``W X`` for one W: a single product over the columns of all tasks."""
    tasks, n, columns = X.shape
    return (X.mT.reshape(-1, n) @ W.T).view(tasks, columns, -1).mT


def _sum_of_products(
    L: Float[Tensor, "tasks m columns"], X: Float[Tensor, "tasks n columns"]
) -> Float[Tensor, "m n"]:
    """``sum over tasks of L X^T``, as a single product."""
    return L.mT.reshape(-1, L.shape[1]).T @ X.mT.reshape(-1, X.shape[1])
