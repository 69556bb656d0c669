"""Symmetrising: the average over the group, by a plain loop and by its properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import msr


def actions() -> dict[str, tuple[msr.Representation, msr.Representation]]:
    c6, d4 = msr.cyclic(6), msr.dihedral(4)
    pairs = [[(p + g) % 3 for p in range(3)] for g in range(6)]
    sign = msr.Representation(c6, torch.tensor([1.0, -1.0]).repeat(3).reshape(6, 1, 1))
    return {
        "regular": (msr.regular(d4), msr.regular(d4)),
        "points and regular": (
            msr.permutation_representation(c6, pairs),
            msr.regular(c6),
        ),
        "signs": (msr.direct_sum(sign, msr.trivial(c6, 2)), msr.regular(c6)),
    }


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", ["regular", "points and regular", "signs"])
def test_columns_are_averages_over_the_group(name: str, generator) -> None:
    rho_in, rho_out = actions()[name]
    m, n = rho_out.dim, rho_in.dim
    U = torch.randn(m * n, 4, generator=generator)
    found = msr.symmetrise(U, (rho_in, rho_out))
    for j in range(4):
        W, total = U[:, j].reshape(m, n).numpy(), np.zeros((m, n))
        for g in range(rho_in.group.order):
            out, into = rho_out(g).numpy(), rho_in(g).numpy()
            total += out @ W @ np.linalg.inv(into)
        expected = total / rho_in.group.order
        np.testing.assert_allclose(found[:, j], expected.reshape(-1), atol=1e-12)
        for g in range(rho_in.group.order):
            weight = found[:, j].reshape(m, n)
            torch.testing.assert_close(rho_out(g) @ weight, weight @ rho_in(g))
        assert not np.allclose(found[:, j], U[:, j])


@pytest.mark.usefixtures("float64")
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_it_is_the_orthogonal_projection(seed: int, k: int) -> None:
    U = torch.randn(25, k, generator=torch.Generator().manual_seed(seed))
    found = msr.symmetrise(U, msr.cyclic(5))
    basis = msr.group_convolution_matrix(msr.cyclic(5))
    fit = np.linalg.lstsq(basis.numpy(), U.numpy(), rcond=None)[0]
    np.testing.assert_allclose(found, basis.numpy() @ fit, atol=1e-12)
    torch.testing.assert_close(msr.symmetrise(found, msr.regular(msr.cyclic(5))), found)


@pytest.mark.usefixtures("float64")
def test_fewer_columns_are_the_best_ones(generator) -> None:
    U = torch.randn(36, 6, generator=generator)
    whole = msr.symmetrise(U, msr.cyclic(6)).numpy()
    P = msr.symmetrise(U, msr.cyclic(6), rank=2).numpy()
    assert P.shape == (36, 2)
    values, vectors = np.linalg.eigh(whole @ whole.T)
    best = vectors[:, -2:] @ np.diag(values[-2:]) @ vectors[:, -2:].T
    np.testing.assert_allclose(P @ P.T, best, atol=1e-9)
    # with all columns of the rank nothing is lost
    all_of_them = msr.symmetrise(U, msr.cyclic(6), rank=6).numpy()
    np.testing.assert_allclose(all_of_them @ all_of_them.T, whole @ whole.T, atol=1e-9)


def test_dtype_and_values_of_U_stay(generator) -> None:
    U = torch.randn(9, 2, generator=generator).double()
    before = U.clone()
    assert msr.symmetrise(U, msr.cyclic(3)).dtype == torch.float64
    assert torch.equal(U, before)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"U": torch.ones(8, 2)}, ValueError, r"expected U of shape \(9, k\)"),
        ({"U": torch.ones(9, 0)}, ValueError, r"got \(9, 0\)"),
        ({"U": torch.ones(9, 2) / 0}, ValueError, "finite U"),
        ({"U": torch.ones(9, 2).long()}, TypeError, "floating-point tensor"),
        ({"group": "C3"}, TypeError, "a FiniteGroup, a Representation or a pair"),
        ({"group": (msr.regular(msr.cyclic(3)),)}, TypeError, "or a pair"),
        (
            {"group": (msr.regular(msr.cyclic(3)), msr.regular(msr.cyclic(2)))},
            ValueError,
            "group",
        ),
        ({"rank": 3}, ValueError, "rank <= 2, got 3"),
        ({"rank": 0}, ValueError, "rank >= 1"),
    ],
)
def test_wrong_arguments(given: dict, error, message: str) -> None:
    valid = {"U": torch.ones(9, 2), "group": msr.cyclic(3)}
    with pytest.raises(error, match=message):
        msr.symmetrise(**(valid | given))
