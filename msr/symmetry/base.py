"""What a symmetry matrix is to torch: a parametrization from a filter to a weight."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SymmetryMatrix(nn.Module):
    """Base class of parametrizations that map a filter v to a weight W.

    Every parameter of a subclass belongs to the symmetry and is shared by all tasks;
    `msr.MetaLearner` adapts the filter and never these. A subclass implements
    ``forward`` (v to W), ``right_inverse`` (W to the nearest v, used when a weight is
    assigned) and ``matrix`` (U as an explicit matrix). That is enough for meta-learning.
    With ``initial`` it can be given to ``msr.reparameterize(factorization=...)``. For
    example a U of low rank, ``W = reshape(A B v)``::

        class LowRank(msr.SymmetryMatrix):
            def __init__(self, A, B, weight_shape):
                super().__init__()
                self.A, self.B = nn.Parameter(A), nn.Parameter(B)
                self.weight_shape = weight_shape

            @classmethod
            def initial(cls, weight, filters, std, generator):
                A = std * torch.randn(weight.numel(), 2, generator=generator)
                B = torch.randn(2, filters, generator=generator)
                v = torch.randn(filters, generator=generator)
                return cls(A.to(weight), B.to(weight), weight.shape), v.to(weight)

            def matrix(self):
                return self.A @ self.B

            def forward(self, v):
                return (self.A @ (self.B @ v)).reshape(self.weight_shape)

            def right_inverse(self, weight):
                return torch.linalg.pinv(self.matrix()) @ weight.flatten()

        msr.reparameterize(model, filters=5, factorization=LowRank)

    `msr.DenseSymmetry` and `msr.KroneckerSymmetry` do more, which the fast paths of
    meta-learning need: ``transpose_apply`` and ``normal_apply``, and all of their methods
    take a filter or weight for each of several tasks, along leading axes. A subclass of
    your own goes the plain way and needs neither.
    """

    weight_shape: torch.Size

    @classmethod
    def initial(
        cls,
        weight: Tensor,
        filters: int | None,
        std: float,
        generator: torch.Generator,
    ) -> tuple["SymmetryMatrix", Tensor]:
        """The symmetry matrix and the filter that a layer with this weight starts with.

        Args:
            weight: the layer's so far; not to be changed.
            filters: the number of filter parameters, if the caller says one.
            std: standard deviation of what is random in U.
            generator: on the CPU, for what is random.
        """
        raise NotImplementedError

    def matrix(self) -> Float[Tensor, "mn k"]:
        """The symmetry matrix U, with ``vec(W) = U vec(v)``."""
        raise NotImplementedError

    def transpose_apply(self, weight: Tensor) -> Tensor:
        """``U^T vec(W)`` as a filter."""
        raise NotImplementedError

    def normal_apply(self, weight: Tensor) -> Tensor:
        """``U U^T vec(W)`` as a weight."""
        raise NotImplementedError


def standard_normal(
    shape: tuple[int, ...], generator: torch.Generator, like: Tensor
) -> Tensor:
    """Standard normal numbers, drawn on the CPU so that no device changes them."""
    numbers = torch.randn(shape, generator=generator, dtype=like.dtype, device="cpu")
    return numbers.to(like.device)
