"""Sines to fit from a few points: a network of two layers, and a batch of tasks."""

import torch
from torch import Tensor, nn

LR, STEPS, TASKS = 0.05, 3, 32


def network(dtype: torch.dtype) -> nn.Module:
    """Two layers, the same at each call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 1))
    return model.to(dtype)


def sines(dtype: torch.dtype, tasks: int = TASKS) -> tuple[Tensor, ...]:
    """Inputs and targets of support and query sets, each (tasks, 10 examples, 1)."""
    generator = torch.Generator().manual_seed(0)
    amplitude, phase = torch.rand(2, tasks, 1, 1, generator=generator, dtype=dtype)
    x = 10 * torch.rand(tasks, 20, 1, generator=generator, dtype=dtype) - 5
    y = (1 + amplitude) * torch.sin(x + 3 * phase)
    return x[:, :10], y[:, :10], x[:, 10:], y[:, 10:]
