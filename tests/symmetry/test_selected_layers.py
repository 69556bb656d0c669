"""Which layers get symmetry matrices, and of which kind."""

import logging

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

import msr
from helpers import random_batch, tiny_tasks


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 2))
    )


def reparameterized(model: nn.Module) -> list[str]:
    return [n for n, m in model.named_modules() if parametrize.is_parametrized(m, "weight")]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (None, ["0", "2.0", "2.1"]),
        ("0", ["0"]),
        ("2", ["2.0", "2.1"]),
        ("2.*", ["2.0", "2.1"]),
        (["2.1", "0"], ["0", "2.1"]),
        (lambda name, layer: isinstance(layer, nn.Linear), ["2.0", "2.1"]),
    ],
)
def test_by_name_pattern_and_function(layers, expected) -> None:
    model = msr.reparameterize(network(), filters=2, layers=layers)
    assert reparameterized(model) == expected
    adapting = msr.adapted_parameters(model)
    for name in {"0", "2.0", "2.1"} - set(expected):
        assert f"{name}.weight" in adapting  # a plain weight adapts


def test_different_groups_of_layers_get_different_filters() -> None:
    model = network()
    msr.reparameterize(model, filters=3, layers="0")
    msr.reparameterize(model, factorization="kronecker", layers="2")
    kinds = [type(U) for _, U in msr.symmetry_matrices(model)]
    assert kinds == [msr.DenseSymmetry, msr.KroneckerSymmetry, msr.KroneckerSymmetry]


def test_says_which_weights_stay_plain(caplog) -> None:
    model = nn.ModuleDict({"rnn": nn.GRU(3, 4), "head": nn.Linear(4, 2)})
    with caplog.at_level(logging.INFO, "msr.symmetry.reparameterization"):
        msr.reparameterize(model, filters=2)
    assert "rnn.weight_ih_l0, rnn.weight_hh_l0" in caplog.text
    assert "head" not in caplog.text


class Circulant(msr.SymmetryMatrix):
    """A square weight that is a cyclic convolution: nothing of it is learned."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.weight_shape = torch.Size((n, n))
        i = torch.arange(n)
        self.register_buffer("shift", (i[:, None] - i) % n)

    @classmethod
    def initial(cls, weight: Tensor, filters, std: float, generator):
        self = cls(len(weight))
        return self, self.right_inverse(weight)

    def forward(self, v: Tensor) -> Tensor:
        return v[self.shift]

    def right_inverse(self, weight: Tensor) -> Tensor:
        return torch.zeros(len(weight)).index_add_(
            0, self.shift.flatten(), weight.flatten() / len(weight)
        )

    def matrix(self) -> Tensor:
        return self(torch.eye(len(self.shift))).reshape(-1, len(self.shift))


class Scaled(msr.SymmetryMatrix):
    """A weight times one learned number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    @classmethod
    def initial(cls, weight: Tensor, filters, std: float, generator):
        return cls(), weight.clone()

    def forward(self, v: Tensor) -> Tensor:
        return self.scale * v

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight / self.scale.detach()


def test_a_symmetry_matrix_of_ones_own(generator) -> None:
    model = msr.reparameterize(nn.Linear(6, 6, bias=False), factorization=Circulant)
    (_, U), *_ = msr.symmetry_matrices(model)
    assert isinstance(U, Circulant)
    v = model.parametrizations.weight.original
    assert v.shape == (6,)
    x = torch.randn(6, generator=generator)
    shifted = torch.stack([torch.dot(torch.roll(v.flip(0), i + 1), x) for i in range(6)])
    torch.testing.assert_close(model(x), shifted)
    learner = msr.MetaLearner(model, msr.GradientDescent(2))
    batch = random_batch(2, (6,), (6,), generator)
    assert msr.gradcheck(learner, batch).ok


def test_its_parameters_are_learned_and_shared() -> None:
    model = nn.Sequential(nn.Linear(8, 6))
    msr.reparameterize(model, factorization=Scaled)
    learner = msr.MetaLearner(model)
    assert "0.parametrizations.weight.0.scale" in learner.shared
    msr.meta_train(learner, tiny_tasks(), 3, 4, progress=False)
    assert model[0].parametrizations.weight[0].scale != 1


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("2.2", "did you mean"),
        ("conv", "expected layers to match a name, got 'conv'"),
        ("1", "expected layers to name what can be chosen, got '1': a Flatten"),
        (lambda name, layer: False, "nothing to reparameterize"),
    ],
)
def test_selections_that_mean_nothing(layers, message) -> None:
    model = network()
    with pytest.raises(ValueError, match=message):
        msr.reparameterize(model, filters=2, layers=layers)
    assert not reparameterized(model)


@pytest.mark.bad_input
def test_classes_that_give_something_else() -> None:
    class Nothing(Scaled):
        @classmethod
        def initial(cls, weight, filters, std, generator):
            return None

    class Smaller(Scaled):
        def forward(self, v: Tensor) -> Tensor:
            return v[:1]

    class Unfinished(msr.SymmetryMatrix):
        pass

    layer = nn.Linear(3, 2)
    with pytest.raises(TypeError, match=r"Nothing.initial to return a SymmetryMatrix"):
        msr.reparameterize(layer, factorization=Nothing)
    with pytest.raises(ValueError, match=r"Smaller to give weights of shape \(2, 3\)"):
        msr.reparameterize(layer, factorization=Smaller)
    with pytest.raises(ValueError, match="Unfinished to have initial"):
        msr.reparameterize(layer, factorization=Unfinished)
    with pytest.raises((TypeError, ValueError), match="factorization"):
        msr.reparameterize(layer, factorization=nn.Linear)
    assert not reparameterized(layer)
