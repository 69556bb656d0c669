"""Symmetry matrices: the factorization vec(W) = U v as torch parametrizations."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.arguments import checked, shown
from .._utils.checks import (
    check_between,
    check_floating,
    check_not_negative,
    check_same_dtype,
    check_size,
)
from .base import SymmetryMatrix, standard_normal
from .kronecker import kronecker_apply, kronecker_sizes
from .weights import check_last_axes, check_whole_weight, checked_shape, solvable


class DenseSymmetry(SymmetryMatrix):
    """A symmetry matrix with a free entry for every weight and filter parameter.

    ``vec(W) = U v``, with row-major vec. Column j of U shows how the filter value
    ``v[j]`` is spread over the weight.

    Args:
        U: shape (number of entries of W, k).
        weight_shape: the shape of W.

    Raises:
        TypeError: U is no floating-point tensor, or the shape holds something else than
            integers.
        ValueError: U has NaN or infinity, no columns, or not a row per entry of W.
    """

    U: nn.Parameter

    @checked
    def __init__(self, U: Float[Tensor, "mn k"], weight_shape: Sequence[int]) -> None:
        super().__init__()
        weight_shape = checked_shape(weight_shape)
        check_floating("U", U)
        if len(U) != weight_shape.numel() or not U.shape[1]:
            raise ValueError(
                f"expected U of shape ({weight_shape.numel()}, k), a row per entry of a "
                f"weight of shape {tuple(weight_shape)}, got {tuple(U.shape)}"
            )
        # Column-major storage keeps each sharing pattern contiguous. The products
        # with thin matrices in the backward pass then run several times faster.
        self.U = nn.Parameter(U.detach().T.contiguous().T)
        self.weight_shape = weight_shape

    @classmethod
    @checked
    def initial(
        cls,
        weight: Float[Tensor, "*w"],
        filters: int | None,
        std: float,
        generator: torch.Generator,
    ) -> tuple["DenseSymmetry", Tensor]:
        """``U ~ N(0, std^2)`` and ``v ~ N(0, 1/m)``; see `SymmetryMatrix.initial`.

        Raises:
            TypeError, ValueError: as for `msr.reparameterize`.
        """
        check_not_negative(std=std)
        checked_shape(weight.shape)
        filters = weight.numel() if filters is None else filters
        check_between(1, weight.numel(), filters=filters)
        U = float(std) * standard_normal((weight.numel(), filters), generator, weight)
        v = standard_normal((filters,), generator, weight) / len(weight) ** 0.5
        return cls(U, weight.shape), v

    def forward(self, v: Float[Tensor, "*tasks k"]) -> Float[Tensor, "*tasks_and_weight"]:
        """The weight W with ``vec(W) = U v``.

        Raises:
            TypeError: the filter is no tensor of U's dtype.
            ValueError: it has another length.
        """
        U = self.U  # modules look up their parameters slowly
        check_last_axes("a filter", v, U.shape[1:], U.dtype)
        return F.linear(v, U).reshape(*v.shape[:-1], *self.weight_shape)

    def transpose_apply(
        self, weight: Float[Tensor, "*tasks_and_weight"]
    ) -> Float[Tensor, "*tasks k"]:
        """``U^T vec(W)``: from the gradient with respect to W to that of v.

        Raises:
            TypeError: the weight is no tensor of the matrix's dtype.
            ValueError: it has another shape.
        """
        U = self.U
        check_last_axes("a weight", weight, self.weight_shape, U.dtype)
        tasks = weight.shape[: weight.ndim - len(self.weight_shape)]
        return weight.reshape(*tasks, -1) @ U

    def normal_apply(
        self, weight: Float[Tensor, "*tasks_and_weight"]
    ) -> Float[Tensor, "*tasks_and_weight"]:
        """``U U^T vec(W)`` as a weight."""
        return F.linear(self.transpose_apply(weight), self.U).reshape(weight.shape)

    @torch.no_grad()
    def right_inverse(self, weight: Tensor) -> Float[Tensor, " k"]:
        """The filter whose weight is nearest to ``weight`` in least squares.

        Raises:
            TypeError: the weight is no tensor of the matrix's dtype.
            ValueError: it has another shape, or it or U has NaN or infinity.
        """
        check_whole_weight(weight, self.weight_shape, self.U.dtype)
        check_floating("U", self.U)
        # On the CPU, whose solver alone takes dependent columns.
        U, W = solvable(self.U.cpu()), solvable(weight.reshape(-1, 1).cpu())
        return torch.linalg.lstsq(U, W).solution[:, 0].to(weight)

    def matrix(self) -> Float[Tensor, "mn k"]:
        """U itself."""
        return self.U

    def extra_repr(self) -> str:  # noqa: D102
        return f"weight_shape={tuple(self.weight_shape)}, filters={self.U.shape[1]}"


class KroneckerSymmetry(SymmetryMatrix):
    """A symmetry matrix that is a Kronecker product of small square factors.

    ``vec(W) = (A (x) B) vec(V)`` for a linear layer, so ``W = A V B^T``, and
    ``vec(W) = (A (x) B (x) C) vec(V)`` for a convolution: A mixes output channels, B
    input channels and C kernel positions. The filter V has the shape of W. The
    factors hold m^2 + n^2 (+ s^2) numbers where a dense square U would hold (m n s)^2.

    Args:
        factors: square matrices; their sizes multiply to the number of weights, in
            the order (first axis, second axis, all remaining axes together).
        weight_shape: the shape of W.

    Raises:
        TypeError: a factor is no floating-point tensor, or the shape holds something else
            than integers.
        ValueError: the factors are not square, finite and of the weight's sizes.
    """

    factors: nn.ParameterList

    @checked
    def __init__(
        self, factors: Sequence[Float[Tensor, "_ _"]], weight_shape: Sequence[int]
    ) -> None:
        super().__init__()
        weight_shape = checked_shape(weight_shape)
        if len(weight_shape) < 2:
            raise ValueError(
                f"expected the shape of a weight with two axes or more, got "
                f"{tuple(weight_shape)}"
            )
        wanted = [(size, size) for size in kronecker_sizes(weight_shape)]
        if [tuple(factor.shape) for factor in factors] != wanted:
            raise ValueError(
                f"expected factors of shapes {wanted} for a weight of shape "
                f"{tuple(weight_shape)}, got {[tuple(f.shape) for f in factors]}"
            )
        for i, factor in enumerate(factors):
            check_floating(f"factors[{i}]", factor)
            check_same_dtype(f"factors[{i}]", factor, factors[0].dtype)
        self.factors = nn.ParameterList(nn.Parameter(f.detach().clone()) for f in factors)
        self.weight_shape = weight_shape

    @classmethod
    @checked
    def initial(
        cls,
        weight: Float[Tensor, "_ _ *w"],
        filters: int | None,
        std: float,
        generator: torch.Generator,
    ) -> tuple["KroneckerSymmetry", Tensor]:
        """Factors near the identity, and the weight; see `SymmetryMatrix.initial`.

        Raises:
            TypeError, ValueError: as for `msr.reparameterize`.
        """
        check_not_negative(std=std)
        checked_shape(weight.shape)
        if filters is not None:
            raise TypeError(f"expected no filters for {cls.__name__}, got {shown(filters)}")
        factors = [
            torch.eye(n).to(weight)
            + float(std) * standard_normal((n, n), generator, weight)
            for n in kronecker_sizes(weight.shape)
        ]
        return cls(factors, weight.shape), weight.detach().clone()

    def forward(self, v: Float[Tensor, "*tasks_and_v"]) -> Float[Tensor, "*tasks_and_v"]:
        """The weight W; the filter v has its shape.

        Raises:
            TypeError: it is no tensor of the factors' dtype.
            ValueError: it has another shape.
        """
        factors = list(self.factors)
        check_last_axes("a filter", v, self.weight_shape, factors[0].dtype)
        return kronecker_apply(factors, v, len(self.weight_shape))

    def transpose_apply(
        self, weight: Float[Tensor, "*tasks_and_v"]
    ) -> Float[Tensor, "*tasks_and_v"]:
        """``U^T vec(W)``: from the gradient with respect to W to that of v.

        Raises:
            TypeError: the weight is no tensor of the matrix's dtype.
            ValueError: it has another shape.
        """
        factors = [f.T for f in self.factors]
        check_last_axes("a weight", weight, self.weight_shape, factors[0].dtype)
        return kronecker_apply(factors, weight, len(self.weight_shape))

    def normal_apply(
        self, weight: Float[Tensor, "*tasks_and_v"]
    ) -> Float[Tensor, "*tasks_and_v"]:
        """``U U^T vec(W)`` as a weight, with the factors ``A A^T``, ``B B^T``, ...

        Raises:
            TypeError: the weight is no tensor of the matrix's dtype.
            ValueError: it has another shape.
        """
        squares = [f @ f.T for f in self.factors]
        check_last_axes("a weight", weight, self.weight_shape, squares[0].dtype)
        return kronecker_apply(squares, weight, len(self.weight_shape))

    @torch.no_grad()
    def right_inverse(self, weight: Tensor) -> Tensor:
        """The filter whose weight is nearest to ``weight`` in least squares.

        Raises:
            TypeError: the weight is no tensor of the matrix's dtype.
            ValueError: it has another shape, or it or a factor has NaN or infinity.
        """
        check_whole_weight(weight, self.weight_shape, self.factors[0].dtype)
        for factor in self.factors:
            check_floating("a factor", factor)
        return kronecker_apply(
            [torch.linalg.pinv(solvable(f)).to(f) for f in self.factors],
            weight,
            weight.ndim,
        )

    def matrix(self) -> Float[Tensor, "mn mn"]:
        """The Kronecker product of the factors, which no computation forms.

        Raises:
            ValueError: it would be too large.
        """
        numbers = self.weight_shape.numel()
        check_size("a symmetry matrix", numbers, numbers)
        product = self.factors[0]
        for factor in list(self.factors)[1:]:
            product = torch.kron(product, factor)
        return product

    def extra_repr(self) -> str:  # noqa: D102
        return f"weight_shape={tuple(self.weight_shape)}"
