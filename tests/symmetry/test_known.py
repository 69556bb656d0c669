"""U^G v is G-convolution; principal angles measure the distance between subspaces."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import msr

pytestmark = pytest.mark.usefixtures("float64")

GROUPS = [*msr.small_groups().values(), msr.alternating(4)]


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)
def test_sharing_matrix_times_filter_is_group_convolution(group, generator) -> None:
    n = group.order
    v, f = torch.randn(2, n, generator=generator)
    W = (msr.group_convolution_matrix(group) @ v).reshape(n, n)
    for g in range(n):
        direct = sum(v[group.multiply(int(group.inverse[g]), h)] * f[h] for h in range(n))
        torch.testing.assert_close((W @ f)[g], direct)


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)
def test_group_convolutions_are_all_the_equivariant_maps(group) -> None:
    """span(U^G) equals the intertwiners of the regular representation, both ways."""
    rho = msr.regular(group)
    U = msr.group_convolution_matrix(group)
    basis = msr.intertwiner_basis(rho, rho)
    assert basis.shape[1] == U.shape[1] == group.order
    assert msr.principal_angles(U, basis).max() < 1e-7


def test_each_column_uses_each_row_and_column_once() -> None:
    U = msr.group_convolution_matrix(msr.quaternion()).reshape(8, 8, 8)
    assert torch.equal(U.sum(0), torch.ones(8, 8))
    assert torch.equal(U.sum(1), torch.ones(8, 8))
    assert torch.equal(U.sum(2), torch.ones(8, 8))


def test_the_talks_permutation_figure() -> None:
    U = msr.group_convolution_matrix(msr.symmetric(2))
    assert U.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]


@given(data=st.data(), group=st.sampled_from(GROUPS))
@settings(deadline=None)
def test_relabelling_permutes_rows_and_columns(data, group: msr.FiniteGroup) -> None:
    order = data.draw(st.permutations(range(group.order)))
    n = group.order
    old = msr.group_convolution_matrix(group).reshape(n, n, n)
    new = msr.group_convolution_matrix(group.relabel(order)).reshape(n, n, n)
    assert torch.equal(new, old[order][:, order][:, :, order])


def test_conv1d_matrix_is_conv1d(generator) -> None:
    v = torch.randn(3, generator=generator)
    x = torch.randn(4, 10, generator=generator)
    W = (msr.conv1d_matrix(10, 3) @ v).reshape(8, 10)
    expected = F.conv1d(x[:, None], v[None, None])[:, 0]
    torch.testing.assert_close(x @ W.T, expected)


def test_all_pairs_of_small_groups_have_different_convolutions() -> None:
    """C4 x C2, D4, Q8 and others of one order: U^G tells the group, up to labels."""
    by_order: dict[int, list[msr.FiniteGroup]] = {}
    for group in GROUPS:
        by_order.setdefault(group.order, []).append(group)
    for same in by_order.values():
        for g, h in itertools.combinations(same, 2):
            U, V = msr.group_convolution_matrix(g), msr.group_convolution_matrix(h)
            assert not torch.equal(U, V)


def test_a_kernel_as_long_as_the_input() -> None:
    assert torch.equal(msr.conv1d_matrix(3, 3), torch.eye(3))
