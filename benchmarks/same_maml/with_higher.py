"""MAML with higher: a loop over tasks, each with a functional copy of the model."""

import torch
from higher import innerloop_ctx
from torch.nn import functional as F


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    inner = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for x, y, xq, yq in zip(x_support, y_support, x_query, y_query):
        with innerloop_ctx(model, inner, copy_initial_weights=False) as (net, opt):
            for _ in range(steps):
                opt.step(F.mse_loss(net(x), y))
            losses.append(F.mse_loss(net(xq), yq))
    losses = torch.stack(losses)
    parameters = list(model.parameters())
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
