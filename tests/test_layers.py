"""The experiments' layers against torch's own."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

import msr

pytestmark = pytest.mark.usefixtures("float64")


def test_locally_connected_is_a_sparse_matrix(generator) -> None:
    layer = msr.LocallyConnected1d(7, 3)
    W = torch.zeros(5, 7)
    for p in range(5):
        W[p, p : p + 3] = layer.weight.detach()[p]
    x = torch.randn(2, 4, 7, generator=generator)
    torch.testing.assert_close(layer(x), x @ W.T)


def test_locally_connected_starts_as_torch_starts_a_convolution() -> None:
    torch.manual_seed(0)
    weight = msr.LocallyConnected1d(2000, 5).weight.detach()
    assert weight.abs().max() <= 5**-0.5
    assert weight.std().item() == pytest.approx(15**-0.5, rel=0.02)  # uniform, 9980 draws
    assert abs(weight.mean()) < 0.01


def test_locally_connected_with_equal_filters_is_a_convolution(generator) -> None:
    layer = msr.LocallyConnected1d(9, 4)
    with torch.no_grad():
        layer.weight.copy_(layer.weight[0].expand(6, 4))
    x = torch.randn(3, 9, generator=generator)
    expected = F.conv1d(x[:, None], layer.weight[:1, None])[:, 0]
    torch.testing.assert_close(layer(x), expected)
    with torch.no_grad():
        layer.weight[2] += 1
    assert not torch.allclose(layer(x), expected)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bias": False},
        {"stride": 2, "padding": 1},
        {"stride": (1, 3), "padding": (2, 0), "dilation": (2, 1)},
        {"kernel_size": (1, 4)},
    ],
)
def test_unfold_convolution_is_the_convolution(settings: dict, generator) -> None:
    settings = {"kernel_size": 3} | settings
    layer, expected = msr.UnfoldConv2d(2, 5, **settings), nn.Conv2d(2, 5, **settings)
    expected.load_state_dict(layer.state_dict())
    x = torch.randn(3, 2, 8, 10, generator=generator)
    torch.testing.assert_close(layer(x), expected(x))


def test_unfold_convolution_under_vmap_and_twice_differentiated(generator) -> None:
    layer = msr.UnfoldConv2d(1, 2, 3, bias=False)
    weights = torch.randn(4, 2, 1, 3, 3, generator=generator)
    x = torch.randn(4, 2, 1, 5, 6, generator=generator)

    def loss(w, x):
        return functional_call(layer, {"weight": w}, (x,)).pow(3).sum()

    for gradient, w, images in zip(vmap(grad(loss))(weights, x), weights, x, strict=True):
        w = w.clone().requires_grad_()
        (expected,) = torch.autograd.grad(F.conv2d(images, w).pow(3).sum(), w)
        torch.testing.assert_close(gradient, expected)
    w = weights[0].clone().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda w: loss(w, x[0]), w)


def test_unfold_convolution_takes_a_symmetry_matrix(generator) -> None:
    model = msr.reparameterize(
        nn.Sequential(msr.UnfoldConv2d(2, 3, 3)), factorization="kronecker", std=0.3
    )
    x = torch.randn(2, 2, 5, 5, generator=generator)
    expected = F.conv2d(x, model[0].weight, model[0].bias)
    torch.testing.assert_close(model(x), expected)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: msr.LocallyConnected1d(3, 4), ValueError, "kernel_size <= input_size = 3"),
        (lambda: msr.LocallyConnected1d(3.0, 2), TypeError, "input_size to be an integer"),
        (
            lambda: msr.LocallyConnected1d(4, 2)(torch.ones(1, 5)),
            ValueError,
            "expected inputs of length 4, got 5",
        ),
        (
            lambda: msr.UnfoldConv2d(2, 2, 3, groups=2),
            ValueError,
            "expected groups=1, got 2",
        ),
        (lambda: msr.UnfoldConv2d(1, 1, 3, padding="same"), ValueError, "'same'"),
        (
            lambda: msr.UnfoldConv2d(1, 1, 3, padding=1, padding_mode="circular"),
            ValueError,
            "circular",
        ),
    ],
)
def test_wrong_layers(build, error, message) -> None:
    with pytest.raises(error, match=message):
        build()
