"""The rows of the paper's tables, by name.

Each method is a model, an inner loop, and a way to train. The tables of Zhou, Knowles,
Finn (2021) name them without defining MTSR and Joint; see `multitask_train` and
`Joint` for our reading.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from .._utils.random_state import isolated_random_state
from ..inner_loops.base import InnerLoop, Loss
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from ..inner_loops.ridge import Ridge
from ..layers import LocallyConnected1d, UnfoldConv2d
from ..meta.learner import MetaLearner
from ..meta.multitask import multitask_train
from ..meta.settings import Decay
from ..meta.training import meta_train
from ..symmetry.reparameterization import reparameterize, symmetry_matrices
from ..tasks.distribution import TaskDistribution
from ..tasks.joint import Joint
from ..tasks.letters import Letters
from ..tasks.low_rank_1d import LowRank1d
from ..tasks.ring_winds import RingWinds
from ..tasks.steerable_conv2d import SteerableConv2d

Tasks = LowRank1d | SteerableConv2d | RingWinds | Letters
Model = Callable[[Any, int], nn.Module]
Training = Literal["meta", "joint", "multitask"]


def as_they_are(tasks: TaskDistribution) -> TaskDistribution:
    """The tasks."""
    return tasks


@dataclass(frozen=True)
class Method:
    """One row of a table: what is trained, and how.

    Args:
        name: as in the tables.
        model: makes the model from the tasks' sizes and a seed.
        inner: the inner loop, in training and at meta-test.
        training: "meta" trains on the tasks as they are; "joint" with all examples in
            the inner and the outer loss; "multitask" without an inner loop.
        lr: outer step size (of Adam).
        decay: of the outer step size. Multi-task training has a cosine decay in any case.
        batch_size: tasks per outer step.
        loss: of predictions and targets.
        adapt: what adapts, if not everything that may; see `msr.MetaLearner`.
        view: the tasks as the method sees them, in training and at meta-test.
    """

    name: str
    model: Model
    inner: InnerLoop = field(default_factory=lambda: GradientDescent(steps=3, lr=0.1))
    training: Training = "meta"
    lr: float = 1e-3
    decay: Decay = "none"
    batch_size: int = 32
    loss: Loss = mean_squared_error
    adapt: str | None = None
    view: Callable[[Any], TaskDistribution] = as_they_are

    def learner(self, tasks: Tasks, seed: int = 0) -> MetaLearner:
        """An untrained learner for these tasks; the global random state stays as it is."""
        cpu = torch.device("cpu")  # initial values are the same on every device
        with isolated_random_state(cpu, seed), cpu:
            model = self.model(tasks, seed)
        learner = MetaLearner(model, self.inner, self.loss, adapt=self.adapt)
        return learner.to(torch.get_default_device())

    def fit(
        self,
        tasks: Tasks,
        steps: int = 1000,
        seed: int = 0,
        *,
        device: torch.device | str | None = None,
        progress: bool = True,
    ) -> MetaLearner:
        """A learner, trained on these tasks.

        Multi-task training has no inner loop, so that a step is cheap and a filter is
        updated only when its task is drawn: it gets three times as many steps.

        Args:
            tasks: where training tasks come from.
            steps: outer steps.
            seed: of the initial values and of the draws.
            device: where to train; default: torch's default device.
            progress: show a bar.

        Raises:
            Diverged: a loss or gradient is not finite.
        """
        learner = self.learner(tasks, seed).to(device or torch.get_default_device())
        if self.training == "multitask":
            multitask_train(
                learner,
                tasks,
                3 * steps,
                self.batch_size,
                lr=self.lr,
                seed=seed,
                progress=progress,
            )
            fit_inner_loop(learner, tasks, seed=seed, progress=progress)
            return learner
        seen = self.view(tasks)
        source = Joint(seen) if self.training == "joint" else seen
        meta_train(
            learner,
            source,
            steps,
            self.batch_size,
            lr=self.lr,
            decay=self.decay,
            seed=seed,
            progress=progress,
        )
        return learner


def fit_inner_loop(
    learner: MetaLearner,
    tasks: TaskDistribution,
    steps: int = 200,
    *,
    seed: int = 0,
    progress: bool = True,
) -> None:
    """Meta-train initial filter and step sizes for symmetry matrices that are frozen.

    Multi-task training leaves both untuned: without this, the step size 0.1 would be
    far too large or too small for the U that it found.
    """
    trainable = [p for p in learner.shared.values() if p.requires_grad]
    for p in trainable:
        p.requires_grad_(False)
    try:
        meta_train(learner, tasks, steps, lr=1e-2, seed=seed, progress=progress)
    finally:
        for p in trainable:
            p.requires_grad_(True)


def dense_filters(tasks: LowRank1d | SteerableConv2d) -> int:
    """The number of filters of a dense U: the paper's 3, 6, 30 for rank 1, 2, 5."""
    if isinstance(tasks, SteerableConv2d):
        return 6 * tasks.fields
    return {5: 30}.get(tasks.rank, tasks.kernel_size * tasks.rank)


def fully_connected(tasks: LowRank1d, seed: int = 0) -> nn.Module:
    """One dense layer without bias."""
    return nn.Sequential(nn.Linear(tasks.input_size, tasks.output_size, bias=False))


def locally_connected(tasks: LowRank1d, seed: int = 0) -> nn.Module:
    """A filter of its own for every output position."""
    return nn.Sequential(LocallyConnected1d(tasks.input_size, tasks.kernel_size))


def convolution_1d(tasks: LowRank1d, seed: int = 0) -> nn.Module:
    """One filter for all positions."""
    return nn.Sequential(
        nn.Unflatten(1, (1, tasks.input_size)),
        nn.Conv1d(1, 1, tasks.kernel_size, bias=False),
        nn.Flatten(),
    )


def shared_fully_connected(
    tasks: LowRank1d, seed: int = 0, filters: int | None = None
) -> nn.Module:
    """A dense layer with a dense symmetry matrix; default: the paper's `dense_filters`."""
    filters = dense_filters(tasks) if filters is None else filters
    return reparameterize(fully_connected(tasks), filters, seed=seed)


def convolution_2d(tasks: SteerableConv2d, seed: int = 0) -> nn.Module:
    """A 3 x 3 convolution with one input channel."""
    return nn.Sequential(UnfoldConv2d(1, tasks.channels, 3, bias=False))


def kronecker_convolution_2d(tasks: SteerableConv2d, seed: int = 0) -> nn.Module:
    """The convolution with U = A (x) B (x) C, as in the paper."""
    return reparameterize(convolution_2d(tasks), factorization="kronecker", seed=seed)


def dense_convolution_2d(
    tasks: SteerableConv2d, seed: int = 0, filters: int | None = None
) -> nn.Module:
    """The convolution with a dense U; default: a filter for each true coefficient."""
    filters = dense_filters(tasks) if filters is None else filters
    return reparameterize(convolution_2d(tasks), filters, seed=seed)


def oracle_convolution_2d(tasks: SteerableConv2d, seed: int = 0) -> nn.Module:
    """The convolution whose U is the true one, and stays so."""
    model = dense_convolution_2d(tasks, seed)
    for _, symmetry in symmetry_matrices(model):
        with torch.no_grad():
            symmetry.matrix().copy_(tasks.symmetry_matrix())
        symmetry.requires_grad_(False)
    return model


def by_name(*methods: Method) -> dict[str, Method]:
    """The methods by their names."""
    return {method.name: method for method in methods}


TRANSLATION = by_name(
    Method("MAML-FC", fully_connected),
    Method("MAML-LC", locally_connected),
    Method("MAML-Conv", convolution_1d),
    Method("MTSR-FC", shared_fully_connected, training="multitask", lr=2e-2),
    Method("MSR-Joint-FC", shared_fully_connected, training="joint"),
    Method("MSR-FC", shared_fully_connected),
)

ROTATION = by_name(
    Method("MAML-Conv", convolution_2d),
    Method("MSR-Conv", kronecker_convolution_2d),
    Method("MSR-Conv-dense", dense_convolution_2d),
)

_fast = partial(Method, lr=1e-2, decay="cosine")

MSR_RIDGE = _fast("MSR-FC-Ridge", shared_fully_connected, Ridge())

_DESCENT = GradientDescent(steps=5)

SUPPORT = by_name(
    _fast("MAML-Conv", convolution_2d, _DESCENT),
    _fast("MAML-Conv-Ridge", convolution_2d, Ridge()),
    _fast("MSR-Conv", dense_convolution_2d, _DESCENT),
    _fast("MSR-Conv-Ridge", dense_convolution_2d, Ridge()),
    _fast("Oracle-Ridge", oracle_convolution_2d, Ridge()),
)
