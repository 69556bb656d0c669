"""Principal angles measure the distance between subspaces."""

import pytest
import torch

import msr

pytestmark = pytest.mark.usefixtures("float64")


def test_principal_angles_of_known_planes() -> None:
    angle = torch.tensor(0.3)
    e = torch.eye(4)
    tilted = torch.stack([e[0], angle.cos() * e[1] + angle.sin() * e[2]], 1)
    angles = msr.principal_angles(e[:, :2], tilted)
    torch.testing.assert_close(angles, torch.tensor([0.0, 0.3]), atol=1e-7, rtol=0)


def test_principal_angles_ignore_the_basis_and_find_containment(generator) -> None:
    big = torch.randn(20, 5, generator=generator)
    mix = torch.randn(5, 5, generator=generator)
    inside = big @ torch.randn(5, 2, generator=generator)
    outside = torch.randn(20, 2, generator=generator)
    assert msr.principal_angles(inside, big @ mix).max() < 1e-6
    assert msr.principal_angles(outside, big).max() > 0.1
    first, second = (msr.principal_angles(outside, U) for U in (big, big @ mix))
    torch.testing.assert_close(first, second)


def test_orthogonal_spaces_are_at_right_angles() -> None:
    e = torch.eye(4)
    right = torch.full((2,), torch.pi / 2)
    torch.testing.assert_close(msr.principal_angles(e[:, :2], e[:, 2:]), right)
