"""Winds on a ring: the methods, and how a cell of their table is measured."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..groups.catalogue import cyclic
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.ridge import Ridge
from ..meta.evaluation import meta_test
from ..meta.learner import MetaLearner
from ..symmetry.base import SymmetryMatrix, standard_normal
from ..symmetry.known import group_convolution_matrix
from ..symmetry.matrices import DenseSymmetry
from ..symmetry.projection import symmetrise
from ..symmetry.reparameterization import reparameterize, symmetry_matrices
from ..tasks.ring_winds import RingWinds
from ..tasks.wind_fields import BLOCKS, FOLDS, LONGITUDES
from .methods import Method, by_name, fit_inner_loop
from .rivals import RidgeFromZero, RowsRidge
from .squares import target_squares

REFIT_STEPS = 200


class CirculantPrior(SymmetryMatrix):
    """``U = B M``: circular convolutions B, with a learned M that says which are near.

    Every weight is a circular convolution. M decides how far each direction of filters
    moves under ridge regression, which is a prior on them.

    Args:
        B: shape (number of entries of W, k), fixed.
        M: shape (k, k), learned.
        weight_shape: the shape of W.
    """

    def __init__(self, B: Tensor, M: Tensor, weight_shape: torch.Size) -> None:
        super().__init__()
        self.register_buffer("B", B)
        self.M = nn.Parameter(M)
        self.weight_shape = weight_shape

    @classmethod
    def initial(
        cls,
        weight: Tensor,
        filters: int | None,
        std: float,
        generator: torch.Generator,
    ) -> tuple["CirculantPrior", Tensor]:
        """Random M, with the entries that a projected random U would have."""
        n = len(weight)
        B = group_convolution_matrix(cyclic(n)).to(weight) / n**0.5
        M = std * standard_normal((n, n), generator, weight)
        v = standard_normal((n,), generator, weight) / n**0.5
        return cls(B, M, weight.shape), v

    def matrix(self) -> Tensor:
        """``B M``."""
        return cast(Tensor, self.B) @ self.M

    def forward(self, v: Tensor) -> Tensor:
        """The weight ``reshape(B M v)``."""
        return (cast(Tensor, self.B) @ (self.M @ v)).reshape(self.weight_shape)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The filter whose weight is nearest."""
        return torch.linalg.pinv(self.matrix()) @ weight.flatten()


def linear(tasks: RingWinds, seed: int = 0) -> nn.Module:
    """From a ring to a ring, without bias."""
    return nn.Sequential(nn.Linear(LONGITUDES, LONGITUDES, bias=False))


def shared_linear(tasks: RingWinds, seed: int = 0, filters: int = 8) -> nn.Module:
    """With a dense U."""
    return reparameterize(linear(tasks), filters, std=0.1, seed=seed)


def circulant(tasks: RingWinds, seed: int = 0) -> nn.Module:
    """Circular convolution, and no learned U."""
    model = shared_linear(tasks, seed, LONGITUDES)
    for _, symmetry in symmetry_matrices(model):
        with torch.no_grad():
            symmetry.matrix().copy_(tasks.symmetry_matrix())
        symmetry.requires_grad_(False)
    return model


def circulant_with_prior(tasks: RingWinds, seed: int = 0) -> nn.Module:
    """Circular convolution with a learned prior on its filters."""
    model = reparameterize(
        linear(tasks), LONGITUDES, factorization=CirculantPrior, std=0.1, seed=seed
    )
    for _, symmetry in symmetry_matrices(model):
        cast(Tensor, symmetry.B).copy_(tasks.symmetry_matrix())
    return model


@dataclass(frozen=True)
class Symmetrised(Method):
    """A method whose learned U is projected on circular convolutions after training.

    The initial filter and the penalty are then learned anew, with U as it is.
    """

    def fit(
        self,
        tasks: Any,
        steps: int = 1000,
        seed: int = 0,
        *,
        device: torch.device | str | None = None,
        progress: bool = True,
    ) -> MetaLearner:
        """A learner, trained, and symmetrised; see `Method.fit`."""
        learner = super().fit(tasks, steps, seed, device=device, progress=progress)
        for _, symmetry in symmetry_matrices(learner.model):
            U = cast(DenseSymmetry, symmetry).U
            with torch.no_grad():
                U.copy_(symmetrise(U.detach(), tasks.rotations().to(U.device, U.dtype)))
        fit_inner_loop(learner, tasks, REFIT_STEPS, seed=seed, progress=progress)
        return learner


_method = partial(Method, lr=1e-2, decay="cosine")
_ridge = Ridge(0.03)

WINDS = by_name(
    _method("Ridge", linear, RowsRidge(0.03)),
    _method("Circulant-Ridge", circulant, RidgeFromZero(0.03)),
    _method("Circulant-Prior", circulant_with_prior, _ridge),
    _method("MAML", linear, GradientDescent(steps=5, lr=0.3)),
    _method("MSR-8", shared_linear, _ridge),
    _method("MSR-24", partial(shared_linear, filters=LONGITUDES), _ridge),
    Symmetrised(
        "MSR-24-Symmetrised",
        partial(shared_linear, filters=LONGITUDES),
        _ridge,
        lr=1e-2,
        decay="cosine",
    ),
)


def measure_winds(
    method: Method,
    tasks: RingWinds,
    steps: int,
    seed: int,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """Train and test in each of the three folds.

    Returns:
        ready for JSON: ``mse``, the squared error of all test tasks together over that of
        predicting zero; ``ci95``, half the width of its interval over latitude blocks; and
        ``units``: for each of the nine blocks, in order, the sum of its tasks' errors
        (``top``) and of those of predicting zero (``bottom``). `msr.contrast` draws blocks
        and seeds from these.
    """
    top, bottom = [0.0] * BLOCKS, [0.0] * BLOCKS
    for fold in range(FOLDS):
        of_fold = replace(tasks, fold=fold)
        learner = method.fit(of_fold, steps, seed, device=device, progress=False)
        losses = meta_test(learner, of_fold, progress=False).losses.tolist()
        zeros = target_squares(of_fold).tolist()
        places = of_fold.places("test", range(len(losses)))
        for place, loss, zero in zip(places, losses, zeros, strict=True):
            top[place.block] += loss
            bottom[place.block] += zero
    shares = torch.tensor(top, dtype=torch.float64) / torch.tensor(bottom)
    return {
        "mse": sum(top) / sum(bottom),
        "ci95": 1.96 * float(shares.std()) / BLOCKS**0.5,
        "units": {"top": top, "bottom": bottom},
    }
