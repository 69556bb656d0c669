"""Sines to fit from a few points: a network of two layers, and a batch of tasks."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

LR, STEPS, TASKS, WIDTH = 0.05, 3, 32, 40
NORMS: dict[str, Callable[[], nn.Module]] = {
    "LayerNorm": partial(nn.LayerNorm, WIDTH),
    "BatchNorm1d": partial(nn.BatchNorm1d, WIDTH, track_running_stats=False),
}


def network(dtype: torch.dtype, norm: str | None = None) -> nn.Module:
    """Two layers, with a norm between them if one is named; the same at each call."""
    between = [NORMS[norm]()] if norm else []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, last = nn.Linear(1, WIDTH), nn.Linear(WIDTH, 1)
    return nn.Sequential(first, *between, nn.Tanh(), last).to(dtype)


def sines(dtype: torch.dtype, tasks: int = TASKS) -> tuple[Tensor, ...]:
    """Inputs and targets of support and query sets, each (tasks, 10 examples, 1)."""
    generator = torch.Generator().manual_seed(0)
    amplitude, phase = torch.rand(2, tasks, 1, 1, generator=generator, dtype=dtype)
    x = 10 * torch.rand(tasks, 20, 1, generator=generator, dtype=dtype) - 5
    y = (1 + amplitude) * torch.sin(x + 3 * phase)
    return x[:, :10], y[:, :10], x[:, 10:], y[:, 10:]
