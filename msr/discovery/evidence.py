"""How likely data are if a linear layer has a given symmetry."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import checked
from .._utils.checks import check_positive
from .problem import Problem, checked_problem
from .rotation import Basis, Rotation, own_spectrum, posterior_mean, rotations
from .spaces import checked_basis
from .type_two import Maximum, maximum

# Of a soft symmetry: exact, by steps of a third, none.
SOFTNESS = (0.0, *np.geomspace(1e-5, 1, 41).tolist())


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """What `msr.evidence` found.

    Attributes:
        log_evidence: ``log p(y | x, U)``, with the noise and width below.
        dimension: the number of free weights, the dimension of the span of U.
        noise: the standard deviation s of the noise.
        width: the prior standard deviation t of the weights.
        softness: the share of the prior variance that weights outside the span have: 0 for
            an exact symmetry, 1 for none.
        weight: the mean of the weights, given the data; shape (m, n), or
            (channels, m, n).
    """

    log_evidence: float
    dimension: int
    noise: float
    width: float
    softness: float
    weight: Float[Tensor, "... m n"]

    def __repr__(self) -> str:
        soft = f", softness={self.softness:.3g}" if self.softness else ""
        return (
            f"Evidence(log_evidence={self.log_evidence:.2f}, dimension={self.dimension}, "
            f"noise={self.noise:.3g}, width={self.width:.3g}{soft})"
        )


@checked(by_hand=["U", "x", "y", "mean"])
def evidence(
    U: Float[Tensor, "mn k"] | nn.Module | tuple | None,
    x: Float[Tensor, "*channels examples n"],
    y: Float[Tensor, "*shape"],
    *,
    noise: float | None = None,
    width: float | None = None,
    mean: Float[Tensor, "*prior m n"] | None = None,
    soft: bool = False,
) -> Evidence:
    """The exact log marginal likelihood of a linear layer whose weights U shares.

    ``y = W x + noise`` for every example, ``vec(W) = vec(mean) + Q v`` with Q an
    orthonormal basis of the span of U, ``v ~ N(0, t^2 I)``, and noise ``N(0, s^2 I)``.
    The weights are integrated out:

    ``log p(y | x, U) = log N(y; Phi vec(mean), s^2 I + t^2 Phi Q Q^T Phi^T)``,

    with Phi the design, ``W x = Phi vec(W)`` (MacKay 1992). What is not given of s and t
    is chosen to make this largest. Only the span of U matters, not its columns.

    Several channels share U; each has a v of its own, and all have the same s and t. There
    is no constant: take means off x and y first if they are not zero. Noise below 1e-5 of
    the root mean square of y counts as rounding: data that are explained exactly would
    have infinite evidence.

    Args:
        U: a symmetry matrix, as `msr.compare_symmetries` takes it; None for all weights
            free.
        x: inputs, shape (examples, n), or (channels, examples, n) if they differ.
        y: outputs, shape (examples, m), (channels, examples, m), or (examples,) for m = 1.
        noise: the standard deviation s of the noise, in units of y.
        width: the prior standard deviation t of every v.
        mean: of the prior, shape (m, n), or (channels, m, n); default: zero.
        soft: whether weights outside the span may be small, not zero: the prior covariance
            is ``t^2 ((1 - c) Q Q^T + c I)``, and the softness c is the best of 0 and 41
            values from 1e-5 to 1.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: shapes do not fit, there is NaN or infinity, nothing is left of y
            without the mean, or noise or width is not positive.

    Example:
        >>> import msr, torch
        >>> x, shift = torch.randn(20, 4), torch.eye(4).roll(1, 0)
        >>> shared = msr.group_convolution_matrix(msr.cyclic(4))
        >>> y = x @ shift.T + 0.1 * torch.randn(20, 4)
        >>> found = msr.evidence(shared, x, y)
        >>> found.log_evidence > msr.evidence(None, x, y).log_evidence
        True
    """
    given = {"noise": noise, "width": width}
    check_positive(**{name: value for name, value in given.items() if value is not None})
    problem = checked_problem(x, y, mean)
    basis = checked_basis("U", U, problem.shape)
    return fitted(problem, basis, noise, width, SOFTNESS if soft else (0.0,))


def fitted(
    problem: Problem,
    basis: Basis | None,
    noise: float | None = None,
    width: float | None = None,
    softness: tuple[float, ...] = (0.0,),
) -> Evidence:
    """The evidence of a space of weights, the softness being one of some values."""
    if basis is None:
        softness = (0.0,)
    best: tuple[float, float, tuple[Rotation, ...], Maximum] | None = None
    for c in softness:
        turns = rotations(problem, basis, c)
        found = maximum(own_spectrum(problem, turns), noise, width)
        value = float(found.log_evidence[0])
        if best is None or value > best[0]:
            best = value, c, turns, found
    assert best is not None
    value, c, turns, found = best
    weight = posterior_mean(problem, turns, basis, c, found)
    m, n = problem.shape
    s = float(found.noise[0])
    return Evidence(
        log_evidence=value + problem.constant,
        dimension=m * n if basis is None else basis.shape[1],
        noise=s,
        width=s * math.sqrt(float(found.ratio[0])) if width is None else width,
        softness=1.0 if basis is None else c,
        weight=_like(weight, problem),
    )


def _like(
    weight: Float[np.ndarray, "channels m n"], problem: Problem
) -> Float[Tensor, "*shape"]:
    shape = problem.weight_shape or problem.shape
    leading = () if problem.single else weight.shape[:1]
    return problem.like.new_tensor(weight).reshape(*leading, *shape)
