"""The closed-form inner loop against explicit least squares."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from helpers import random_batch, randomize, tiny_tasks

pytestmark = pytest.mark.usefixtures("float64")


def linear_learner(generator, ridge: float = 0.1, filters: int = 3) -> msr.MetaLearner:
    model = nn.Sequential(nn.Linear(5, 4, bias=False))
    msr.reparameterize(model, filters=filters)
    randomize(model, generator)
    return msr.MetaLearner(model, msr.Ridge(ridge))


@pytest.mark.parametrize("filters", [3, 14])  # fewer and more than the 8 equations
def test_solution_is_that_of_the_normal_equations(filters: int, generator) -> None:
    learner = linear_learner(generator, 0.1, filters)
    batch = random_batch(3, (5,), (4,), generator, support=2)
    (adapted,) = learner.adapt(batch.x_support, batch.y_support).values()
    weight = learner.model[0].parametrizations.weight
    U, v0 = weight[0].U.detach(), weight.original.detach()
    for i in range(3):
        patterns = U.T.reshape(filters, 4, 5)
        J = torch.einsum("kpn,en->epk", patterns, batch.x_support[i]).reshape(8, -1)
        r = batch.y_support[i].flatten() - J @ v0
        normal = J.T @ J / 8 + 0.1 * torch.eye(filters)
        torch.testing.assert_close(adapted[i], v0 + torch.linalg.solve(normal, J.T @ r / 8))


def test_is_the_minimum_of_the_penalized_loss(generator) -> None:
    """An oracle without formulas: gradient descent run to the end."""
    learner = linear_learner(generator, 0.3)
    batch = random_batch(1, (5,), (4,), generator)
    (adapted,) = learner.adapt(batch.x_support, batch.y_support).values()
    weight = learner.model[0].parametrizations.weight
    v0 = weight.original.detach().clone()
    v = v0.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([v], max_iter=500, tolerance_grad=1e-12)

    def objective():
        optimizer.zero_grad()
        W = (weight[0].U.detach() @ v).reshape(4, 5)
        loss = F.mse_loss(batch.x_support[0] @ W.T, batch.y_support[0])
        loss = loss + 0.3 * (v - v0).square().sum()
        loss.backward()
        return loss

    optimizer.step(objective)
    torch.testing.assert_close(adapted[0], v.detach(), rtol=1e-6, atol=1e-8)


def test_limits_of_the_penalty(generator) -> None:
    batch = random_batch(2, (5,), (4,), generator)
    stiff = linear_learner(generator, 1e9)
    (adapted,) = stiff.adapt(batch.x_support, batch.y_support).values()
    (v0,) = stiff.adapted.values()
    torch.testing.assert_close(adapted, v0.expand(2, -1), rtol=1e-6, atol=1e-8)
    loose = linear_learner(generator, 1e-12)
    adapted = loose.adapt(batch.x_support, batch.y_support)
    residual = batch.y_support - loose.predict(adapted, batch.x_support)
    U = loose.model[0].parametrizations.weight[0].U
    for i in range(2):
        patterns = U.T.reshape(3, 4, 5)
        J = torch.einsum("kpn,en->epk", patterns, batch.x_support[i]).reshape(-1, 3)
        assert (J.T @ residual[i].flatten()).abs().max() < 1e-8


def test_outer_gradients_are_exact(generator) -> None:
    learner = linear_learner(generator)
    batch = random_batch(2, (5,), (4,), generator)
    names, values = zip(*learner.named_parameters(), strict=True)

    def losses(*tensors):
        return torch.func.functional_call(learner, dict(zip(names, tensors)), (batch,))

    assert torch.autograd.gradcheck(
        losses, tuple(p.detach().requires_grad_() for p in values)
    )
    learner(batch).mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in learner.parameters())


def test_first_order_cuts_the_path_through_the_solution(generator) -> None:
    learner = linear_learner(generator)
    batch = random_batch(2, (5,), (4,), generator)
    learner(batch).mean().backward()
    exact = [p.grad.clone() for p in learner.parameters()]
    learner.zero_grad()
    learner.first_order = True
    learner(batch).mean().backward()
    U_exact, U_first = exact[1], next(iter(learner.model.parameters())).grad
    assert U_first is not None
    assert learner.meta_parameters[0].grad is None
    assert not any(torch.allclose(U_first, g) for g in exact if g.shape == U_first.shape)
    assert U_exact is not None


def test_several_adapted_tensors_and_all_tasks_at_once(generator) -> None:
    """A bias adapts beside the filter; vmap equals one task at a time."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    msr.reparameterize(model, filters=2)
    randomize(model, generator)
    learner = msr.MetaLearner(model, msr.Ridge(0.01))
    batch = random_batch(4, (2, 3), (3,), generator, support=3)
    together = learner.adapt(batch.x_support, batch.y_support)
    assert {t.shape[1:] for t in together.values()} == {(2,), (3,)}
    for i in range(4):
        alone = learner.adapt(batch.x_support[i : i + 1], batch.y_support[i : i + 1])
        for name in alone:
            torch.testing.assert_close(alone[name][0], together[name][i])


def test_learns_a_symmetry_far_better_than_gradient_descent() -> None:
    torch.set_default_dtype(torch.float32)
    tasks = tiny_tasks(train_tasks=500, test_tasks=100)

    def error(inner: msr.InnerLoop) -> float:
        model = nn.Sequential(nn.Linear(8, 6, bias=False))
        msr.reparameterize(model, filters=3)
        learner = msr.MetaLearner(model, inner)
        msr.meta_train(learner, tasks, 300, lr=1e-2, decay="cosine", progress=False)
        return msr.meta_test(learner, tasks, progress=False).mse

    assert error(msr.Ridge()) < 0.1 * error(msr.GradientDescent(3, 0.1))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("model", "loss", "message"),
    [
        (
            lambda: nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4)),
            msr.mean_squared_error,
            "linear in the adapted tensors",
        ),
        (
            lambda: nn.Sequential(nn.Linear(5, 6), nn.Linear(6, 4)),
            msr.mean_squared_error,
            "linear in the adapted tensors",
        ),
        (lambda: nn.Linear(5, 4), F.l1_loss, "the mean squared error"),
        (lambda: nn.Linear(5, 4), nn.MSELoss(reduction="sum"), "the mean squared error"),
    ],
)
def test_a_model_without_closed_form_is_refused(model, loss, message, generator) -> None:
    learner = msr.MetaLearner(model(), msr.Ridge(), loss)
    batch = random_batch(2, (5,), (4,), generator)
    with pytest.raises(ValueError, match=f"expected .*{message}.* got"):
        learner(batch)
    with pytest.raises(ValueError, match=message):
        learner.adapt(batch.x_support, batch.y_support)


@pytest.mark.bad_input
@pytest.mark.parametrize("ridge", [0.0, -1.0, float("inf"), float("nan")])
def test_wrong_penalties(ridge: float) -> None:
    with pytest.raises(ValueError, match="expected a positive, finite ridge"):
        msr.Ridge(ridge)
