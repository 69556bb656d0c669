"""Inner loops that stand beside those of MSR and MAML in the comparisons on real data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..inner_loops.base import SupportLoss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.ridge import Ridge


@dataclass(frozen=True, repr=False)
class MetaSGD(GradientDescent):
    """Gradient descent with a learned step size for every number that adapts.

    Li et al. (2017). Step sizes may become negative, as there.
    """

    def init(self, adapted: Mapping[str, Tensor]) -> nn.ParameterList:
        """A step size for each entry of each tensor."""
        starts = self._starts(list(adapted))
        return nn.ParameterList(
            torch.full_like(tensor, starts[name]) for name, tensor in adapted.items()
        )

    def _at_each_step(self, lr: Tensor) -> Sequence[Tensor]:
        return [lr] * self.steps


@dataclass(frozen=True)
class Prototypes:
    """Classify by the nearest mean of support features (Snell, Swersky, Zemel 2017).

    Adapts a linear head, given as ``head``: with c_k the mean over the support examples of
    class k of what the head is given, ``-|z - c_k|^2`` is, up to what all classes share,
    ``2 c_k z - |c_k|^2``: the weight's row k is ``2 c_k`` and the bias ``-|c_k|^2``. The
    means come out of the model as the derivative of its outputs with respect to the head's
    weight, averaged over each class. Initial values of the head have no influence.

    Args:
        head: the head's name in the model; its weight and bias are what adapts.
    """

    head: str = "head"

    def init(self, adapted: Mapping[str, Tensor]) -> nn.ParameterList:
        """Nothing."""
        return nn.ParameterList()

    def adapt(
        self,
        loss: SupportLoss,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Tensors:
        """The head whose rows are the classes' means."""
        weight, bias = f"{self.head}.weight", f"{self.head}.bias"
        classes = torch.arange(len(adapted[bias]), device=loss.target.device)
        member = (loss.target[:, None] == classes).to(adapted[weight].dtype)
        _, back, *_ = torch.func.vjp(
            lambda W: loss.predict(adapted | {weight: W}), adapted[weight]
        )
        (means,) = back(member / member.sum(0))
        return {weight: 2 * means, bias: -means.flatten(1).square().sum(1)}


@dataclass(frozen=True)
class RidgeFromZero(Ridge):
    """Ridge regression that shrinks towards zero, whatever the initial filter is."""

    def adapt(
        self,
        loss: SupportLoss,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Tensors:
        """Solve for the adapted tensors; see `msr.Ridge`."""
        zeros = {name: torch.zeros_like(tensor) for name, tensor in adapted.items()}
        return super().adapt(loss, zeros, meta_parameters, first_order)


@dataclass(frozen=True)
class RowsRidge(Ridge):
    """`RidgeFromZero` for one square linear layer without bias, row by row.

    All rows of the weight share one system of the number of inputs, where `msr.Ridge`
    solves one of the number of weights.
    """

    def adapt(
        self,
        loss: SupportLoss,
        adapted: Tensors,
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Tensors:
        """``W^T = (X^T X + n lambda I)^-1 X^T Y``, n being the numbers in Y."""
        ((name, W),) = adapted.items()
        eye = torch.eye(len(W), dtype=W.dtype, device=W.device)
        X = loss.predict({name: eye})  # the identity's outputs are the inputs
        penalty = loss.target.numel() * meta_parameters[0].exp()
        return {name: torch.linalg.solve(X.T @ X + penalty * eye, X.T @ loss.target).T}
