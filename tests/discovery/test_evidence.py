"""The evidence of a linear layer, against dense Gaussians and brute force."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from linear import drawn, log_density, projection, ring
from torch import nn

import msr

C4 = msr.group_convolution_matrix(msr.cyclic(4)).double()


def some_matrix(seed: int, entries: int, columns: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(entries, columns, generator=generator, dtype=torch.float64)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    C=st.integers(1, 3),
    N=st.integers(1, 7),
    m=st.integers(1, 3),
    n=st.integers(1, 4),
    columns=st.integers(0, 4),
    own_inputs=st.booleans(),
    centred=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_dense_gaussian(C, N, m, n, columns, own_inputs, centred, seed) -> None:
    """Noise and width given, whatever the shapes."""
    generator = torch.Generator().manual_seed(seed)
    x, y, _ = drawn(None, (C, N, m, n), generator)
    if own_inputs:
        x = torch.randn(C, N, n, generator=generator, dtype=torch.float64)
    mean = None if centred else some_matrix(seed, m, n)
    U = some_matrix(seed + 1, m * n, columns) if columns else None
    noise, width = 0.7, 1.3
    found = msr.evidence(U, x, y, noise=noise, width=width, mean=mean)
    covariance = width**2 * projection(U, m * n)
    expected = log_density(covariance, x, y, noise, mean)
    assert found.log_evidence == pytest.approx(expected, abs=1e-7)
    assert found.dimension == np.linalg.matrix_rank(projection(U, m * n))
    assert (found.noise, found.width) == (noise, pytest.approx(width))


@pytest.mark.parametrize("U", [None, C4], ids=["free", "C4"])
@pytest.mark.parametrize("N", [2, 3, 9])
def test_the_maximum_over_noise_and_width(U, N: int) -> None:
    x, y, _ = drawn(C4, (2, N, 4, 4), torch.Generator().manual_seed(N), noise=0.3)
    found = msr.evidence(U, x, y)

    def dense(noise: float, width: float) -> float:
        return log_density(width**2 * projection(U, 16), x, y, noise)

    assert found.log_evidence == pytest.approx(dense(found.noise, found.width), abs=1e-6)
    grid = np.geomspace(0.02, 10, 28)
    best = max(dense(s, t) for s in grid for t in grid)
    assert found.log_evidence >= best - 1e-9
    assert found.log_evidence - best < 0.5
    for noise in (0.2, 0.6):
        with_noise = msr.evidence(U, x, y, noise=noise)
        assert with_noise.noise == noise
        values = [dense(noise, t) for t in [*grid, with_noise.width]]
        assert with_noise.log_evidence == pytest.approx(max(values), abs=1e-6)
        assert values[-1] == max(values)
    for width in (0.3, 2.0):
        with_width = msr.evidence(U, x, y, width=width)
        assert with_width.width == width
        values = [dense(s, width) for s in [*grid, with_width.noise]]
        assert with_width.log_evidence == pytest.approx(max(values), abs=1e-6)
        assert values[-1] == max(values)


def test_a_width_for_much_smaller_data() -> None:
    x, y, _ = drawn(C4, (1, 6, 4, 4), torch.Generator().manual_seed(0))
    found = msr.evidence(C4, x, 1e-3 * y, width=1000.0)
    grid = np.geomspace(1e-6, 1e3, 130)
    best = max(
        msr.evidence(C4, x, 1e-3 * y, width=1000.0, noise=s).log_evidence for s in grid
    )
    assert best <= found.log_evidence < best + 0.3
    apart = torch.linalg.svd(x)[0][:, 4:] @ torch.ones(2, 1, dtype=torch.float64)
    wide = msr.evidence(None, x, apart, width=1e6)  # four of six numbers are explained
    assert wide.noise == pytest.approx(1, rel=1e-3)
    tiny = msr.evidence(C4, x, y, width=1e-9)
    assert tiny.noise == pytest.approx(float(y.square().mean().sqrt()))


def test_the_mean_of_the_weights_is_that_of_a_gaussian() -> None:
    """Conditioned the long way: ``mean + S Phi^T cov^-1 (y - Phi mean)``."""
    from linear import design

    mean = some_matrix(5, 4, 4)
    for soft in (False, True):
        for U in (None, C4):
            x, y, _ = drawn(C4, (2, 3, 4, 4), torch.Generator().manual_seed(1))
            y = y + 0.2 * torch.einsum("ij,Nj->Ni", some_matrix(3, 4, 4), x)
            found = msr.evidence(U, x, y, mean=mean, soft=soft)
            c = found.softness
            S = found.width**2 * ((1 - c) * projection(U, 16) + c * np.eye(16))
            Phi = design(x.numpy(), 4)
            cov = Phi @ S @ Phi.T + found.noise**2 * np.eye(len(Phi))
            for k in range(2):
                prior = mean.numpy().reshape(-1)
                gap = y[k].numpy().reshape(-1) - Phi @ prior
                expected = prior + S @ Phi.T @ np.linalg.solve(cov, gap)
                np.testing.assert_allclose(
                    found.weight[k].numpy().reshape(-1), expected, atol=1e-7
                )


def test_a_soft_symmetry() -> None:
    """Between exact and none, with the covariance that it says."""
    generator = torch.Generator().manual_seed(3)
    x, y, W = drawn(C4, (3, 12, 4, 4), generator)
    away = 0.2 * torch.randn(W.shape, generator=generator, dtype=torch.float64)
    y = y + torch.einsum("cij,Nj->cNi", away, x)
    found = msr.evidence(C4, x, y, soft=True)
    c = found.softness
    S = found.width**2 * ((1 - c) * projection(C4, 16) + c * np.eye(16))
    assert found.log_evidence == pytest.approx(log_density(S, x, y, found.noise), abs=1e-6)
    ratio = 0.2**2 / (found.width**2)
    assert 0.3 < c / ratio < 3
    exact, free = msr.evidence(C4, x, y), msr.evidence(None, x, y)
    assert found.log_evidence > max(exact.log_evidence, free.log_evidence) + 3
    assert (exact.softness, free.softness) == (0.0, 1.0)
    kept = msr.evidence(C4, *drawn(C4, (3, 12, 4, 4), generator)[:2], soft=True)
    assert kept.softness < 1e-3
    none = msr.evidence(C4, *drawn(None, (3, 12, 4, 4), generator)[:2], soft=True)
    assert none.softness > 0.3


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), columns=st.integers(1, 5))
def test_only_the_span_matters(seed: int, columns: int) -> None:
    x, y, _ = drawn(C4, (2, 3, 4, 4), torch.Generator().manual_seed(seed))
    U = some_matrix(seed, 16, columns)
    mixed = torch.cat([U @ some_matrix(seed + 1, columns, columns), U[:, :1]], 1)
    a, b = msr.evidence(U, x, y), msr.evidence(mixed, x, y)
    assert a.log_evidence == pytest.approx(b.log_evidence, abs=1e-6)
    assert a.dimension == b.dimension == columns


def test_units_and_order() -> None:
    """Outputs in other units lose ``count log`` of them; examples and channels may swap."""
    x, y, _ = drawn(C4, (3, 5, 4, 4), torch.Generator().manual_seed(2))
    a = msr.evidence(C4, x, y)
    b = msr.evidence(C4, 7 * x, 3 * y)
    assert b.log_evidence == pytest.approx(a.log_evidence - y.numel() * math.log(3))
    assert b.noise == pytest.approx(3 * a.noise, rel=1e-4)
    assert b.width == pytest.approx(3 / 7 * a.width, rel=1e-4)
    c = msr.evidence(C4, x.flip(0), y.flip(0, 1))
    assert c.log_evidence == pytest.approx(a.log_evidence)
    turned = torch.linalg.qr(some_matrix(0, 5, 5))[0]
    d = msr.evidence(C4, turned @ x, turned @ y)
    assert d.log_evidence == pytest.approx(a.log_evidence)
    e = msr.evidence(C4, x.expand(3, 5, 4), y)
    assert e.log_evidence == pytest.approx(a.log_evidence)
    torch.testing.assert_close(e.weight, a.weight, atol=1e-5, rtol=0)


def test_noise_free_data_have_finite_evidence() -> None:
    x, y, W = drawn(C4, (1, 30, 4, 4), torch.Generator().manual_seed(4), noise=0.0)
    found = msr.evidence(C4, x, y)
    assert found.noise == pytest.approx(1e-5 * float(y.square().mean().sqrt()))
    torch.testing.assert_close(found.weight, W, atol=1e-5, rtol=0)
    single = msr.evidence(C4, x.float(), y.float())
    assert single.log_evidence == pytest.approx(found.log_evidence, rel=1e-3)


def test_data_that_cannot_tell_noise_from_weights() -> None:
    """One example: the evidence of free weights is flat, and the least is claimed."""
    x, y, _ = drawn(C4, (1, 1, 4, 4), torch.Generator().manual_seed(5))
    found = msr.evidence(None, x, y)
    assert found.width == 0
    assert found.weight.abs().max() == 0
    assert found.noise == pytest.approx(float(y.square().mean().sqrt()))


def test_inputs_that_are_zero() -> None:
    y = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    found = msr.evidence(None, torch.zeros(5, 3), y)
    assert (found.width, found.noise) == (0, pytest.approx(float(y.square().mean().sqrt())))
    given_width = msr.evidence(None, torch.zeros(5, 3), y, width=2.0)
    assert given_width.log_evidence == pytest.approx(found.log_evidence, abs=1e-4)


def test_symmetries_of_every_kind() -> None:
    x, y, _ = drawn(C4, (1, 5, 4, 4), torch.Generator().manual_seed(6))
    layer = nn.Linear(4, 4, bias=False)
    msr.reparameterize(layer, filters=4)
    layer.parametrizations.weight[0].U.data = C4.float()
    rho = msr.regular(msr.cyclic(4))
    turned = msr.Representation(rho.group, rho.matrices.double())
    values = [
        msr.evidence(symmetry, x, y).log_evidence
        for symmetry in (C4, layer, (rho, rho), (turned, turned))
    ]
    assert values == pytest.approx([values[0]] * 4, abs=1e-5)


def test_a_representation_that_is_no_permutation() -> None:
    """Signs: the odd part of the weights alone is left."""
    c2 = msr.cyclic(2)
    sign = msr.Representation(c2, torch.tensor([[[1.0]], [[-1.0]]]))
    swap = msr.regular(c2)
    odd = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    x, y, _ = drawn(odd, (1, 6, 1, 2), torch.Generator().manual_seed(7))
    a, b = msr.evidence((swap, sign), x, y), msr.evidence(odd, x, y)
    assert a.log_evidence == pytest.approx(b.log_evidence, abs=1e-5)
    nothing = msr.evidence((msr.trivial(c2, 2), sign), x, y)
    assert nothing.dimension == 0
    noise = float(y.square().mean().sqrt())
    expected = log_density(np.zeros((2, 2)), x, y, noise)
    assert nothing.log_evidence == pytest.approx(expected)


def test_orbits_span_the_intertwiners() -> None:
    from msr.discovery.spaces import checked_basis

    rho = ring(6)
    basis = checked_basis("U", (rho, rho), (6, 6))
    expected = msr.intertwiner_basis(rho, rho).double().numpy()
    np.testing.assert_allclose(basis @ basis.T, expected @ expected.T, atol=1e-5)


def test_shapes_dtype_and_one_output() -> None:
    x = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    y = x @ torch.tensor([1.0, 2.0, 3.0])
    a, b = msr.evidence(None, x, y), msr.evidence(None, x, y[:, None])
    assert a.log_evidence == b.log_evidence
    assert a.weight.shape == (1, 3)
    assert a.weight.dtype == torch.float32
    assert msr.evidence(None, x, y[None, :, None]).weight.shape == (1, 1, 3)
    half = msr.evidence(None, x.bfloat16(), y.bfloat16())
    assert half.weight.dtype == torch.bfloat16
    assert "dimension=3" in repr(a)


X, Y = torch.ones(3, 4), torch.ones(3, 4)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, X, Y[:2]), r"expected y .* fits x of shape \(3, 4\), got .*\(2, 4\)"),
        ((None, X[:0], Y[:0]), r"none of them 0, got \(0, 4\)"),
        ((None, X, Y[:, :0]), "expected y of shape"),
        ((None, X[0], Y), r"expected x of shape .* got \(4,\)"),
        ((None, X.expand(2, 3, 4), Y), "expected y of shape"),
        ((None, X.expand(2, 3, 4), Y.expand(3, 3, 4)), "expected y of shape"),
        ((None, X * math.nan, Y), "finite x"),
        ((None, X, Y / 0), "finite y"),
        ((None, X, 0 * Y), "does not explain exactly, got zeros"),
        ((torch.ones(15, 2), X, Y), r"U: expected U of shape \(16, k\).*got \(15, 2\)"),
        ((torch.zeros(16, 2), X, Y), "U: expected U with a column that is not zero"),
        ((C4 * math.nan, X, Y), "U: expected finite U"),
        ((nn.Linear(4, 4), X, Y), "U: expected a module with a single symmetry matrix"),
        (
            ((msr.regular(msr.cyclic(3)),) * 2, X, Y),
            r"U: expected representations of dimensions 4 \(in\) and 4 \(out\), got 3",
        ),
        (
            ((msr.regular(msr.cyclic(4)), msr.regular(msr.dihedral(2))), X, Y),
            "U: expected two representations of one group",
        ),
    ],
)
def test_data_that_are_refused(arguments, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msr.evidence(*arguments)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mean": torch.ones(3, 4)}, r"mean of shape \(4, 4\), got \(3, 4\)"),
        ({"mean": torch.ones(1, 4, 4)}, r"mean of shape \(4, 4\), got"),
        ({"noise": 0.0}, "positive, finite noise"),
        ({"width": -1.0}, "positive, finite width"),
    ],
)
def test_settings_that_are_refused(settings, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msr.evidence(None, X, Y, **settings)


@pytest.mark.bad_input
@pytest.mark.parametrize("U", [3, "C4", (msr.regular(msr.cyclic(4)),), [C4]])
def test_what_is_no_symmetry(U) -> None:
    with pytest.raises(TypeError, match="U: expected a symmetry matrix, a module"):
        msr.evidence(U, X, Y)
