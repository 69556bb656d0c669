"""Models and shapes for every test that compares one way of computing with another."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

import msr
from helpers import conv_msr, two_layer_msr


class Case(NamedTuple):
    """A model and the shapes of one example."""

    build: Callable[[], nn.Module]
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...]


def sequential(*modules: nn.Module, **factorization) -> nn.Module:
    model = nn.Sequential(*modules)
    return msr.reparameterize(model, **factorization) if factorization else model


IMAGE = (2, 5, 4)
KRONECKER = {"factorization": "kronecker"}
# Models of one layer: closed form.
SINGLE_LAYER = {
    "MAML-FC": Case(lambda: sequential(nn.Linear(6, 4, bias=False)), (6,), (4,)),
    "MAML-FC with bias": Case(lambda: sequential(nn.Linear(6, 4)), (6,), (4,)),
    "MSR-FC": Case(lambda: sequential(nn.Linear(6, 4, bias=False), filters=3), (6,), (4,)),
    "MSR-FC, many filters": Case(
        lambda: sequential(nn.Linear(6, 4, bias=False), filters=24),
        (6,),
        (4,),
    ),
    "MSR-FC with bias": Case(lambda: sequential(nn.Linear(6, 4), filters=3), (6,), (4,)),
    "MSR-FC Kronecker": Case(
        lambda: sequential(nn.Linear(6, 4, bias=False), **KRONECKER),
        (6,),
        (4,),
    ),
    "a bare layer": Case(lambda: nn.Linear(6, 4, bias=False), (6,), (4,)),
    "two axes of features": Case(
        lambda: sequential(nn.Linear(6, 4, bias=False), filters=2),
        (3, 6),
        (3, 4),
    ),
    "reshaped": Case(
        lambda: sequential(
            nn.Flatten(),
            nn.Linear(6, 4, bias=False),
            nn.Unflatten(1, (2, 2)),
            filters=2,
        ),
        (2, 3),
        (2, 2),
    ),
    "MAML-Conv 1-D": Case(
        lambda: sequential(
            nn.Unflatten(1, (1, 9)), nn.Conv1d(1, 1, 3, bias=False), nn.Flatten()
        ),
        (9,),
        (7,),
    ),
    "dilated, strided, padded": Case(
        lambda: sequential(nn.Conv1d(2, 3, 3, stride=2, padding=2, dilation=2, bias=False)),
        (2, 9),
        (3, 5),
    ),
    "MAML-Conv 2-D": Case(
        lambda: sequential(nn.Conv2d(2, 3, 2, bias=False)), IMAGE, (3, 4, 3)
    ),
    "a convolution with few positions": Case(
        lambda: sequential(nn.Conv2d(2, 3, (5, 3), bias=False)),
        IMAGE,
        (3, 1, 2),
    ),
    "MAML-Conv 2-D with bias": Case(
        lambda: sequential(nn.Conv2d(2, 3, 2)), IMAGE, (3, 4, 3)
    ),
    "MSR-Conv dense": Case(
        lambda: sequential(msr.UnfoldConv2d(2, 3, 2, bias=False), filters=4),
        IMAGE,
        (3, 4, 3),
    ),
    "MSR-Conv Kronecker": Case(
        lambda: sequential(
            msr.UnfoldConv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), bias=False),
            **KRONECKER,
        ),
        IMAGE,
        (3, 3, 3),
    ),
}


def plain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))


def normalized() -> nn.Sequential:
    model = nn.Sequential(
        nn.Conv2d(2, 3, 2),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 2),
    )
    return msr.reparameterize(model, **KRONECKER)


def one_filter_frozen() -> nn.Sequential:
    model = two_layer_msr()
    model[0].parametrizations.weight.original.requires_grad_(False)
    return model


# Reparameterized networks of torch's modules: gradient descent of their weights.
NETWORKS = {
    "two layers": Case(two_layer_msr, (4,), (2,)),
    "a convolution, dense": Case(conv_msr, (2, 3, 3), (2,)),
    "a convolution, Kronecker": Case(lambda: conv_msr("kronecker"), (2, 3, 3), (2,)),
    "batch normalization": Case(normalized, (2, 3, 3), (2,)),
    "a frozen filter": Case(one_filter_frozen, (4,), (2,)),
}

# No fast path holds.
OTHERS = {"plain": Case(plain, (4,), (2,))}

CASES = SINGLE_LAYER | NETWORKS | OTHERS
