"""What the settings of `msr.meta_train` mean, and which exclude each other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import torch
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_on_cpu, check_seed, check_takes
from ..tasks.distribution import TaskDistribution
from .evaluation import Metric
from .optimizers import OptimizerFactory, made_by
from .validation import Division, Validation

Decay = Literal["none", "cosine"]
SchedulerFactory = Callable[[torch.optim.Optimizer], LRScheduler]


def validation_of(
    tasks: TaskDistribution,
    every: int | None,
    share: float,
    patience: int | None,
    metrics: Mapping[str, Metric] | None,
) -> Validation | None:
    """What is validated, if anything is."""
    if not 0 < share < 1:
        raise ValueError(f"expected 0 < validation_share < 1, got {shown(share)}")
    if every is None:
        for name, value in (("patience", patience), ("metrics", metrics)):
            if value is not None:
                raise ValueError(
                    f"expected validate_every beside {name}, the number of steps between "
                    f"validations, got None"
                )
        return None
    check_at_least(1, validate_every=every)
    if patience is not None:
        check_at_least(1, patience=patience)
    return Validation(Division.of(tasks, share), every, patience, metrics or {})


def check_together(
    decay: Decay,
    scheduler: SchedulerFactory | None,
    optimizer: OptimizerFactory | None,
    change_lr: bool,
    seed: int | torch.Generator,
    file: Path | None,
) -> None:
    """Raise if settings exclude each other."""
    if isinstance(seed, torch.Generator) and file is not None:
        raise ValueError(
            "expected an integer seed with a checkpoint, which tells runs apart by it, got "
            "a generator"
        )
    if decay != "none" and scheduler is not None:
        raise ValueError(f"expected decay or scheduler, got both: {shown(decay)} and one")
    if change_lr and (decay != "none" or scheduler is not None or optimizer is not None):
        raise ValueError(
            "expected change_lr without decay, scheduler and optimizer, which set the step "
            "size themselves, got one of them"
        )


def generator_of(seed: int | torch.Generator) -> tuple[torch.Generator, int]:
    """Where task draws come from, and the seed of random layers."""
    if isinstance(seed, torch.Generator):
        check_on_cpu(seed)
        return seed, int(torch.randint(2**62, (), generator=seed, device="cpu"))
    check_seed(seed)
    return torch.Generator().manual_seed(seed), seed


def schedule_of(
    factory: SchedulerFactory | None,
    optimizer: torch.optim.Optimizer,
    validation: Validation | None,
) -> LRScheduler | None:
    """The schedule that the factory makes, if there is one."""
    if factory is None:
        return None
    check_takes("scheduler", factory, "optimizer")
    wanted = "expected scheduler to make a torch.optim.lr_scheduler from the optimizer, got"
    made = made_by(factory, optimizer, LRScheduler, wanted)
    if isinstance(made, ReduceLROnPlateau) and validation is None:
        raise ValueError(
            "expected validate_every with ReduceLROnPlateau, which follows the validation "
            "loss, got None"
        )
    return made
