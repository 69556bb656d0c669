"""What is measured: a learner and a batch of tasks for each case."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

import msr
from msr.experiments.methods import ROTATION, TRANSLATION, Method, Tasks

MakeCase = Callable[[], tuple[msr.MetaLearner, msr.TaskBatch]]


@dataclass(frozen=True)
class Case:
    """One network with its inner loop and tasks.

    Args:
        title: for tables.
        make: a fresh learner, always with the same values, and the same batch.
        rounds: how often to measure.
        threads: with how many CPU threads; each number is measured on its own.
    """

    title: str
    make: MakeCase
    rounds: int = 20
    threads: tuple[int, ...] = (1,)


def _of_method(method: Method, tasks: Tasks) -> MakeCase:
    return lambda: (method.learner(tasks), tasks.batch("train", range(32)))


def omniglot_network() -> nn.Sequential:
    """Four convolutions of 64 channels with stride 2, as in MAML's Omniglot network.

    Batch normalization uses each task's own examples; it has no parameters.
    """
    blocks: list[nn.Module] = []
    for channels in (1, 64, 64, 64):
        blocks += [
            nn.Conv2d(channels, 64, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64, affine=False, track_running_stats=False),
            nn.ReLU(),
        ]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(256, 5))


def omniglot_batch(tasks: int = 8, queries: int = 5, seed: int = 0) -> msr.TaskBatch:
    """Random images in the shape of 5-way 1-shot Omniglot tasks: 28 x 28 pixels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(5)
    return msr.TaskBatch(
        torch.randn(tasks, 5, 1, 28, 28, generator=generator),
        labels.repeat(tasks, 1),
        torch.randn(tasks, 5 * queries, 1, 28, 28, generator=generator),
        labels.repeat(tasks, queries),
    )


def omniglot_learner(chunk_size: int | None = None) -> msr.MetaLearner:
    """The network with Kronecker symmetry matrices and three inner steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = omniglot_network()
    msr.reparameterize(model, factorization="kronecker", seed=0)
    inner = msr.GradientDescent(steps=3, lr=0.1)
    return msr.MetaLearner(model, inner, F.cross_entropy, chunk_size=chunk_size)


def _translation(name: str, rank: int) -> MakeCase:
    return _of_method(TRANSLATION[name], msr.LowRank1d(rank=rank))


def _rotation(name: str) -> MakeCase:
    return _of_method(ROTATION[name], msr.SteerableConv2d())


CASES = {
    "msr-fc-3": Case("MSR-FC, k = 3", _translation("MSR-FC", 1)),
    "msr-fc-30": Case("MSR-FC, k = 30", _translation("MSR-FC", 5)),
    "maml-fc": Case("MAML-FC", _translation("MAML-FC", 1)),
    "maml-conv-1d": Case("MAML-Conv, 1-D", _translation("MAML-Conv", 1)),
    "maml-conv-c8": Case("MAML-Conv, C8", _rotation("MAML-Conv")),
    "msr-conv-c8-kronecker": Case("MSR-Conv, C8, Kronecker", _rotation("MSR-Conv")),
    "msr-conv-c8-dense": Case("MSR-Conv, C8, dense", _rotation("MSR-Conv-dense")),
    "omniglot": Case(
        "Omniglot-size network",
        lambda: (omniglot_learner(), omniglot_batch()),
        5,
        threads=(1, 2),
    ),
}
