"""MAML with learn2learn: a loop over tasks, each with a clone that adapts."""

import learn2learn as l2l
import torch
from torch.nn import functional as F


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    maml = l2l.algorithms.MAML(model, lr=lr)
    losses = []
    for x, y, xq, yq in zip(x_support, y_support, x_query, y_query):
        learner = maml.clone()
        for _ in range(steps):
            learner.adapt(F.mse_loss(learner(x), y))
        losses.append(F.mse_loss(learner(xq), yq))
    losses = torch.stack(losses)
    parameters = list(model.parameters())
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
