"""MAML with TorchOpt's functional optimizer: all tasks at once by torch.func."""

import torch
import torchopt
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    start = dict(model.named_parameters())
    inner = torchopt.sgd(lr=lr)

    def loss(w, x, y):
        return F.mse_loss(functional_call(model, w, (x,)), y)

    def query_loss(x, y, xq, yq):
        w, state = start, inner.init(start)
        for _ in range(steps):
            g = grad(loss)(w, x, y)
            updates, state = inner.update(g, state, inplace=False)
            w = torchopt.apply_updates(w, updates, inplace=False)
        return loss(w, xq, yq)

    losses = vmap(query_loss)(x_support, y_support, x_query, y_query)
    parameters = list(model.parameters())
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
