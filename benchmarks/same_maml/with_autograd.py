"""MAML with PyTorch alone: the plain loop that all others are compared with."""

import torch
from torch.func import functional_call
from torch.nn import functional as F


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    start = dict(model.named_parameters())
    losses = []
    for x, y, xq, yq in zip(x_support, y_support, x_query, y_query):
        w = start
        for _ in range(steps):
            loss = F.mse_loss(functional_call(model, w, (x,)), y)
            g = torch.autograd.grad(loss, list(w.values()), create_graph=True)
            w = {n: p - lr * d for (n, p), d in zip(w.items(), g)}
        losses.append(F.mse_loss(functional_call(model, w, (xq,)), yq))
    losses = torch.stack(losses)
    parameters = list(model.parameters())
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
