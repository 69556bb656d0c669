"""The largest curvature of quadratic functions, and the step sizes that it bounds.

What `msr.inner_loops.curvature` computes for any loss, for ``v H - c`` as the gradient (for
the shapes see `msr.fast_paths`): with one tensor that adapts the step size cancels from the
power iteration, and ``h = |g H^6| / |g H^5|`` with ``g = v H - c``.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import vjp

from ..inner_loops.curvature import PRODUCTS, at_most, root


@dataclass(frozen=True)
class BoundedStep:
    """The step size of each task, ``min(alpha, bound / h)``.

    Attributes:
        bound: of step size times curvature.
        first_order: whether h counts as constant.
        by_hessian: whether the length of v is ``v H v^T``, up to a factor; else
            ``v v^T``.
    """

    bound: float
    first_order: bool
    by_hessian: bool = False

    def __call__(
        self,
        step_size: Float[Tensor, ""],
        v: Float[Tensor, "tasks r s"],
        H: Float[Tensor, "tasks s s"],
        c: Float[Tensor, "tasks r s"],
    ) -> Float[Tensor, "tasks 1 1"]:
        """The step sizes."""
        h = self._largest(torch.baddbmm(c, v, H, beta=-1), H)
        h = h.detach() if self.first_order else h
        return step_size * at_most(self.bound, step_size.abs() * h)

    def adjoint(
        self, grad: Float[Tensor, "tasks 1 1"], *inputs: Tensor
    ) -> tuple[Tensor, ...]:
        """From the gradient with respect to the step sizes, those to the inputs."""
        with torch.enable_grad():
            found: tuple[Tensor, ...] = vjp(self, *inputs)[1](grad)
        return found

    def _largest(
        self, g: Float[Tensor, "tasks r s"], H: Float[Tensor, "tasks s s"]
    ) -> Float[Tensor, "tasks 1 1"]:
        """``|g H^6| / |g H^5|``, of numbers that stay of the size of one."""
        trace = _nonzero(H.detach().diagonal(dim1=1, dim2=2).sum(1).view(-1, 1, 1))
        H = H / trace
        g = _of_size_one(g)
        for _ in range(PRODUCTS - 1):
            g = torch.bmm(g, H)
        before = _of_size_one(g)
        last = torch.bmm(before, H)
        if self.by_hessian:
            squares = _dot(before, last), _dot(last, torch.bmm(last, H))
        else:
            squares = _dot(before, before), _dot(last, last)
        positive = squares[0] > 0
        ratio = torch.where(
            positive, squares[1] / torch.where(positive, squares[0], 1.0), 0.0
        )
        return trace * root(ratio)


def _of_size_one(g: Tensor) -> Tensor:
    """A multiple of g, by numbers that count as constants: h is that of any multiple."""
    return g / _nonzero(g.detach().abs().amax((1, 2), keepdim=True))


def _dot(a: Tensor, b: Tensor) -> Float[Tensor, "tasks 1 1"]:
    return (a * b).sum((1, 2), keepdim=True)


def _nonzero(numbers: Tensor) -> Tensor:
    """The numbers, with one in the place of zero."""
    return torch.where(numbers > 0, numbers, 1.0)
