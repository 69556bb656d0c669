"""The inner loop in the space of weights, for networks of any depth.

A step of the filter, ``v' = v - alpha U^T g`` with g the gradient in vec(W), moves the
weight by ``W' = W - alpha U U^T g``. Without the filters the first W is computed once
for all tasks, and a step needs ``U U^T`` only: for Kronecker factors that is again a
Kronecker product, ``A A^T (x) B B^T (x) C C^T``, hence one product in place of two.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap

from .._utils.transforms import QuietVmap
from ..inner_loops.base import LocalShape, Loss, SupportLoss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..symmetry.base import SymmetryMatrix
from ..symmetry.matrices import DenseSymmetry, KroneckerSymmetry
from ..symmetry.reparameterization import symmetry_matrices
from ..vectorization.inspection import is_of_torch

Symmetries = Mapping[str, SymmetryMatrix]
# Where torch keeps a filter in a parametrized layer.
ORIGINAL = ".original"


@dataclass(frozen=True)
class WeightSpaceLoss(SupportLoss):
    """`SupportLoss` of weights, with the direction in which filters move them.

    Args:
        predict, target, loss, highest: as in `SupportLoss`; ``predict`` takes weights.
        symmetries: by the names of the filters.
    """

    symmetries: Symmetries = field(default_factory=dict)

    def gradient(self, adapted: Tensors) -> Tensors:
        """``U U^T`` times the gradient in each weight; other gradients as they are."""
        gradients = super().gradient(adapted)
        return {
            name: self.symmetries[name].normal_apply(g) if name in self.symmetries else g
            for name, g in gradients.items()
        }

    def local_shape(self, adapted: Tensors) -> LocalShape:
        """The loss around these weights, as a function of the filters."""
        in_weights = super().local_shape(adapted)
        slope = self._pulled_back(in_weights.slope)

        def product(direction: Tensors) -> Tensors:
            return self._pulled_back(in_weights.product(self._pushed_forward(direction)))

        return LocalShape(self._pushed_forward(slope), slope, product)

    def _pushed_forward(self, filters: Tensors) -> Tensors:
        """``U`` times each filter; other tensors as they are."""
        return {
            name: self.symmetries[name](v) if name in self.symmetries else v
            for name, v in filters.items()
        }

    def _pulled_back(self, gradients: Tensors) -> Tensors:
        """``U^T`` times the gradient in each weight; other gradients as they are."""
        return {
            name: self.symmetries[name].transpose_apply(g) if name in self.symmetries else g
            for name, g in gradients.items()
        }


@dataclass(frozen=True, eq=False)
class WeightSpace:
    """Query losses of reparameterized networks by gradient descent of their weights.

    Args:
        model: the learner's.
        names: what adapts.
        inner: the inner loop.
        loss: the loss.
        highest: the largest class label of all tasks, where targets are labels.
    """

    model: nn.Module
    names: tuple[str, ...]
    inner: GradientDescent
    loss: Loss
    highest: int | None = None

    def query_losses(
        self,
        adapted: Tensors,
        step_sizes: nn.ParameterList,
        first_order: bool,
        *tensors: Tensor,
    ) -> Float[Tensor, " tasks"] | None:
        """The query loss of each task; None in first order or without known symmetries.

        In first order the step ``U^T g`` of the filter counts as constant, but not U in
        the weight that it gives. For the arguments see `msr.fast_paths.choice`.
        """
        symmetries = {} if first_order else self._symmetries()
        if not symmetries:
            return None
        start = {
            name: symmetries[name](tensor) if name in symmetries else tensor
            for name, tensor in adapted.items()
        }

        def loss_on(x: Tensor, y: Tensor) -> WeightSpaceLoss:
            predict = partial(self._predict, symmetries, x)
            return WeightSpaceLoss(predict, y, self.loss, self.highest, symmetries)

        def query_loss(x: Tensor, y: Tensor, x_query: Tensor, y_query: Tensor) -> Tensor:
            weights = self.inner.adapt(loss_on(x, y), start, step_sizes)
            return loss_on(x_query, y_query)(weights)

        with QuietVmap():
            return vmap(query_loss, randomness="different")(*tensors)

    def _predict(self, symmetries: Symmetries, x: Tensor, weights: Tensors) -> Tensor:
        with _without_parametrization(self.model, symmetries):
            return functional_call(self.model, weights, (x,))

    def _symmetries(self) -> dict[str, SymmetryMatrix]:
        """The symmetry matrix of each filter that adapts, by the filter's name.

        None at all unless each weight is just ``reshape(U v)``, parameters and symmetries
        have one use each, and all modules are torch's: others may read a filter.
        """
        found = {}
        modules = dict(self.model.named_modules(remove_duplicate=False))
        if not all(map(is_of_torch, modules.values())):
            return {}
        parameters = [id(p) for _, p in self.model.named_parameters(remove_duplicate=False)]
        if len(set(parameters)) < len(parameters):
            return {}
        uses = Counter(map(id, modules.values()))
        for name, symmetry in symmetry_matrices(self.model):
            chain, _, _ = name.rpartition(".")
            steps = cast(nn.ModuleList, modules[chain])
            known = type(symmetry) in (DenseSymmetry, KroneckerSymmetry)
            if not known or len(steps) > 1:
                return {}
            if uses[id(symmetry)] > 1:
                return {}
            if f"{chain}{ORIGINAL}" in self.names:
                found[f"{chain}{ORIGINAL}"] = symmetry
        return found


@contextmanager
def _without_parametrization(model: nn.Module, symmetries: Symmetries) -> Iterator[None]:
    """Let a model take weights in the place of its filters."""
    nothing = nn.Identity()
    chains = {
        name: cast(nn.ModuleList, model.get_submodule(name.removesuffix(ORIGINAL)))
        for name in symmetries
    }
    for steps in chains.values():
        steps[0] = nothing
    try:
        yield
    finally:
        for name, steps in chains.items():
            steps[0] = symmetries[name]
