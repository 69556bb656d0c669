"""Symmetry matrices: the factorization vec(W) = U v as torch parametrizations."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.arguments import checked, shown
from .._utils.checks import check_at_least, check_floating, check_same_dtype, check_size
from .kronecker import kronecker_apply, kronecker_sizes

MOST_AXES = 10


class SymmetryMatrix(nn.Module):
    """Base class of parametrizations that map a filter v to a weight W.

    Every parameter of a subclass belongs to the symmetry and is shared by all tasks;
    `msr.MetaLearner` adapts the filter and never these. A subclass implements
    ``forward`` (v to W), ``right_inverse`` (W to the nearest v, used when a weight is
    assigned) and ``matrix`` (U as an explicit matrix). That is enough for meta-learning.

    `msr.DenseSymmetry` and `msr.KroneckerSymmetry` do more, which the fast paths of
    meta-learning need: ``transpose_apply`` and ``normal_apply``, and all of their methods
    take a filter or weight for each of several tasks, along leading axes. A subclass of
    your own goes the plain way and needs neither.
    """

    weight_shape: torch.Size

    def matrix(self) -> Float[Tensor, "mn k"]:
        """The symmetry matrix U, with ``vec(W) = U vec(v)``."""
        raise NotImplementedError

    def transpose_apply(self, weight: Tensor) -> Tensor:
        """``U^T vec(W)`` as a filter."""
        raise NotImplementedError

    def normal_apply(self, weight: Tensor) -> Tensor:
        """``U U^T vec(W)`` as a weight."""
        raise NotImplementedError


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
        U, W = _solvable(self.U.cpu()), _solvable(weight.reshape(-1, 1).cpu())
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
            [torch.linalg.pinv(_solvable(f)).to(f) for f in self.factors],
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


def _solvable(matrix: Tensor) -> Tensor:
    """In a dtype that solvers take, which is not one of half precision."""
    return matrix.to(torch.promote_types(matrix.dtype, torch.float32))


def checked_shape(shape: Sequence[int]) -> torch.Size:
    """The shape of a weight.

    Raises:
        ValueError: an axis is empty, there is none, or the weight would be too large.
    """
    if not 1 <= len(shape) <= MOST_AXES:
        raise ValueError(
            f"expected the shape of a weight with 1 to {MOST_AXES} axes, got {shown(shape)}"
        )
    for size in shape:
        check_at_least(1, axis=size)
    check_size("a weight", *shape)
    return torch.Size(shape)


def check_last_axes(
    name: str, tensor: Tensor, shape: torch.Size, dtype: torch.dtype
) -> None:
    """Raise unless the tensor's last axes, after any over tasks, have these sizes."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected {name} to be a tensor, got {shown(tensor)}")
    if tensor.shape[-len(shape) :] != shape:
        raise ValueError(
            f"expected {name} whose last axes have the shape {tuple(shape)}, got "
            f"{tuple(tensor.shape)}"
        )
    check_same_dtype(name, tensor, dtype)


def check_whole_weight(weight: Tensor, shape: torch.Size, dtype: torch.dtype) -> None:
    """Raise unless this is a weight of that shape."""
    check_floating("a weight", weight)
    if weight.shape != shape:
        raise ValueError(
            f"expected a weight of shape {tuple(shape)}, got {tuple(weight.shape)}"
        )
    check_same_dtype("a weight", weight, dtype)
