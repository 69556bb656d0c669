"""The adjoint of gradient descent on quadratic functions against autograd."""

import pytest
import torch

from msr.fast_paths.quadratic_descent import descent, descent_adjoint

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_adjoint_of_descent_equals_autograd(steps, first_order, generator) -> None:
    tasks, r, s = 3, 2, 4
    v, c = (torch.randn(tasks, r, s, generator=generator) for _ in range(2))
    root = torch.randn(tasks, s, s, generator=generator)
    H, step_size = root @ root.mT, torch.tensor(0.05)
    inputs = [t.requires_grad_() for t in (v, H, c, step_size)]
    path = descent(*inputs, steps, first_order)
    last = torch.randn(tasks, r, s, generator=generator)
    expected = torch.autograd.grad(path[-1], inputs, last, allow_unused=True)
    with torch.no_grad():
        back = descent_adjoint(last, path, H, c, step_size, first_order)
        found = (back.grad_v, *back.grad_of_data(step_size, r), back.grad_step_size)
    for theirs, ours in zip(expected, found):
        torch.testing.assert_close(
            ours, torch.zeros_like(ours) if theirs is None else theirs
        )
