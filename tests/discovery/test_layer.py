"""The symmetry of a layer in a network: exact where it is linear, and near it elsewhere."""

import math

import numpy as np
import pytest
import torch
from linear import drawn, projection
from torch import nn
from torch.nn import functional as F

import msr
from helpers import randomize
from msr.discovery.curvature import linearized
from msr.discovery.layer import _weight

C4 = msr.group_convolution_matrix(msr.cyclic(4)).double()
HALF = msr.permutation_representation(msr.cyclic(2), [[0, 1, 2, 3], [2, 3, 0, 1]])
CANDIDATES = {"none": None, "C4": C4, "C2": (HALF, HALF)}


def linear(W: torch.Tensor) -> nn.Linear:
    layer = nn.Linear(W.shape[1], W.shape[0], bias=False, dtype=torch.float64)
    layer.weight.data = W.clone()
    return layer.eval()


@pytest.mark.parametrize("settings", [{}, {"noise": 0.3}, {"width": 0.8}, {"soft": True}])
@pytest.mark.parametrize("N", [2, 9])
def test_exact_for_a_linear_layer_wherever_its_weight_is(settings, N: int) -> None:
    x, y, W = drawn(C4, (1, N, 4, 4), torch.Generator().manual_seed(0))
    for weight in (W[0], torch.ones(4, 4, dtype=torch.float64)):
        found = msr.compare_layer_symmetries(
            CANDIDATES, linear(weight), "weight", x, y[0], simulations=40, **settings
        )
        exact = msr.compare_symmetries(CANDIDATES, x, y[0], simulations=40, **settings)
        assert found.log_evidence == pytest.approx(exact.log_evidence, abs=1e-5)
        assert found.verdict == exact.verdict
        for name, fit in found.fits.items():
            torch.testing.assert_close(
                fit.weight, exact.fits[name].weight, atol=1e-4, rtol=0
            )


def test_a_layer_between_fixed_ones() -> None:
    """Linear in the weight still: against the dense Gaussian of the whole network."""
    generator = torch.Generator().manual_seed(1)
    x, _, W = drawn(C4, (1, 7, 4, 4), generator)
    first, last = nn.Linear(4, 4).double(), nn.Linear(4, 3).double()
    model = nn.Sequential(first, nn.Tanh(), linear(W[0]), last).eval()
    y = model(x).detach() + 0.2 * torch.randn(7, 3, generator=generator).double()
    found = msr.compare_layer_symmetries(
        CANDIDATES, model, "2", x, y, noise=0.2, width=0.9, simulations=0
    )
    hidden = first(x).tanh().detach().numpy()
    Phi = np.einsum("ki,ej->ekij", last.weight.detach().numpy(), hidden).reshape(21, 16)
    gap = (y - last.bias.detach()).numpy().reshape(-1)
    for name, U in (("none", None), ("C4", C4)):
        cov = 0.81 * Phi @ projection(U, 16) @ Phi.T + 0.04 * np.eye(21)
        density = -0.5 * (
            gap @ np.linalg.solve(cov, gap)
            + np.linalg.slogdet(cov)[1]
            + 21 * math.log(2 * math.pi)
        )
        assert found.log_evidence[name] == pytest.approx(density, abs=1e-6)


def logistic(N: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, nn.Module]:
    """Classes of a softmax whose weight is one of C4, trained to the maximum."""
    generator = torch.Generator().manual_seed(seed)
    x, logits, _ = drawn(C4, (1, N, 4, 4), generator, noise=0.0)
    y = torch.multinomial(logits[0].softmax(1), 1, generator=generator)[:, 0]
    model = nn.Linear(4, 4, bias=False).double()
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=200, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y) + 1e-3 * model.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return x, y, model.eval()


def test_the_quadratic_of_classes_is_that_of_autograd() -> None:
    """Value, gradient and Hessian of the cross entropy, which for a linear layer is H."""
    x, y, model = logistic(30)
    model.weight.data += 0.3
    problem = linearized(model, _weight(model, "weight"), x, y, "categorical")
    (block,) = problem.blocks
    d, B, z = block.sizes, block.inputs, block.targets[:, 0, 0]

    def log_likelihood(w: torch.Tensor) -> torch.Tensor:
        return -F.cross_entropy(x @ w.reshape(4, 4).T, y, reduction="sum")

    w = model.weight.detach().reshape(-1)
    H = -torch.autograd.functional.hessian(log_likelihood, w)
    g = torch.autograd.functional.jacobian(log_likelihood, w)
    np.testing.assert_allclose((B.T * d**2) @ B, H.numpy(), atol=1e-9)
    gap = z - d * (B @ w.numpy())
    np.testing.assert_allclose(B.T @ (d * gap), g.numpy(), atol=1e-8)
    value = -0.5 * (gap @ gap) - 0.5 * len(z) * math.log(2 * math.pi) + problem.constant
    assert value == pytest.approx(float(log_likelihood(w)))


def test_the_evidence_of_classes_against_sampling() -> None:
    """Weights drawn from the prior around the maximum, reweighted: importance sampling."""
    x, y, model = logistic(300)
    found = msr.compare_layer_symmetries(
        CANDIDATES,
        model,
        "weight",
        x,
        y,
        likelihood="categorical",
        width=1.0,
        simulations=0,
    )
    generator = torch.Generator().manual_seed(2)
    U = torch.linalg.qr(C4)[0]
    v = 0.4 * torch.randn(4000, 4, generator=generator, dtype=torch.float64)
    centre = U.T @ found.fits["C4"].weight.reshape(-1)
    proposal = -0.5 * (v / 0.4).square().sum(1) - 4 * math.log(0.4)
    v = v + centre
    W = (v @ U.T).reshape(-1, 4, 4)
    logits = torch.einsum("sij,Nj->sNi", W, x).log_softmax(2)
    fit = logits.gather(2, y.expand(4000, 300)[..., None]).sum((1, 2))
    weights = fit - 0.5 * v.square().sum(1) - proposal
    expected = float(weights.logsumexp(0)) - math.log(4000)
    assert found.log_evidence["C4"] == pytest.approx(expected, abs=0.5)
    assert found.fits["C4"].noise == 1


def test_trained_layers() -> None:
    """A classifier with C4, and a convolution within a network."""
    x, y, model = logistic(400)
    found = msr.compare_layer_symmetries(
        CANDIDATES, model, "weight", x, y, likelihood="categorical", simulations=40
    )
    assert found.verdict == "C4"
    network = nn.Sequential(
        nn.Conv1d(1, 2, 2), nn.Flatten(), nn.Tanh(), nn.Linear(6, 1)
    ).eval()
    generator = torch.Generator().manual_seed(0)
    randomize(network, generator)
    images = torch.randn(20, 1, 4, generator=generator)
    conv = msr.compare_layer_symmetries(
        {"equal": torch.ones(4, 1)}, network, "0", images, network(images).detach()
    )
    assert conv.free == "none"
    assert conv.fits["none"].weight.shape == (2, 1, 2)
    assert conv.fits["none"].weight.dtype == torch.float32
    torch.testing.assert_close(
        conv.fits["none"].weight, network[0].weight.detach(), atol=0.02, rtol=0
    )


X, Y = torch.ones(3, 4), torch.ones(3, 4)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        (nn.Linear(4, 4), ("weight", X, Y), "evaluation mode, got one in training"),
        (nn.Linear(4, 4).eval(), ("bias", X, Y), "plain weight among weight, got 'bias'"),
        (nn.Linear(4, 4).eval(), ("weight", X, Y[:2]), "as many examples"),
        (nn.Linear(4, 4).eval(), ("weight", X[:0], Y[:0]), "at least one"),
        (nn.Linear(4, 4).eval(), ("weight", X, Y[:, :3]), r"y of shape \(3, 4\) for outputs"),
        (nn.Linear(4, 4).eval(), ("weight", X / 0, Y), "finite x"),
        (nn.Linear(4, 4).eval(), ("weight", X, Y * math.nan), "finite y"),
        (nn.Linear(4, 4).eval(), ("weight", 0 * X, Y), "that outputs depend on, got none"),
        (nn.Sequential(nn.Linear(4, 4), nn.Softmax(0)).eval(), ("0", X, Y), "do not depend on the others"),
        (msr.reparameterize(nn.Linear(4, 4), 3).eval(), ("weight", X, Y), "plain weight among none"),
        (nn.Linear(90, 90).eval(), ("weight", torch.ones(3, 90), torch.ones(3, 90)), "at most 6400"),
    ],
)  # fmt: skip
def test_what_is_refused(model, arguments, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msr.compare_layer_symmetries({"none": None}, model, *arguments)


@pytest.mark.bad_input
def test_classes_that_are_refused() -> None:
    model, classes = nn.Linear(4, 4).eval(), {"likelihood": "categorical"}
    with pytest.raises(TypeError, match="expected y of classes to be an int64 tensor"):
        msr.compare_layer_symmetries({"none": None}, model, "weight", X, Y, **classes)
    labels = torch.zeros(3, dtype=torch.long)
    with pytest.raises(ValueError, match=r"expected no noise for classes, got 1.0"):
        msr.compare_layer_symmetries(
            {"none": None}, model, "weight", X, labels, noise=1.0, **classes
        )
    with pytest.raises(ValueError, match="expected classes 0 to 3, got 4"):
        msr.compare_layer_symmetries(
            {"none": None}, model, "weight", X, labels + 4, **classes
        )
