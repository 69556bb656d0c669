"""Gradient descent on quadratic functions, and its adjoint.

``v <- v - alpha (v H - c)`` with a symmetric matrix H for each task (for the shapes see
`msr.fast_paths`). The adjoint of such a step is one more product with the same matrix, so
the derivative of all steps takes no graph of them: with adjoints
``l_t = l_(t+1) (I - alpha H)`` and errors ``e_t = v_t H - c``,

``grad_alpha = -sum_t <l_(t+1), e_t>``, ``grad_H = -alpha sum_t v_t^T l_(t+1)``,
``grad_c = alpha sum_t l_(t+1)``.

This is reverse-mode differentiation of the recursion, as in Griewank and Walther (2008,
chapter 3), which keeps all iterates. For many steps a scheme with checkpoints would need
less memory; the book's inner loops have one to five.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Adjoint(NamedTuple):
    """Gradients of a scalar function of the last iterate, and what gives the others.

    Attributes:
        grad_v: with respect to the first iterate.
        grad_step_size: with respect to alpha, or to each task's.
        iterates: all but the last, row after row.
        adjoints: the gradients with respect to all iterates but the first, likewise; zero
            in first order.
    """

    grad_v: Float[Tensor, "tasks r s"]
    grad_step_size: Float[Tensor, "*tasks_1_1"]
    iterates: Float[Tensor, "tasks steps_r s"]
    adjoints: Float[Tensor, "tasks steps_r s"]

    def grad_of_data(
        self, step_size: Float[Tensor, "*tasks_1_1"], r: int
    ) -> tuple[Float[Tensor, "tasks s s"], Float[Tensor, "tasks r s"]]:
        """The gradients with respect to H and c."""
        scaled = step_size * self.adjoints
        tasks, rows, s = scaled.shape
        grad_c = scaled.view(tasks, rows // r, r, s).sum(1)
        return torch.bmm(self.iterates.mT, scaled).neg_(), grad_c


def descent(
    v: Float[Tensor, "tasks r s"],
    H: Float[Tensor, "tasks s s"],
    c: Float[Tensor, "tasks r s"],
    step_size: Float[Tensor, "*tasks_1_1"],
    steps: int,
    first_order: bool = False,
) -> list[Tensor]:
    """All iterates, from v to the last.

    In first order ``v H - c`` counts as constant.
    """
    path = [v]
    if first_order:
        for _ in range(steps):
            gradient = torch.baddbmm(c, path[-1], H, beta=-1).detach()
            path.append(path[-1] - step_size * gradient)
        return path
    A, shift = _step_matrix(H, step_size), step_size * c
    for _ in range(steps):
        path.append(torch.baddbmm(shift, path[-1], A))
    return path


def descent_adjoint(
    grad_last: Float[Tensor, "tasks r s"],
    path: list[Tensor],
    H: Float[Tensor, "tasks s s"],
    c: Float[Tensor, "tasks r s"],
    step_size: Float[Tensor, "*tasks_1_1"],
    first_order: bool,
) -> Adjoint:
    """From the gradient with respect to the last iterate, those to everything before.

    Args:
        grad_last: the gradient with respect to the last iterate.
        path: all iterates.
        H: as in `descent`.
        c: as in `descent`.
        step_size: as in `descent`.
        first_order: as in `descent`.
    """
    steps = len(path) - 1
    if not steps:
        none = grad_last[:, :0]
        return Adjoint(grad_last, torch.zeros_like(step_size), none, none)
    adjoints = [grad_last] * (steps + 1)
    if not first_order:
        A = _step_matrix(H, step_size)
        for t in reversed(range(steps)):
            adjoints[t] = torch.bmm(adjoints[t + 1], A)
    V, L = torch.cat(path[:-1], 1), torch.cat(adjoints[1:], 1)
    errors = torch.baddbmm(torch.cat([c] * steps, 1), V, H, beta=-1)
    if step_size.ndim:  # a task has its own
        grad_step_size = -(L * errors).sum((1, 2), keepdim=True)
    else:
        grad_step_size = -torch.dot(L.view(-1), errors.view(-1))
    kept = torch.zeros_like(L) if first_order else L
    return Adjoint(adjoints[0], grad_step_size, V, kept)


def _step_matrix(H: Tensor, step_size: Tensor) -> Tensor:
    """``I - alpha H``."""
    return torch.eye(H.shape[-1], dtype=H.dtype, device=H.device) - step_size * H
