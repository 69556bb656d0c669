"""Symmetry matrices as parametrizations, and reparameterize on module trees."""

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import msr

pytestmark = pytest.mark.usefixtures("float64")


def test_kronecker_without_noise_keeps_the_function(generator) -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 2))
    x = torch.randn(4, 2, 4, 4, generator=generator)
    before = model(x)
    msr.reparameterize(model, factorization="kronecker", std=0.0)
    torch.testing.assert_close(model(x), before)


def test_whole_tree_and_only_its_layers() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = nn.ModuleDict({"conv": nn.Conv1d(2, 2, 3)})
            self.norm = nn.LayerNorm(4)
            self.free = nn.Parameter(torch.ones(2))

    model = nn.Sequential(Block(), nn.Linear(3, 3), nn.Embedding(5, 3))
    assert msr.reparameterize(model, filters=2) is model
    names = [name for name, _ in msr.symmetry_matrices(model)]
    assert names == [
        "0.inside.conv.parametrizations.weight.0",
        "1.parametrizations.weight.0",
    ]
    adapted = msr.adapted_parameters(model)
    assert {
        "0.inside.conv.parametrizations.weight.original",
        "0.inside.conv.bias",
        "1.parametrizations.weight.original",
        "1.bias",
        "0.norm.weight",
        "0.norm.bias",
        "0.free",
        "2.weight",
    } == set(adapted)


def test_seed_decides_and_the_global_state_is_left_alone() -> None:
    def build(seed: int) -> torch.Tensor:
        layer = msr.reparameterize(nn.Linear(4, 3), filters=2, seed=seed)
        return torch.cat([layer.weight.flatten(), layer.parametrizations.weight.original])

    assert torch.equal(build(1), build(1))
    assert not torch.equal(build(1), build(2))
    state = torch.get_rng_state()
    layers = [nn.Linear(4, 3), nn.Conv2d(1, 2, 3)]
    torch.set_rng_state(state)
    msr.reparameterize(layers[0], filters=2)
    msr.reparameterize(layers[1], factorization="kronecker")
    assert torch.equal(torch.get_rng_state(), state)


def test_initial_scale() -> None:
    layer = msr.reparameterize(nn.Linear(70, 68), filters=30, std=0.02)
    U, v = layer.parametrizations.weight[0].U, layer.parametrizations.weight.original
    assert U.std().item() == pytest.approx(0.02, rel=0.02)
    assert v.std().item() == pytest.approx(68**-0.5, rel=0.3)


@given(
    m=st.integers(1, 5),
    n=st.integers(1, 5),
    k=st.integers(1, 4),
    seed=st.integers(0, 999),
)
@settings(deadline=None, max_examples=40)
def test_layer_output_is_linear_in_the_filter(m, n, k, seed) -> None:
    torch.set_default_dtype(torch.float64)
    k = min(k, m * n)
    generator = torch.Generator().manual_seed(seed)
    layer = msr.reparameterize(nn.Linear(n, m, bias=False), filters=k, seed=seed)
    v = layer.parametrizations.weight.original
    x = torch.randn(3, n, generator=generator)
    values = torch.randn(2, k, generator=generator)

    def output(filter_value: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            v.copy_(filter_value)
            return layer(x)

    first, second = map(output, values)
    torch.testing.assert_close(
        output(2 * values[0] - 3 * values[1]), 2 * first - 3 * second
    )


def test_layers_of_one_call_differ() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3))
    msr.reparameterize(model, filters=2)
    first, second = (U.matrix() for _, U in msr.symmetry_matrices(model))
    assert not torch.allclose(first, second)


def test_kronecker_factors_are_the_identity_plus_noise() -> None:
    def factor(seed: int) -> torch.Tensor:
        layer = nn.Linear(50, 50, bias=False)
        msr.reparameterize(layer, factorization="kronecker", std=0.02, seed=seed)
        return layer.parametrizations.weight[0].factors[0]

    noise = factor(0) - torch.eye(50)
    assert noise.std().item() == pytest.approx(0.02, rel=0.05)
    assert not torch.equal(factor(0), factor(1))


@pytest.mark.parametrize("settings", [{"filters": 3}, {"factorization": "kronecker"}])
def test_frozen_layers_are_left_as_they_are(settings, caplog) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    model[2].requires_grad_(False)
    weight, bias = model[2].weight, model[2].bias
    before = weight.clone()
    with caplog.at_level(logging.INFO, logger="msr.symmetry.reparameterization"):
        msr.reparameterize(model, **settings)
    assert model[2].weight is weight
    assert torch.equal(weight, before)
    assert not weight.requires_grad
    assert not bias.requires_grad
    assert [r.getMessage() for r in caplog.records] == [
        "left as it is: '2', whose weight is frozen"
    ]
    assert set(msr.MetaLearner(model).adapted) == {
        "0.bias",
        "0.parametrizations.weight.original",
    }
    model[0].parametrizations.weight.requires_grad_(False)
    frozen = nn.Sequential(nn.Linear(2, 2)).requires_grad_(False)
    with pytest.raises(ValueError, match=r"got Sequential with none that is not frozen"):
        msr.reparameterize(frozen, **settings)


@pytest.mark.parametrize(
    "settings", [{"filters": 3}, {"factorization": "kronecker", "std": 0.1}]
)
def test_initial_values(settings) -> None:
    """Layers that start differently get different values, and the same ones the same."""

    def values(seed_of_layer: int, **seed) -> list[torch.Tensor]:
        torch.manual_seed(seed_of_layer)
        layer = msr.reparameterize(nn.Linear(4, 6), **settings, **seed)
        return [p.detach() for p in layer.parametrizations.weight[0].parameters()]

    def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
        return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))

    assert not same(values(0), values(1))
    assert same(values(0), values(0))
    assert same(values(0, seed=5), values(1, seed=5))
    generator = torch.Generator().manual_seed(5)
    first, second = (values(0, seed=generator) for _ in range(2))
    assert same(first, values(0, seed=5))
    assert not same(first, second)


@pytest.mark.parametrize("settings", [{"filters": 3}, {"factorization": "kronecker"}])
def test_a_generator_on_a_gpu_is_refused(settings) -> None:
    class OnGPU(torch.Generator):
        device = torch.device("cuda", 0)

    layer = nn.Linear(4, 6)
    with pytest.raises(ValueError, match=r"generator on the CPU, got one on cuda:0"):
        msr.reparameterize(layer, **settings, seed=OnGPU())
    assert set(dict(layer.named_parameters())) == {"weight", "bias"}


def test_initial_values_leave_the_global_random_state_alone() -> None:
    layer = nn.Linear(4, 6)
    before = torch.get_rng_state()
    msr.reparameterize(layer, filters=3)
    assert torch.equal(torch.get_rng_state(), before)
