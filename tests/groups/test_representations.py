"""Representations, intertwiners and the equivariance error."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import msr
from helpers import permutations_of

pytestmark = pytest.mark.usefixtures("float64")

GROUPS = [*msr.small_groups().values(), msr.alternating(4)]


def planar(n: int) -> msr.Representation:
    """D_n acting on the plane by rotations and reflections."""
    angles = 2 * math.pi * torch.arange(n) / n
    c, s = angles.cos(), angles.sin()
    rotations = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], 1)
    flip = torch.diag(torch.tensor([1.0, -1.0]))
    return msr.Representation(msr.dihedral(n), torch.cat([rotations, rotations @ flip]))


def skewed(rho: msr.Representation, generator: torch.Generator) -> msr.Representation:
    """An equivalent representation by matrices that are not orthogonal."""
    S = torch.eye(rho.dim) + 0.3 * torch.randn(rho.dim, rho.dim, generator=generator)
    return msr.Representation(rho.group, S @ rho.matrices @ torch.linalg.inv(S))


def pairs() -> list[tuple[msr.Representation, msr.Representation]]:
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(1)
    result = []
    for group in GROUPS:
        rho, one = msr.regular(group), msr.trivial(group)
        result += [(rho, rho), (rho, one), (one, rho), (msr.direct_sum(rho, one), rho)]
        result += [(skewed(rho, generator), msr.direct_sum(one, one))]
    result += [(planar(4), planar(4)), (planar(4), msr.regular(msr.dihedral(4)))]
    s3 = permutations_of(3)
    result += [(s3, s3), (s3, msr.regular(s3.group)), (skewed(s3, generator), s3)]
    torch.set_default_dtype(torch.float32)
    return result


PAIRS = pairs()


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)
def test_regular_representation(group: msr.FiniteGroup) -> None:
    rho = msr.regular(group)
    for a, b in itertools.product(range(group.order), repeat=2):
        assert torch.equal(rho(a) @ rho(b), rho(group.multiply(a, b)))
        assert rho(a)[:, b].argmax() == group.multiply(a, b)
    expected = torch.zeros(group.order)
    expected[group.identity] = group.order
    assert torch.equal(rho.character(), expected)


@pytest.mark.parametrize(("rho_in", "rho_out"), PAIRS, ids=str)
def test_intertwiner_basis(rho_in: msr.Representation, rho_out: msr.Representation) -> None:
    basis = msr.intertwiner_basis(rho_in, rho_out)
    # dimension by character theory, computed here from traces alone
    traces = [
        torch.trace(rho_out(g)) * torch.trace(torch.linalg.inv(rho_in(g)))
        for g in range(rho_in.group.order)
    ]
    dimension = float(sum(traces)) / rho_in.group.order
    assert basis.shape == (rho_out.dim * rho_in.dim, round(dimension))
    assert abs(dimension - round(dimension)) < 1e-9
    torch.testing.assert_close(basis.T @ basis, torch.eye(basis.shape[1]))
    for column in basis.T:
        W = column.reshape(rho_out.dim, rho_in.dim)
        for g in range(rho_in.group.order):
            torch.testing.assert_close(rho_out(g) @ W, W @ rho_in(g))


@pytest.mark.parametrize(("rho_in", "rho_out"), PAIRS, ids=str)
def test_intertwiners_are_the_null_space_of_the_constraints(rho_in, rho_out) -> None:
    """The other route to the same space: solve rho_out W - W rho_in = 0."""
    m, n = rho_out.dim, rho_in.dim
    constraints = torch.cat(
        [
            torch.kron(rho_out(g), torch.eye(n))
            - torch.kron(torch.eye(m), rho_in(g).T.contiguous())
            for g in range(rho_in.group.order)
        ]
    )
    nullity = m * n - int(torch.linalg.matrix_rank(constraints, atol=1e-9))
    assert nullity == msr.intertwiner_dimension(rho_in, rho_out)


def test_reynolds_projects(generator: torch.Generator) -> None:
    rho_in, rho_out = permutations_of(3), msr.regular(msr.symmetric(3))
    W = torch.randn(6, 3, generator=generator)
    projected = msr.reynolds(rho_in, rho_out, W)
    torch.testing.assert_close(msr.reynolds(rho_in, rho_out, projected), projected)
    basis = msr.intertwiner_basis(rho_in, rho_out)
    torch.testing.assert_close(projected.flatten(), basis @ (basis.T @ W.flatten()))
    assert (W - projected).norm() > 0.1


@given(seed=st.integers(0, 2**20), group=st.sampled_from(GROUPS))
@settings(deadline=None, max_examples=30)
def test_averaged_weights_are_equivariant(seed: int, group: msr.FiniteGroup) -> None:
    generator = torch.Generator().manual_seed(seed)
    rho = msr.regular(group).to(dtype=torch.float64)
    W = torch.randn(rho.dim, rho.dim, generator=generator, dtype=torch.float64)
    x = torch.randn(5, rho.dim, generator=generator, dtype=torch.float64)
    averaged = msr.reynolds(rho, rho, W)
    assert msr.equivariance_error(lambda x: x @ averaged.T, rho, rho, x).max() < 1e-10
    if group.order > 1:
        assert msr.equivariance_error(lambda x: x @ W.T, rho, rho, x).max() > 1e-3


def test_reynolds_for_matrices_that_are_not_orthogonal(generator) -> None:
    rho = skewed(permutations_of(3), generator)
    W = msr.reynolds(rho, rho, torch.randn(3, 3, generator=generator))
    for g in range(6):
        torch.testing.assert_close(rho(g) @ W, W @ rho(g))
