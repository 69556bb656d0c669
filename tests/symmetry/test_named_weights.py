"""Weights of any layer that are named, and that what has them stays exact."""

import logging

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

import msr
from helpers import random_batch, randomize

pytestmark = pytest.mark.usefixtures("float64")


class Block(nn.Module):
    """Attention, an embedding, a Bilinear, and cells, with Linear layers beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(4, 2, batch_first=True)
        self.place = nn.Embedding(3, 4)
        self.both = nn.Bilinear(4, 4, 4)
        self.cell = nn.GRUCell(4, 4)
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 2)
        self.free = nn.Parameter(torch.ones(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.place(torch.arange(3)) + self.free
        x = x + self.attn(x, x, x, need_weights=False)[0]
        x = self.body(self.both(x, x)).tanh()
        return self.head(self.cell(x[:, 0], x[:, 1]))


def found(model: nn.Module) -> set[str]:
    """The weights that have symmetry matrices."""
    return {
        name.replace("parametrizations.", "").rpartition(".")[0]
        for name, _ in msr.symmetry_matrices(model)
    }


LINEAR = {"attn.out_proj.weight", "body.weight", "head.weight"}
OTHERS = {
    "attn.in_proj_weight",
    "place.weight",
    "both.weight",
    "cell.weight_ih",
    "cell.weight_hh",
    "free",
}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (None, LINEAR),
        ("*", LINEAR),
        ("head", {"head.weight"}),
        ("head.weight", {"head.weight"}),
        (["head", "body"], {"body.weight", "head.weight"}),
        ("attn", {"attn.out_proj.weight"}),
        ("attn.*", {"attn.out_proj.weight"}),
        (lambda name, layer: name != "head", LINEAR - {"head.weight"}),
        (lambda name, layer: layer.out_features == 2, {"head.weight"}),
        ("attn.in_proj_weight", {"attn.in_proj_weight"}),
        ("*.in_proj_weight", {"attn.in_proj_weight"}),
        (["head", "*.in_proj*"], {"head.weight", "attn.in_proj_weight"}),
        ("cell.weight_*", {"cell.weight_ih", "cell.weight_hh"}),
        (["place.weight", "both.weight"], {"place.weight", "both.weight"}),
        ("free", {"free"}),
    ],
)
def test_which_weights_are_chosen(layers, expected) -> None:
    model = Block()
    before = {name: p.clone() for name, p in model.named_parameters()}
    msr.reparameterize(model, filters=2, layers=layers)
    assert found(model) == expected
    after = dict(model.named_parameters())
    for name in (LINEAR | OTHERS) - expected:
        assert torch.equal(after[name], before[name])


def test_the_log_names_what_stays_plain(caplog) -> None:
    with caplog.at_level(logging.INFO, logger="msr.symmetry.reparameterization"):
        msr.reparameterize(Block(), filters=2, layers=["head", "*_weight", "both.weight"])
    left = ["free", "attn.out_proj.weight", "place.weight", "cell.weight_ih"]
    left += ["cell.weight_hh", "body.weight"]
    assert [r.getMessage() for r in caplog.records] == [
        f"without symmetry matrix: {', '.join(left)}"
    ]


def test_layers_can_have_different_numbers_of_filters() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    msr.reparameterize(model, filters=5, layers="0")
    msr.reparameterize(model, filters=2, layers="1")
    assert [U.matrix().shape[1] for _, U in msr.symmetry_matrices(model)] == [5, 2]


def by_loop(model: nn.Module, batch: msr.TaskBatch) -> Tensor:
    """The losses by a loop over tasks that is written here."""
    names, losses = list(msr.adapted_parameters(model)), []
    parameters = dict(model.named_parameters())
    for x, y, x_query, y_query in zip(
        batch.x_support, batch.y_support, batch.x_query, batch.y_query
    ):
        values = {name: parameters[name] for name in names}
        for _ in range(2):
            loss = F.mse_loss(functional_call(model, values, (x,)), y)
            gradients = torch.autograd.grad(
                loss, list(values.values()), create_graph=True, materialize_grads=True
            )
            values = {n: values[n] - 0.1 * g for n, g in zip(names, gradients)}
        losses.append(F.mse_loss(functional_call(model, values, (x_query,)), y_query))
    return torch.stack(losses)


class Slow(nn.Module):
    """Attention in two products, which any derivative goes through."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            return self.block(x)


@pytest.mark.parametrize("factorization", ["dense", "kronecker"])
@pytest.mark.parametrize("vectorize", ["auto", False])
def test_every_weight_is_exact(factorization, vectorize, generator) -> None:
    model = Block()
    filters = 3 if factorization == "dense" else None
    layers = ["*", "*weight*", "free"]
    msr.reparameterize(model, filters, factorization, layers=layers)
    assert found(model) == LINEAR | OTHERS
    randomize(model, generator)
    batch = random_batch(2, (3, 4), (2,), generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, 0.1), vectorize=vectorize)
    parameters = list(model.parameters())
    losses = learner(batch)
    gradients = torch.autograd.grad(losses.sum(), parameters)
    assert all(g.any() for g in gradients)
    expected = by_loop(Slow(model), batch)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected.sum(), parameters))
    adapted = learner.adapt(batch.x_support, batch.y_support)
    plain = msr.adapted_model(learner, adapted, task=1)
    Block().load_state_dict(plain.state_dict())
    torch.testing.assert_close(
        plain(batch.x_query[1]), learner.predict(adapted, batch.x_query)[1]
    )


class Encoder(nn.Sequential):
    """Only modules of torch, so that the fast path in the space of weights holds."""

    def __init__(self) -> None:
        layer = nn.TransformerEncoderLayer(4, 2, 5, dropout=0.0, batch_first=True)
        super().__init__(layer, nn.Flatten(), nn.Linear(12, 2))


@pytest.mark.parametrize("adapt", [None, "2", "*.in_proj_weight"])
def test_attention_in_the_space_of_weights(adapt, generator) -> None:
    model = Encoder()
    layers = ["2", "*.in_proj_weight"]
    msr.reparameterize(model, factorization="kronecker", layers=layers)
    assert found(model) == {"0.self_attn.in_proj_weight", "2.weight"}
    batch = random_batch(2, (3, 4), (2,), generator)
    inner = msr.GradientDescent(2, 0.1)
    results = []
    for settings in ({"shortcuts": True}, {"vectorize": False}):
        learner = msr.MetaLearner(model, inner, adapt=adapt, **settings)
        losses = learner(batch)
        parameters = list(model.parameters())
        results.append((losses, torch.autograd.grad(losses.sum(), parameters)))
    torch.testing.assert_close(*results)


def recurrent() -> nn.Sequential:
    return nn.Sequential(nn.GRU(4, 3), nn.Linear(3, 2))


def embedded(**settings) -> nn.Sequential:
    return nn.Sequential(nn.Embedding(5, 4, **settings), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("build", "layers", "error", "message"),
    [
        (Block, "haed", ValueError, r"got 'haed': did you mean 'head'"),
        (Block, "place", ValueError, "themselves, such as 'place.weight'"),
        (Block, ["head", 3], TypeError, "expected layers"),
        (Block, 3, TypeError, "expected layers"),
        (Block, lambda name: True, TypeError, "take the arguments"),
        (Block, lambda name, layer: None, TypeError, "True or False, got None"),
        (recurrent, "0.weight_ih_l0", ValueError, "use torch.nn.GRUCell"),
        (lambda: embedded(max_norm=1.0), "0.weight", ValueError, "max_norm"),
        (lambda: embedded(sparse=True), "0.weight", ValueError, "sparse=False"),
    ],
)
def test_wrong_choices(build, layers, error, message) -> None:
    model = build()
    before = list(model.state_dict())
    with pytest.raises(error, match=message):
        msr.reparameterize(model, filters=2, layers=layers)
    assert list(model.state_dict()) == before


def test_frozen_layers_cannot_be_named() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    model[0].weight.requires_grad_(False)
    with pytest.raises(ValueError, match="it is frozen"):
        msr.reparameterize(model, filters=2, layers="0")
    msr.reparameterize(model, filters=2, layers="*")
    assert found(model) == {"1.weight"}


class LowRank(msr.SymmetryMatrix):
    """The example in the docstring of `msr.SymmetryMatrix`."""

    def __init__(self, A: Tensor, B: Tensor, weight_shape: torch.Size) -> None:
        super().__init__()
        self.A, self.B = nn.Parameter(A), nn.Parameter(B)
        self.weight_shape = weight_shape

    @classmethod
    def initial(cls, weight, filters, std, generator):
        A = std * torch.randn(weight.numel(), 2, generator=generator)
        B = torch.randn(2, filters, generator=generator)
        v = torch.randn(filters, generator=generator)
        return cls(A.to(weight), B.to(weight), weight.shape), v.to(weight)

    def matrix(self):
        return self.A @ self.B

    def forward(self, v):
        return (self.A @ (self.B @ v)).reshape(self.weight_shape)

    def right_inverse(self, weight):
        return torch.linalg.pinv(self.matrix()) @ weight.flatten()


def test_a_symmetry_of_ones_own_is_exact(generator) -> None:
    """Equal to the dense matrix with the same entries, in losses and meta-gradient of v."""
    mine = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    msr.reparameterize(mine, filters=4, factorization=LowRank, std=1.0)
    batch = random_batch(3, (4,), (2,), generator)
    learner = msr.MetaLearner(mine, msr.GradientDescent(2, 0.1))
    assert set(learner.shared) == {
        f"{i}.parametrizations.weight.0.{name}" for i in (0, 2) for name in "AB"
    }
    losses = learner(batch)
    expected = by_loop(mine, batch)
    torch.testing.assert_close(losses, expected)
    parameters = list(mine.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(losses.sum(), parameters),
        torch.autograd.grad(expected.sum(), parameters),
    )


def test_a_class_stands_for_its_name() -> None:
    kinds = {"dense": msr.DenseSymmetry, "kronecker": msr.KroneckerSymmetry}
    for name, kind in kinds.items():
        filters, weights = 3 if name == "dense" else None, []
        for factorization in (name, kind):
            torch.manual_seed(0)
            layer = msr.reparameterize(nn.Linear(4, 3), filters, factorization, seed=1)
            weights.append(layer.weight)
        assert torch.equal(*weights)
    with pytest.raises(TypeError, match="expected filters"):
        msr.reparameterize(nn.Linear(4, 3), factorization=msr.DenseSymmetry)
    with pytest.raises(TypeError, match="expected no filters"):
        msr.reparameterize(nn.Linear(4, 3), 3, factorization=msr.KroneckerSymmetry)


class OtherFilter(LowRank):
    def right_inverse(self, weight):
        return super().right_inverse(weight).repeat(2)


def test_a_right_inverse_gives_filters() -> None:
    layer = nn.Linear(4, 2)
    before = layer.weight
    with pytest.raises(ValueError, match=r"right_inverse to give filters of shape \(3,\)"):
        msr.reparameterize(layer, 3, OtherFilter)
    assert layer.weight is before
