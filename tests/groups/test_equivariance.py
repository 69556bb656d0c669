"""The equivariance error against hand calculation and invariance."""

import pytest
import torch

import msr
from helpers import permutations_of

pytestmark = pytest.mark.usefixtures("float64")


def test_equivariance_error_by_hand() -> None:
    """f = diag(1, 0) under the swap: f(g x) = (x2, 0) but g f(x) = (0, x1)."""
    swap = permutations_of(2)
    x = torch.tensor([[3.0, 4.0]])
    error = msr.equivariance_error(lambda x: x * torch.tensor([1.0, 0.0]), swap, swap, x)
    torch.testing.assert_close(error, torch.tensor([0.0, 5.0 / 3.0]))


def test_equivariance_error_of_the_zero_map() -> None:
    swap = permutations_of(2)
    error = msr.equivariance_error(torch.zeros_like, swap, swap, torch.ones(1, 2))
    assert torch.equal(error, torch.zeros(2))


def test_invariance_is_equivariance_to_the_trivial_representation(generator) -> None:
    rho, one = permutations_of(3), msr.trivial(msr.symmetric(3))
    x = torch.randn(4, 3, generator=generator)

    def total(x: torch.Tensor) -> torch.Tensor:
        return x.sum(1, keepdim=True)

    def first(x: torch.Tensor) -> torch.Tensor:
        return x[:, :1]

    assert msr.equivariance_error(total, rho, one, x).max() < 1e-12
    assert msr.equivariance_error(first, rho, one, x).max() > 0.1


def test_equivariance_error_is_absolute_where_the_output_vanishes() -> None:
    """f(x) = 0 here, but f(g x) is not: the difference itself is returned."""
    swap = permutations_of(2)
    error = msr.equivariance_error(
        lambda x: x * torch.tensor([1.0, 0.0]), swap, swap, torch.tensor([[0.0, 3.0]])
    )
    torch.testing.assert_close(error, torch.tensor([0.0, 3.0]))
