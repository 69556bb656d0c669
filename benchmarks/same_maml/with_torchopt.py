"""MAML with TorchOpt: a loop over tasks, the model moved by a differentiable SGD."""

import torch
import torchopt
from torch.nn import functional as F


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    parameters = list(model.parameters())
    inner = torchopt.MetaSGD(model, lr=lr)
    start = torchopt.extract_state_dict(model, by="reference")
    start_of_inner = torchopt.extract_state_dict(inner, by="reference")
    losses = []
    for x, y, xq, yq in zip(x_support, y_support, x_query, y_query):
        for _ in range(steps):
            inner.step(F.mse_loss(model(x), y))
        losses.append(F.mse_loss(model(xq), yq))
        torchopt.recover_state_dict(model, start)
        torchopt.recover_state_dict(inner, start_of_inner)
    losses = torch.stack(losses)
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
