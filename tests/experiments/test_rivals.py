"""Inner loops of rivals, each against the obvious computation."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from msr.experiments import LETTERS, WINDS
from msr.experiments.rivals import MetaSGD, Prototypes, RidgeFromZero, RowsRidge

FEW_WINDS = msr.RingWinds(support=3, query=6, train_tasks=40, draws=1)
FEW_LETTERS = msr.Letters(
    ways=3, shots=2, queries=3, query_moves="D4", train_tasks=40, test_tasks=12
)


@pytest.mark.usefixtures("float64")
def test_meta_sgd_is_a_step_size_for_each_number(generator) -> None:
    x, y = (
        torch.randn(2, 1, 4, 3, generator=generator),
        torch.randn(2, 1, 4, 2, generator=generator),
    )
    model = nn.Linear(3, 2)
    learner = msr.MetaLearner(model, MetaSGD(steps=2, lr=0.3))
    for p in learner.meta_parameters:
        with torch.no_grad():
            p.copy_(torch.rand(p.shape, generator=generator) - 0.2)
    adapted = learner.adapt(x[0], y[0])
    W, b = model.weight.detach().clone(), model.bias.detach().clone()
    of_W, of_b = learner.meta_parameters
    for _ in range(2):
        error = x[0, 0] @ W.T + b - y[0, 0]
        W, b = W - of_W * (error.T @ x[0, 0]) / 4, b - of_b * error.sum(0) / 4
    torch.testing.assert_close(adapted["weight"][0], W)
    torch.testing.assert_close(adapted["bias"][0], b)
    loss = learner(msr.TaskBatch(x[0], y[0], x[1], y[1]))
    torch.testing.assert_close(loss[0], (x[1, 0] @ W.T + b - y[1, 0]).square().mean())
    # with one number each it is the inner loop that it extends
    plain = msr.MetaLearner(model, msr.GradientDescent(steps=2, lr=0.3))
    same = msr.MetaLearner(model, MetaSGD(steps=2, lr=0.3))
    batch = msr.TaskBatch(x[0], y[0], x[1], y[1])
    torch.testing.assert_close(same(batch), plain(batch))


@pytest.mark.usefixtures("float64")
def test_prototypes_are_the_nearest_class_means() -> None:
    learner = LETTERS["Prototypes"].learner(FEW_LETTERS)
    batch = FEW_LETTERS.batch("test", [0, 1, 2])
    adapted = learner.adapt(batch.x_support, batch.y_support)
    found = learner.predict(adapted, batch.x_query)
    for task in range(3):
        with torch.no_grad():
            support, query = (
                learner.model.body(x[task]).flatten(1)
                for x in (batch.x_support, batch.x_query)
            )
        means = torch.stack([support[batch.y_support[task] == k].mean(0) for k in range(3)])
        logits = -(query[:, None] - means).square().sum(2)
        torch.testing.assert_close(
            found[task].log_softmax(1), logits.log_softmax(1), rtol=1e-9, atol=1e-9
        )
    # and what the outer loop minimizes goes through the means
    loss = learner(batch).mean()
    (ours,) = torch.autograd.grad(loss, [learner.model.body[0].weight])
    features = [
        (learner.model.body(s).flatten(1), learner.model.body(q).flatten(1))
        for s, q in zip(batch.x_support, batch.x_query)
    ]
    by_hand = 0
    for (s, q), y, target in zip(features, batch.y_support, batch.y_query):
        means = torch.stack([s[y == k].mean(0) for k in range(3)])
        logits = -(q[:, None] - means).square().sum(2)
        by_hand = by_hand + F.cross_entropy(logits, target) / 3
    (theirs,) = torch.autograd.grad(by_hand, [learner.model.body[0].weight])
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


def test_prototypes_take_classes_of_different_sizes(generator) -> None:
    model = nn.Sequential()
    model.add_module("head", nn.Linear(4, 2))
    learner = msr.MetaLearner(model, Prototypes(), F.cross_entropy)
    x, y = torch.randn(1, 3, 4, generator=generator), torch.tensor([[0, 1, 1]])
    weight = learner.adapt(x, y)["head.weight"][0]
    torch.testing.assert_close(weight[0], 2 * x[0, 0])
    torch.testing.assert_close(weight[1], x[0, 1] + x[0, 2])


@pytest.mark.usefixtures("float64")
def test_ridge_per_task_and_circulant_ridge_start_from_zero() -> None:
    batch = FEW_WINDS.batch("test", [0, 30])
    x, y = batch.x_support.numpy(), batch.y_support.numpy()
    for name, inner in (("Ridge", RowsRidge), ("Circulant-Ridge", RidgeFromZero)):
        assert type(WINDS[name].inner) is inner
        learner = WINDS[name].learner(FEW_WINDS)
        adapted = learner.adapt(batch.x_support, batch.y_support)
        found = learner.predict(adapted, batch.x_query)
        penalty = 3 * 24 * 0.03
        for i in range(2):
            if name == "Ridge":
                W = np.linalg.solve(x[i].T @ x[i] + penalty * np.eye(24), x[i].T @ y[i]).T
            else:  # one filter: an equation for each month and longitude
                J = np.zeros((3 * 24, 24))
                for month in range(3):
                    for p in range(24):
                        for t in range(24):
                            J[24 * month + p, t] = x[i, month, (p + t) % 24] / 24**0.5
                v = np.linalg.solve(J.T @ J + penalty * np.eye(24), J.T @ y[i].reshape(-1))
                W = (
                    np.array([[v[(q - p) % 24] for q in range(24)] for p in range(24)])
                    / 24**0.5
                )
            expected = batch.x_query[i].numpy() @ W.T
            np.testing.assert_allclose(found[i].detach(), expected, atol=1e-9)
