"""The step sizes of gradient descent on quadratic functions, and what bounds them.

What `msr.inner_loops.curvature` computes for any loss, for ``g = v H - c`` as the gradient
(for the shapes see `msr.fast_paths`): with one tensor that adapts the step size cancels
from the power iteration, and

``h = |p_6| / |p_5|`` with ``p_t = g H^t``.

Its adjoint needs no graph. H is symmetric, so the adjoint of p_t is
``l_t = h (p_(12-t) / |p_6|^2 - p_(10-t) / |p_5|^2)``, without the second term for t = 6;
then ``grad_g = l_0`` and ``grad_H = sum_t p_t^T l_(t+1)``.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..inner_loops.curvature import PRODUCTS, at_most


class Bound(NamedTuple):
    """What the step size of a task is bounded by.

    Attributes:
        value: of step size times curvature.
        first_order: whether the curvature counts as constant.
        by_hessian: whether the length of v is ``v H v^T``, up to a factor; else ``v v^T``.
            Then v starts at zero, and H is given.
    """

    value: float
    first_order: bool
    by_hessian: bool = False


class Krylov(NamedTuple):
    """The power iteration, of H divided by a number of its size.

    Attributes:
        scale: that number, which counts as constant: h is homogeneous in H.
        H: divided by it.
        powers: p_0 to p_6, and p_7 where lengths are by the Hessian.
        squares: of the lengths of p_5 and p_6.
        h: the curvature.
    """

    scale: Float[Tensor, "tasks 1 1"]
    H: Float[Tensor, "tasks s s"]
    powers: list[Tensor]
    squares: tuple[Tensor, Tensor]
    h: Float[Tensor, "tasks 1 1"]

    @classmethod
    def of(
        cls,
        g: Float[Tensor, "tasks r s"],
        H: Float[Tensor, "tasks s s"],
        by_hessian: bool,
    ) -> "Krylov":
        """The iteration from g."""
        scale = torch.linalg.vector_norm(H.detach(), dim=(1, 2), keepdim=True)
        scale = _at_least_tiny(scale)
        H = H / scale
        powers = [g]
        for _ in range(PRODUCTS + by_hessian):
            powers.append(torch.bmm(powers[-1], H))
        before, last = powers[PRODUCTS - 1 : PRODUCTS + 1]
        if by_hessian:
            squares = _dot(before, last), _dot(last, powers[-1])
        else:
            squares = _dot(before, before), _dot(last, last)
        squares = _at_least_tiny(squares[0]), _at_least_tiny(squares[1])
        return cls(scale, H, powers, squares, scale * (squares[1] / squares[0]).sqrt())

    def adjoint(
        self, grad_h: Float[Tensor, "tasks 1 1"], by_hessian: bool
    ) -> tuple[Float[Tensor, "tasks r s"], Float[Tensor, "tasks s s"] | None]:
        """From the gradient with respect to h, those to g and, unless it is given, to H."""
        squared = torch.bmm(self.H, self.H)
        sixth = torch.bmm(torch.bmm(squared, squared), squared)
        r = self.powers[0].shape[1]
        first, second = (self.h / self.scale * grad_h / n for n in reversed(self.squares))
        if by_hessian:
            last, p_11 = self.powers[-1], torch.bmm(self.powers[5], sixth)
            p_13 = torch.bmm(last, sixth)
            return self.scale * (first * p_13 - second * p_11), None
        low = torch.cat(self.powers, 1)  # p_0 to p_6
        high = torch.bmm(low[:, r:], sixth)  # p_7 to p_12
        both = torch.cat([low, high], 1).unflatten(1, (-1, r))
        later = first.unsqueeze(1) * both[:, 6:].flip(1)  # t = 0 to 6
        later[:, :6] -= second.unsqueeze(1) * both[:, 5:11].flip(1)
        grad_H = torch.bmm(low[:, : 6 * r].mT, later[:, 1:].flatten(1, 2))
        return self.scale * later[:, 0], grad_H


class StepSizes(NamedTuple):
    """The step size, or those of each task, and where they come from.

    Attributes:
        alpha: one for all tasks, or one for each.
        shared: the one for all.
        bound: on each task's, if there is one.
        krylov: where its curvature comes from.
    """

    alpha: Float[Tensor, "*tasks_1_1"]
    shared: Float[Tensor, ""]
    bound: Bound | None = None
    krylov: Krylov | None = None

    @classmethod
    def of(
        cls,
        bound: Bound | None,
        shared: Float[Tensor, ""],
        v: Float[Tensor, "tasks r s"],
        H: Float[Tensor, "tasks s s"],
        c: Float[Tensor, "tasks r s"],
    ) -> "StepSizes":
        """``min(shared, bound / h)``, with the sign of ``shared``."""
        if bound is None:
            return cls(shared, shared)
        g = -c if bound.by_hessian else torch.baddbmm(c, v, H, beta=-1)
        krylov = Krylov.of(g, H, bound.by_hessian)
        h = krylov.h.detach() if bound.first_order else krylov.h
        alpha = shared * at_most(bound.value, shared.abs() * h)
        return cls(alpha, shared, bound, krylov)

    def adjoint(
        self, grad_alpha: Float[Tensor, "*tasks_1_1"], v: Float[Tensor, "tasks r s"]
    ) -> tuple[Tensor, ...]:
        """From the gradient with respect to alpha, those to shared, v, H and c.

        Only the first without a bound and in first order; only that and the one to c
        where H is given.
        """
        if self.bound is None or self.krylov is None:
            return (grad_alpha,)
        h = self.krylov.h
        beyond = self.shared.abs() * h > self.bound.value
        grad_shared = torch.where(beyond, 0.0, grad_alpha).sum()
        if self.bound.first_order:
            return (grad_shared,)
        grad_h = torch.where(beyond, -self.alpha / h * grad_alpha, 0.0)
        grad_g, grad_H = self.krylov.adjoint(grad_h, self.bound.by_hessian)
        if grad_H is None:
            return grad_shared, -grad_g
        H = self.krylov.H * self.krylov.scale
        grad_H = torch.baddbmm(grad_H, v.mT, grad_g)
        return grad_shared, torch.bmm(grad_g, H), grad_H, -grad_g


def _dot(a: Tensor, b: Tensor) -> Float[Tensor, "tasks 1 1"]:
    return (a * b).sum((1, 2), keepdim=True)


def _at_least_tiny(numbers: Tensor) -> Tensor:
    """Numbers that can be divided by."""
    return numbers.clamp_min(torch.finfo(numbers.dtype).tiny)
