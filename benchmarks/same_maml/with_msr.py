"""MAML with this package: all tasks at once."""

import torch

import msr


def meta_gradient(model, x_support, y_support, x_query, y_query, lr, steps):
    """Query losses of all tasks, and the gradients of their mean."""
    inner = msr.GradientDescent(steps=steps, lr=lr, learn_lr=False)
    learner = msr.MetaLearner(model, inner)
    batch = msr.TaskBatch(x_support, y_support, x_query, y_query)
    losses = learner(batch)
    parameters = list(model.parameters())
    return losses, list(torch.autograd.grad(losses.mean(), parameters))
