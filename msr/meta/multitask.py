"""Multi-task training: one level, one filter per training task, no adaptation."""

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from .._utils.arguments import checked
from .._utils.checks import (
    MOST_STEPS,
    MOST_TASKS,
    check_between,
    check_not_negative,
    check_seed,
    check_size,
)
from .._utils.progress import progress_bar
from ..exceptions import Diverged
from ..tasks.distribution import TaskDistribution, check_tasks, draw_training_tasks
from .history import History
from .learner import MetaLearner, check_learner


@checked(by_hand=["learner", "tasks"])
def multitask_train(
    learner: MetaLearner,
    tasks: TaskDistribution,
    steps: int = 3000,
    batch_size: int = 32,
    *,
    lr: float = 2e-2,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Fit what tasks share and each task's own filter together; changes the learner.

    ``min over U, v_1 ... v_N of mean_i L(U, v_i, D_i)``, where D_i are all examples of
    training task i, without a split and without an inner loop. Adam, with a cosine
    decay of the step size to zero. In the end the learner's initial filter is the mean
    of the v_i, and its inner step sizes are as before.

    Args:
        learner: whose model to fit. Its adapted parameters get a copy per task.
        tasks: where training tasks come from.
        steps: number of steps.
        batch_size: tasks per step, drawn with replacement.
        lr: first step size.
        seed: of the draws.
        progress: show a bar.

    Returns:
        loss and time of every step.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, ``tasks`` no `TaskDistribution`, or
            another argument of the wrong type.
        ValueError: ``steps`` or ``batch_size`` < 1 or too large, ``lr`` or ``seed``
            negative, or the filters of all training tasks would be too many.
        Diverged: a loss is not finite. The error names the step and the tasks.
    """
    check_learner(learner)
    check_tasks(tasks, "train")
    check_between(1, MOST_STEPS, steps=steps)
    check_between(1, MOST_TASKS, batch_size=batch_size)
    check_not_negative(lr=lr)
    check_seed(seed)
    number = tasks.num_tasks("train")
    for name, p in learner.adapted.items():
        check_size(f"a {name} for each task", number, p.numel())
    own = {
        name: nn.Parameter(p.detach().repeat(number, *[1] * p.ndim))
        for name, p in learner.adapted.items()
    }
    parameters = [*learner.shared.values(), *own.values()]
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=True)
    schedule = CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    history = History()
    for step in (bar := progress_bar(range(steps), show=progress, desc="multi-task")):
        indices, batch = draw_training_tasks(tasks, batch_size, generator)
        batch = batch.to(learner.device, learner.dtype)
        filters = {name: p[indices] for name, p in own.items()}
        losses = learner.losses(filters, *batch.examples(), batch.mask)
        _check_finite(losses, step + 1, indices)
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        schedule.step()
        history.loss.append(float(losses.detach().mean()))
        history.seconds.append(bar.format_dict["elapsed"])
    with torch.no_grad():
        for name, p in learner.adapted.items():
            p.copy_(own[name].mean(0))
    return history


def _check_finite(losses: Tensor, step: int, indices: Tensor) -> None:
    bad = indices[~torch.isfinite(losses.detach()).cpu()].tolist()
    if bad:
        raise Diverged(
            f"multi-task training diverged at step {step}: the loss of training task "
            f"{bad[0]} is not finite ({len(bad)} of {len(indices)} tasks). A smaller "
            f"lr usually helps.",
            step,
            bad,
            losses.detach(),
        )
