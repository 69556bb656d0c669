"""Symmetry matrices as parametrizations: vec(W) = U v, and its inverse."""

import copy

import pytest
import torch
from torch import nn

import msr
from helpers import randomize
from msr.symmetry.kronecker import kronecker_sizes

pytestmark = pytest.mark.usefixtures("float64")

LAYERS = [
    nn.Linear(4, 3),
    nn.Conv1d(2, 3, 4),
    nn.Conv2d(2, 3, (2, 3)),
    nn.Conv3d(1, 2, 2),
    nn.Conv2d(4, 6, 3, groups=2),
    nn.ConvTranspose2d(2, 3, 2),
]


@pytest.mark.parametrize("factorization", ["dense", "kronecker"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_weight_is_U_times_v_in_row_major_order(layer, factorization, generator) -> None:
    layer = copy.deepcopy(layer).double()
    shape = layer.weight.shape
    filters = 5 if factorization == "dense" else None
    msr.reparameterize(layer, filters, factorization)
    randomize(layer, generator)
    parametrization = layer.parametrizations.weight
    U, v = parametrization[0].matrix(), parametrization.original
    assert layer.weight.shape == shape
    torch.testing.assert_close(U @ v.flatten(), layer.weight.flatten())
    if factorization == "dense":
        assert v.shape == (5,)
        assert parametrization[0].U.shape == (shape.numel(), 5)
    else:
        assert v.shape == shape
        sizes = [len(f) for f in parametrization[0].factors]
        assert tuple(sizes) == kronecker_sizes(shape)


def test_kronecker_linear_is_A_V_Bt(generator) -> None:
    layer = msr.reparameterize(nn.Linear(4, 3, bias=False), factorization="kronecker")
    randomize(layer, generator)
    A, B = layer.parametrizations.weight[0].factors
    V = layer.parametrizations.weight.original
    torch.testing.assert_close(layer.weight, A @ V @ B.T)


@pytest.mark.parametrize("factorization", ["dense", "kronecker"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_assigning_a_weight_projects_it(layer, factorization, generator) -> None:
    """layer.weight = W sets v by least squares: exact inside span(U), nearest outside."""
    layer = copy.deepcopy(layer).double()
    filters = 5 if factorization == "dense" else None
    msr.reparameterize(layer, filters, factorization)
    randomize(layer, generator)
    inside = layer.weight.detach().clone()
    layer.weight = torch.zeros_like(inside)
    torch.testing.assert_close(layer.weight, torch.zeros_like(inside))
    layer.weight = inside
    torch.testing.assert_close(layer.weight, inside)
    if factorization == "dense":
        W = torch.randn(inside.shape, generator=generator)
        layer.weight = W
        residual = (W - layer.weight).flatten()
        U = layer.parametrizations.weight[0].U
        torch.testing.assert_close(U.T @ residual, torch.zeros(5), atol=1e-10, rtol=0)


def test_columns_of_U_are_contiguous_and_stay_so() -> None:
    layer = msr.reparameterize(nn.Linear(6, 5), filters=3)
    copied = copy.deepcopy(layer)
    copied.load_state_dict(layer.state_dict())
    copied(torch.ones(2, 6)).sum().backward()
    U = copied.parametrizations.weight[0].U
    assert U.stride() == (1, 30)
    assert U.grad.stride() == (1, 30)


def test_assigning_works_with_singular_factors() -> None:
    layer = msr.reparameterize(nn.Linear(3, 3, bias=False), factorization="kronecker")
    A, B = layer.parametrizations.weight[0].factors
    with torch.no_grad():
        A.copy_(torch.diag(torch.tensor([1.0, 2.0, 0.0])))
        B.copy_(torch.eye(3))
    layer.weight = torch.ones(3, 3)
    expected = torch.tensor([[1.0], [1.0], [0.0]]).expand(3, 3)
    torch.testing.assert_close(layer.weight, expected)


@pytest.mark.parametrize("factorization", ["dense", "kronecker"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (4, 3, 2, 2)])
def test_symmetry_matrices_take_several_filters(factorization, shape, generator) -> None:
    layer = {2: nn.Linear, 3: nn.Conv1d, 4: nn.Conv2d}[len(shape)]
    module = layer(3, 4, bias=False, **({"kernel_size": 2} if len(shape) > 2 else {}))
    msr.reparameterize(module, 5 if factorization == "dense" else None, factorization)
    randomize(module, generator)
    symmetry = module.parametrizations.weight[0]
    U, v = symmetry.matrix(), module.parametrizations.weight.original
    filters = torch.randn(2, *v.shape, generator=generator)
    weights = symmetry(filters)
    assert weights.shape == (2, *shape)
    torch.testing.assert_close(weights.flatten(1), filters.flatten(1) @ U.T)
    back = symmetry.transpose_apply(weights)
    torch.testing.assert_close(back.flatten(1), weights.flatten(1) @ U)
    torch.testing.assert_close(symmetry.transpose_apply(weights[0]), back[0])
