"""The mean squared error of models with one layer, of all tasks at once."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from ..inner_loops.base import Tensors
from .single_layer import OneLayer


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """``mean((W X + b - Y)^2)`` of each task, where W and b adapt.

    Does for all tasks what `msr.inner_loops.SupportLoss` does for one.

    Args:
        model: gives W.
        X: inputs as columns.
        Y: targets as columns.
    """

    model: OneLayer
    X: Float[Tensor, "tasks n columns"]
    Y: Float[Tensor, "tasks m columns"]

    def __call__(self, adapted: Tensors) -> Float[Tensor, " tasks"]:
        """The loss of each task."""
        return self._errors(adapted).square().mean((1, 2))

    def gradient(self, adapted: Tensors) -> Tensors:
        """The gradient of each task's loss in its adapted tensors."""
        model = self.model
        if model.layer.bias is None and self.columns_outnumber_rows:
            G, C = self.gram_matrices
            in_W = torch.baddbmm(C, model.weight(adapted[model.filter]), G, beta=-1)
            return {model.filter: model.filter_gradient(in_W)}
        errors = scale(self.Y) * self._errors(adapted)
        gradients = {model.filter: model.filter_gradient(errors @ self.X.mT)}
        if model.bias is not None:
            gradients[model.bias] = errors.sum(2)
        return gradients

    def _errors(self, adapted: Tensors) -> Float[Tensor, "tasks m columns"]:
        """``W X + b - Y``."""
        W = self.model.weight(adapted[self.model.filter])
        errors = torch.baddbmm(self.Y, W, self.X, beta=-1)
        bias = self.model.layer.bias
        if bias is None:
            return errors
        if self.model.bias is not None:
            bias = adapted[self.model.bias]
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
        factor = scale(self.Y)
        return factor * (self.X @ self.X.mT), factor * (self.Y @ self.X.mT)


def scale(Y: Float[Tensor, "tasks m columns"]) -> float:
    """2/N, with N the number of a task's targets."""
    return 2 / (Y.shape[1] * Y.shape[2])
