"""Models and data that several test files use."""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

import msr


def random_batch(
    tasks: int,
    x_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    generator: torch.Generator,
    support: int = 2,
    query: int = 3,
) -> msr.TaskBatch:
    def draw(examples: int, shape: tuple[int, ...]) -> Tensor:
        return torch.randn(tasks, examples, *shape, generator=generator)

    return msr.TaskBatch(
        draw(support, x_shape),
        draw(support, y_shape),
        draw(query, x_shape),
        draw(query, y_shape),
    )


@torch.no_grad()
def randomize(module: nn.Module, generator: torch.Generator, std: float = 0.4) -> None:
    """Give every parameter values that make gradients neither tiny nor huge."""
    for p in module.parameters():
        p.copy_(std * torch.randn(p.shape, generator=generator))


def two_layer_msr() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    msr.reparameterize(model[0], filters=3)
    msr.reparameterize(model[2], factorization="kronecker")
    return model


def conv_msr(factorization: str = "dense") -> nn.Sequential:
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    filters = 4 if factorization == "dense" else None
    msr.reparameterize(model[0], filters, factorization)
    return model


def reference(name: str) -> dict[str, Tensor]:
    with np.load(f"{__file__.rpartition('/')[0]}/fixtures/reference_{name}.npz") as data:
        return {key: torch.as_tensor(data[key]) for key in data}


def tiny_tasks(**settings) -> msr.LowRank1d:
    defaults = dict(
        input_size=8, train_tasks=30, test_tasks=12, train_examples=5, test_examples=5
    )
    return msr.LowRank1d(**(defaults | settings))


def tiny_learner(seed: int = 0, **settings) -> msr.MetaLearner:
    model = nn.Sequential(nn.Linear(8, 6, bias=False))
    msr.reparameterize(model, filters=3, seed=seed)
    inner = settings.pop("inner", msr.GradientDescent(steps=2, lr=0.1))
    return msr.MetaLearner(model, inner, **settings)


def without_times(results: msr.Results) -> dict[str, dict]:
    return {
        key: {name: v for name, v in cell.items() if name != "seconds"}
        for key, cell in results.cells.items()
    }


def permutations_of(n: int) -> msr.Representation:
    """S_n moving n points."""
    points = list(itertools.permutations(range(n)))
    return msr.permutation_representation(msr.symmetric(n), points)
