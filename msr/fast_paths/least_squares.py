"""The mean squared error of models with a single layer, of all tasks at once.

`msr.fast_paths` says how the tensors are laid out.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ..inner_loops.base import LocalShape, Tensors
from .single_layer import SingleLayer


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """``|W X + b - Y|^2 / N`` of each task, where W and b adapt.

    Does for all tasks what `msr.inner_loops.SupportLoss` does for one.

    Args:
        layer: gives W.
        X: inputs as columns.
        Y: targets as columns.
    """

    layer: SingleLayer
    X: Float[Tensor, "tasks n columns"]
    Y: Float[Tensor, "tasks m columns"]

    def __call__(self, adapted: Tensors) -> Float[Tensor, " tasks"]:
        """The loss of each task."""
        return mean_square(self._errors(adapted))

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient of each task's loss with respect to its adapted tensors."""
        layer = self.layer
        if layer.module.bias is None and self.columns_outnumber_rows:
            G, C = self.gram_matrices
            grad_W = torch.baddbmm(C, layer.weight(adapted[layer.filter]), G, beta=-1)
            return {layer.filter: layer.filter_gradient(grad_W)}
        return self._gradient_of(self._errors(adapted))

    def local_shape(self, adapted: Tensors) -> LocalShape:
        """The loss around these values."""
        gradient = self.gradient(adapted)
        return LocalShape(gradient, gradient, self._hessian_product, task_axes=1)

    def _hessian_product(self, direction: Tensors) -> Tensors:
        """The Hessian times a direction: the gradient's linear part."""
        layer = self.layer
        W = layer.weight(direction[layer.filter])
        if layer.module.bias is None and self.columns_outnumber_rows:
            G, _ = self.gram_matrices
            return {layer.filter: layer.filter_gradient(W @ G)}
        change = W @ self.X
        if layer.bias is not None:
            change = change + direction[layer.bias][..., None]
        return self._gradient_of(change)

    def _gradient_of(self, errors: Float[Tensor, "tasks m columns"]) -> Tensors:
        """The gradient where these are the errors."""
        layer, grad_errors = self.layer, two_over_N(self.Y) * errors
        gradients = {layer.filter: layer.filter_gradient(grad_errors @ self.X.mT)}
        if layer.bias is not None:
            gradients[layer.bias] = grad_errors.sum(2)
        return gradients

    def _errors(self, adapted: Tensors) -> Float[Tensor, "tasks m columns"]:
        """``W X + b - Y``."""
        W = self.layer.weight(adapted[self.layer.filter])
        errors = torch.baddbmm(self.Y, W, self.X, beta=-1)
        bias = self.layer.module.bias
        if bias is None:
            return errors
        if self.layer.bias is not None:
            bias = adapted[self.layer.bias]
        return errors + bias[..., None]

    @property
    def columns_outnumber_rows(self) -> bool:
        """Then ``X X^T`` is smaller than X."""
        return self.X.shape[2] > self.X.shape[1]

    @cached_property
    def gram_matrices(
        self,
    ) -> tuple[Float[Tensor, "tasks n n"], Float[Tensor, "tasks m n"]]:
        """``(2/N) X X^T`` and ``(2/N) Y X^T``: data only, nothing to differentiate."""
        factor = two_over_N(self.Y)
        return factor * (self.X @ self.X.mT), factor * (self.Y @ self.X.mT)


def mean_square(errors: Float[Tensor, "tasks m columns"]) -> Float[Tensor, " tasks"]:
    """``|errors|^2 / N``, whose gradient is ``(2/N) errors``."""
    return errors.square().mean((1, 2))


def two_over_N(Y: Float[Tensor, "tasks m columns"]) -> float:
    """2/N, with N the number of a task's targets (or errors)."""
    return 2 / (Y.shape[1] * Y.shape[2])
