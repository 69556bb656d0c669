"""Step sizes that a largest curvature bounds."""

import copy

import pytest
import torch
from torch import Tensor, nn

import msr
from cases import CASES
from helpers import random_batch, randomize
from msr.inner_loops.curvature import PRODUCTS, at_most
from msr.vectorization import zoo

pytestmark = pytest.mark.usefixtures("float64")


def loss_of(model: nn.Module, x: Tensor, y: Tensor):
    """The mean squared error as a function of one flat vector of all that adapts."""
    names, values = zip(*msr.adapted_parameters(model).items(), strict=True)
    sizes = [v.numel() for v in values]

    def loss(flat: Tensor) -> Tensor:
        parts = [p.view_as(v) for p, v in zip(flat.split(sizes), values)]
        output = torch.func.functional_call(model, dict(zip(names, parts)), (x,))
        return (output - y).square().mean()

    return loss, torch.cat([v.detach().flatten() for v in values]), sizes


def adapted_by_hand(
    model: nn.Module, x: Tensor, y: Tensor, alphas: list[float], steps: int, bound: float
) -> tuple[Tensor, float]:
    """Gradient descent with an explicit Hessian, and the curvature that was found."""
    loss, v, sizes = loss_of(model, x, y)
    D = torch.cat([torch.full((n,), a) for n, a in zip(sizes, alphas, strict=True)])
    H = torch.func.jacrev(torch.func.grad(loss))(v)
    A = D.sqrt()[:, None] * H * D.sqrt()
    g = D.sqrt() * torch.func.grad(loss)(v)
    before = torch.linalg.matrix_power(A, PRODUCTS - 1) @ g
    h = ((A @ before).norm() / before.norm()).item()
    for _ in range(steps):
        v = v - min(1.0, bound / h) * D * torch.func.grad(loss)(v)
    return v, h


@pytest.mark.parametrize("way", [{}, {"shortcuts": False}, {"vectorize": False}], ids=str)
@pytest.mark.parametrize(
    "name",
    ["MSR-FC", "MAML-FC", "MAML-Conv 1-D", "MSR-FC with bias", "two layers", "plain"],
)
def test_steps_are_those_of_an_explicit_hessian(name, way, generator) -> None:
    build, x_shape, y_shape = CASES[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(4, x_shape, y_shape, generator)
    batch.x_support.mul_(torch.linspace(0.05, 3, 4).view(4, *[1] * (1 + len(x_shape))))
    learner = msr.MetaLearner(model, msr.GradientDescent(3, 0.1, max_curvature=0.4), **way)
    with torch.no_grad():
        for i, lr in enumerate(learner.meta_parameters):
            lr.copy_(0.1 + 0.05 * i)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    alphas, bounded = [lr.item() for lr in learner.meta_parameters], []
    for i in range(4):
        task = batch.x_support[i], batch.y_support[i]
        v, h = adapted_by_hand(model, *task, alphas, 3, 0.4)
        found = torch.cat([t[i].flatten() for t in adapted.values()])
        torch.testing.assert_close(found, v)
        bounded.append(h > 0.4)
    # the bound binds some tasks, not all
    assert set(bounded) == {True, False}


def test_the_curvature_is_the_largest_eigenvalue_of_what_the_steps_can_reach() -> None:
    """On two directions with 1 : 100 in curvature, to the sixth power of their ratio."""
    X = torch.diag(torch.tensor([10.0, 1.0]))[None]
    learner = msr.MetaLearner(
        nn.Linear(2, 1, bias=False), msr.GradientDescent(1, 1e3, max_curvature=1.0)
    )
    start = learner.model.weight.detach()
    Y = torch.ones(1, 2, 1)
    gradient = (X[0] @ start.T - Y[0]).T @ X[0]  # 2/N = 1
    (adapted,) = learner.adapt(X, Y).values()
    torch.testing.assert_close(adapted[0], start - gradient / 100, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("c", [0.5, 1.0, 1.5])
def test_no_task_explodes_whatever_the_step_size(c, generator) -> None:
    model = nn.Sequential(nn.Linear(6, 4, bias=False))
    msr.reparameterize(model, filters=3, seed=0)
    batch = random_batch(50, (6,), (4,), generator, support=1)

    def losses(bound: float | None) -> Tensor:
        inner = msr.GradientDescent(30, 1e4, max_curvature=bound)
        learner = msr.MetaLearner(copy.deepcopy(model), inner)
        adapted = learner.adapt(batch.x_support, batch.y_support)
        return learner.losses(adapted, batch.x_support, batch.y_support)

    start = (model(batch.x_support) - batch.y_support).square().mean((1, 2))
    assert (losses(c) <= start * (1 + 1e-9)).all()
    assert (losses(None) > 1e6 * start).any()  # must fail: nothing bounds these steps


@pytest.mark.parametrize("first_order", [False, True])
def test_below_the_bound_nothing_changes(first_order, generator) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    batch = random_batch(3, (6,), (2,), generator)
    found = []
    for bound in (None, 1e6):
        inner = msr.GradientDescent(2, 0.1, max_curvature=bound)
        learner = msr.MetaLearner(copy.deepcopy(model), inner, first_order=first_order)
        losses = learner(batch)
        losses.sum().backward()
        found.append([losses.detach(), *(p.grad for p in learner.parameters())])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("way", [{}, {"shortcuts": False}, {"vectorize": False}], ids=str)
@pytest.mark.parametrize("model", ["filters", "weights", "columns", "network"])
def test_a_task_that_is_solved_already_gives_finite_gradients(
    model, way, generator
) -> None:
    """Gradient and curvature are zero, where roots have no derivative."""
    models = {
        "filters": lambda: msr.reparameterize(nn.Linear(6, 4, bias=False), filters=3),
        "weights": lambda: nn.Linear(6, 4, bias=False),
        "columns": lambda: nn.Linear(6, 4, bias=False),
        "network": lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 4)),
    }
    batch = random_batch(2, (6,), (4,), generator, support=8 if model == "weights" else 2)
    batch.x_support[0] = 0.0
    batch.y_support[0] = 0.0
    learner = msr.MetaLearner(
        models[model](), msr.GradientDescent(2, 0.1, max_curvature=0.01), **way
    )
    for p in msr.adapted_parameters(learner.model).values():
        if p.ndim == 1 and model == "network":
            nn.init.zeros_(p)
    losses = learner(batch)
    losses.sum().backward()
    assert losses.isfinite().all()
    for parameter in learner.parameters():
        assert parameter.grad.isfinite().all()


# Those whose gradient is, by torch's definition, not the derivative of the loss, and those
# that no learner can train.
NO_DERIVATIVE = ("Embedding,", "EmbeddingBag", "Hardsigmoid", "CrossMapLRN2d")
THIRD = [
    name
    for name in zoo.layers()
    if not name.startswith(NO_DERIVATIVE)
    and any(word in name for word in ("Norm", "Attention", "Transformer", "GRU", "Conv1d"))
]


@pytest.mark.parametrize("name", THIRD)
def test_the_meta_gradient_is_the_derivative_of_the_losses(name, generator) -> None:
    """Third derivatives of torch's own normalizations are wrong; the package has others."""
    specimen = zoo.layers()[name]
    torch.manual_seed(0)
    model = specimen.network().double()
    (x, x_query), (y, y_query) = (
        [draw(n) for n in (4, 5)]
        for draw in (
            lambda n: specimen.inputs(2, n, generator).double(),
            lambda n: torch.randn(2, n, zoo.CLASSES, generator=generator),
        )
    )
    batch = msr.TaskBatch(x, y, x_query, y_query)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, 0.1, max_curvature=0.02))
    state = copy.deepcopy(learner.state_dict())

    def loss(shift: float) -> Tensor:
        torch.manual_seed(0)
        learner.load_state_dict(state)
        with torch.no_grad():
            for p, direction in zip(learner.parameters(), directions, strict=True):
                p.add_(shift * direction)
        return learner(batch).sum()

    directions = [torch.randn(p.shape, generator=generator) for p in learner.parameters()]
    loss(0.0).backward()
    slope = sum((p.grad * d).sum() for p, d in zip(learner.parameters(), directions))
    with torch.no_grad():
        difference = (loss(1e-5) - loss(-1e-5)) / 2e-5
    torch.testing.assert_close(slope, difference, rtol=2e-6, atol=1e-6)


def test_gradcheck_passes(generator) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False))
    model.extend([nn.ReLU(), nn.Flatten(), nn.Linear(18, 2)])
    msr.reparameterize(model, factorization="kronecker")
    batch = random_batch(2, (1, 5, 5), (2,), generator, support=3)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, 0.1, max_curvature=0.01))
    report = msr.gradcheck(learner, batch)
    assert report.ok, str(report)
    assert report.way.startswith("side by side")


def test_the_factor_and_its_derivative() -> None:
    h = torch.tensor([0.0, 0.5, 2.0], requires_grad=True)
    factor = at_most(1.0, h)
    (slope,) = torch.autograd.grad(factor.sum(), h)
    assert factor.tolist() == [1.0, 1.0, 0.5]
    assert slope.tolist() == [0.0, 0.0, -0.25]


@pytest.mark.bad_input
@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan"), float("inf")])
def test_bounds_that_are_none(bound) -> None:
    with pytest.raises(ValueError, match="max_curvature"):
        msr.GradientDescent(max_curvature=bound)


@pytest.mark.bad_input
def test_sparse_gradients_are_refused() -> None:
    class Looked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(3, 2, sparse=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.table((x[:, 0] > 0).long())

    learner = msr.MetaLearner(Looked(), msr.GradientDescent(max_curvature=1.0))
    x, y = torch.randn(2, 3, 1), torch.randn(2, 3, 2)
    with pytest.raises(ValueError, match=r"expected dense gradients .* got a sparse one"):
        learner(msr.TaskBatch(x, y, x, y))


def test_repr_names_the_bound_only_if_there_is_one() -> None:
    assert repr(msr.GradientDescent(3, 0.2)) == (
        "GradientDescent(steps=3, lr=0.2, learn_lr=True)"
    )
    assert "max_curvature=1.5" in repr(msr.GradientDescent(max_curvature=1.5))
