"""A closed-form inner loop: the filter that fits the support set best."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import vmap

from .._utils.arguments import checked, shown
from .._utils.checks import check_positive
from .._utils.transforms import QuietVmap
from .base import SupportLoss, Tensors


@checked
@dataclass(frozen=True)
class Ridge:
    """Fit the support set by ridge regression, with a learned penalty.

    For a model linear in its adapted tensors v, and the mean squared error over the n
    numbers of the support targets y,

    ``v' = argmin_v |f(v) - y|^2 / n + lambda |v - v0|^2``
    ``= v0 + (J^T J + n lambda I)^-1 J^T (y - f(v0))``,

    where J is the derivative of the predictions f and v0 the initial value. The solve
    is differentiable: the outer loop learns U, v0 and lambda through it (closed-form
    inner loops as in Bertinetto et al. 2019). Any number of support examples will do,
    and there is no step size. Meant for filters, not for whole networks: time and
    memory grow with the number of adapted parameters times n, and the system solved
    has the size of the smaller of the two.

    Args:
        ridge: the value that lambda starts at, > 0. It is learned as its logarithm.
        learn_ridge: whether the outer loop learns it.

    Raises:
        TypeError: ``ridge`` is no number, or ``learn_ridge`` neither True nor False.
        ValueError: ``ridge`` is not positive and finite.
    """

    ridge: float = 1e-3
    learn_ridge: bool = True

    def __post_init__(self) -> None:
        check_positive(ridge=self.ridge)

    def init(self, adapted: Mapping[str, Float[Tensor, "*v"]]) -> nn.ParameterList:
        """The logarithm of lambda.

        Raises:
            TypeError: ``adapted`` is no dict of floating-point tensors.
            ValueError: it is empty, or a tensor is sparse.
        """
        _check_not_empty(adapted)
        like = next(iter(adapted.values()))
        log_ridge = like.new_tensor(math.log(self.ridge))
        return nn.ParameterList([nn.Parameter(log_ridge, requires_grad=self.learn_ridge)])

    def check(self, loss: SupportLoss, adapted: dict[str, Float[Tensor, "*v"]]) -> None:
        """Raise unless predictions are linear in v and the loss is the squared error.

        Raises:
            TypeError: an argument is of the wrong type, or the targets are labels.
            ValueError: they are not (tried at two random points), or their number is not
                that of the targets.
        """
        v0, f = _predictions(loss, adapted)
        _target(loss, f(v0))
        start, J = _linearize(f, v0)
        generator = torch.Generator().manual_seed(0)
        step = torch.randn(len(v0), generator=generator, dtype=v0.dtype, device="cpu")
        step = step.to(v0.device)
        for move in (step, -2 * step):
            _expect_close(
                "predictions linear in the adapted tensors",
                f(v0 + move),
                start + J @ move,
                sorted(adapted),
            )
        error = f(v0) - _target(loss, start)
        squares = error.square().mean()
        _expect_close("the mean squared error", loss(adapted), squares, sorted(adapted))

    def adapt(
        self,
        loss: SupportLoss,
        adapted: dict[str, Float[Tensor, "*v"]],
        meta_parameters: nn.ParameterList,
        first_order: bool = False,
    ) -> Tensors:
        """Solve for the adapted tensors.

        Args:
            loss: the support loss.
            adapted: the initial values v0.
            meta_parameters: log lambda from `init`.
            first_order: treat the step from v0 as a constant in the outer loop.

        Returns:
            the adapted tensors, under the same names.

        Raises:
            TypeError: an argument is of the wrong type, or the targets are labels.
            ValueError: ``meta_parameters`` are not one number, nothing adapts, or there
                are not as many predictions as targets.
        """
        log_ridge = _one_number(meta_parameters)
        v0, f = _predictions(loss, adapted)
        start, J = _linearize(f, v0)
        penalty = len(start) * log_ridge.exp()
        step = _ridge_regression(J, _target(loss, start) - start, penalty)
        return _unflatten(v0 + (step.detach() if first_order else step), adapted)


def _check_not_empty(adapted: Mapping[str, Tensor]) -> None:
    if not adapted:
        raise ValueError("expected at least one tensor that adapts, got none")


def _one_number(meta_parameters: nn.ParameterList) -> Tensor:
    shapes = [tuple(p.shape) for p in meta_parameters]
    if shapes != [()]:
        raise ValueError(
            f"expected one number in meta_parameters, from Ridge.init, got tensors of "
            f"shapes {shown(shapes)}"
        )
    return next(iter(meta_parameters))


def _target(loss: SupportLoss, prediction: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """All targets, one for each number predicted."""
    target = loss.target
    if not target.is_floating_point():
        raise TypeError(
            f"expected floating-point targets for msr.Ridge, got {target.dtype}: "
            f"msr.GradientDescent(...) takes class labels too"
        )
    if target.numel() != len(prediction):
        raise ValueError(
            f"expected predictions of the targets' shape, (examples, ...) = "
            f"{tuple(target.shape)}, for msr.Ridge, got {len(prediction)} numbers"
        )
    return target.flatten()


def _ridge_regression(
    J: Float[Tensor, "n k"], residual: Float[Tensor, " n"], penalty: Float[Tensor, ""]
) -> Float[Tensor, " k"]:
    """``(J^T J + p I)^-1 J^T r = J^T (J J^T + p I)^-1 r``, by the smaller system."""
    (n, k), dtype = J.shape, J.dtype
    if dtype in (torch.float16, torch.bfloat16):  # for which there is no solver
        J, residual, penalty = J.float(), residual.float(), penalty.float()
        return _ridge_regression(J, residual, penalty).to(dtype)
    eye = penalty * torch.eye(min(n, k), dtype=J.dtype, device=J.device)
    if k <= n:
        return torch.linalg.solve(J.T @ J + eye, J.T @ residual)
    return J.T @ torch.linalg.solve(J @ J.T + eye, residual)


def _predictions(
    loss: SupportLoss, adapted: Tensors
) -> tuple[Float[Tensor, " k"], Callable[[Tensor], Tensor]]:
    """All adapted tensors as one vector, and the predictions as a function of it."""
    _check_not_empty(adapted)
    v0 = torch.cat([tensor.flatten() for tensor in adapted.values()])
    return v0, lambda v: loss.predict(_unflatten(v, adapted)).flatten()


def _linearize(
    f: Callable[[Tensor], Tensor], v0: Float[Tensor, " k"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n k"]]:
    """f(v0) and the matrix of the affine f, from its values one unit step away."""
    start = f(v0)
    units = torch.eye(len(v0), dtype=v0.dtype, device=v0.device)
    with QuietVmap():
        moved = vmap(lambda e: f(v0 + e))(units)
    return start, (moved - start).T


def _unflatten(v: Float[Tensor, " k"], like: Tensors) -> Tensors:
    pieces = v.split([tensor.numel() for tensor in like.values()])
    return {
        name: piece.reshape(tensor.shape)
        for (name, tensor), piece in zip(like.items(), pieces)
    }


def _expect_close(what: str, found: Tensor, expected: Tensor, names: list[str]) -> None:
    digits = max(1e-3, 16 * torch.finfo(expected.dtype).eps)
    slack = digits * expected.abs().max() + 1e-6
    if not bool(((found - expected).abs() <= slack).all()):
        worst = int((found - expected).abs().argmax())
        raise ValueError(
            f"expected {what} for the closed form of msr.Ridge, with {names} adapting: "
            f"{float(expected.flatten()[worst]):.4g}, got "
            f"{float(found.flatten()[worst]):.4g}. msr.GradientDescent(...) has no such "
            f"condition."
        )
