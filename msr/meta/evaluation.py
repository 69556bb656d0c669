"""Meta-testing: adapt the filters to new tasks while everything shared is frozen."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import MOST_TASKS, check_between, check_floating, check_size
from .._utils.progress import progress_bar
from ..exceptions import Diverged
from ..tasks.distribution import Split, TaskDistribution, check_tasks, draw
from .learner import MetaLearner, check_learner


@checked
@dataclass(frozen=True)
class MetaTestResult:
    """Query losses over test tasks.

    Attributes:
        losses: one query loss per task; shape (tasks,), on the learner's device.

    Raises:
        TypeError: ``losses`` is no floating-point tensor.
        ValueError: there is none, or one is not finite.
    """

    losses: Float[Tensor, " tasks"]

    def __post_init__(self) -> None:
        check_floating("losses", self.losses)
        if not len(self.losses):
            raise ValueError("expected the loss of at least one task, got none")

    @property
    def mse(self) -> float:
        """The mean over tasks (the mean squared error where that is the loss)."""
        return float(self.losses.double().mean())

    @property
    def ci95(self) -> float:
        """Half the width of the 95% confidence interval of the mean over tasks.

        ``1.96 s / sqrt(tasks)`` with s the sample standard deviation; NaN for one task.
        """
        return float(1.96 * self.losses.double().std() / len(self.losses) ** 0.5)

    def __repr__(self) -> str:
        return (
            f"MetaTestResult(mse={self.mse:.4g}, ci95={self.ci95:.2g}, "
            f"tasks={len(self.losses)})"
        )


@checked(by_hand=["learner", "tasks"])
@torch.no_grad()
def meta_test(
    learner: MetaLearner,
    tasks: TaskDistribution,
    *,
    split: Split = "test",
    batch_size: int = 100,
    progress: bool = True,
) -> MetaTestResult:
    """Adapt to every task of a split and measure its query loss.

    Symmetry matrices, initial filters and step sizes stay as they are: only copies of
    the adapted tensors change. The model is put in evaluation mode for the duration.

    Args:
        learner: what to test.
        tasks: where the tasks come from.
        split: "test", or "train" for the training tasks.
        batch_size: tasks evaluated together; does not change the result.
        progress: show a bar.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, ``tasks`` no `TaskDistribution`,
            ``batch_size`` no integer, or ``progress`` neither True nor False.
        ValueError: ``batch_size`` < 1 or too large, or ``split`` is unknown.
        Diverged: the loss of a task is not finite. The error names the tasks and
            holds all losses.
    """
    check_learner(learner)
    check_tasks(tasks, split)
    check_between(1, MOST_TASKS, batch_size=batch_size)
    number = tasks.num_tasks(split)
    check_size("losses", number)
    modes = {module: module.training for module in learner.modules()}
    learner.eval()
    starts = range(0, number, batch_size)

    def losses_from(start: int) -> Tensor:
        stop = min(start + batch_size, number)
        batch = draw(tasks, split, torch.arange(start, stop, device="cpu"))
        return learner(batch.to(learner.device, learner.dtype))

    bar = progress_bar(starts, show=progress, desc="meta-test")
    try:
        losses = torch.cat([losses_from(i) for i in bar])
    finally:
        for module, mode in modes.items():
            module.training = mode
    bad = (~torch.isfinite(losses)).nonzero()[:, 0].tolist()
    if bad:
        raise Diverged(
            f"expected finite query losses, got {float(losses[bad[0]])} for {split} task "
            f"{bad[0]} ({len(bad)} of {len(losses)} tasks are not finite): the inner loop "
            f"diverged. Smaller step sizes or fewer inner steps usually help.",
            None,
            bad,
            losses,
        )
    return MetaTestResult(losses)
