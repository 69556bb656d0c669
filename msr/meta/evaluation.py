"""Meta-testing: adapt the filters to new tasks while everything shared is frozen."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import (
    MOST_TASKS,
    check_between,
    check_floating,
    check_size,
    check_takes,
)
from .._utils.progress import progress_bar
from ..exceptions import Diverged
from ..tasks.distribution import Split, TaskDistribution, check_tasks, draw
from .learner import MetaLearner, check_learner

Metric = Callable[[Tensor, Tensor], Tensor]
TASKS_AT_ONCE = 100


@checked
@dataclass(frozen=True)
class MetaTestResult:
    """Query losses over test tasks.

    Attributes:
        losses: one query loss per task; shape (tasks,), on the learner's device.
        metrics: what else was asked for, by name, one number per task.

    Raises:
        TypeError: ``losses`` is no floating-point tensor.
        ValueError: there is none, or one is not finite.
    """

    losses: Float[Tensor, " tasks"]
    metrics: Mapping[str, Float[Tensor, " tasks"]] = field(default_factory=dict)

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
        means = (f", {name}={m.double().mean():.4g}" for name, m in self.metrics.items())
        return (
            f"MetaTestResult(mse={self.mse:.4g}, ci95={self.ci95:.2g}, "
            f"tasks={len(self.losses)}{''.join(means)})"
        )


@checked(by_hand=["learner", "tasks"])
@torch.no_grad()
def meta_test(
    learner: MetaLearner,
    tasks: TaskDistribution,
    *,
    split: Split = "test",
    batch_size: int = TASKS_AT_ONCE,
    metrics: Mapping[str, Metric] | None = None,
    progress: bool = True,
) -> MetaTestResult:
    """Adapt to every task of a split and measure its query loss.

    Symmetry matrices, initial filters and step sizes stay as they are: only copies of
    the adapted tensors change. The model is put in evaluation mode for the duration.

    Args:
        learner: what to test.
        tasks: where the tasks come from.
        split: "test", "train" for the training tasks, or "val" where the source has it.
        batch_size: tasks evaluated together; does not change the result.
        metrics: functions of the predictions and targets of one task's query set, by
            name, such as ``{"accuracy": msr.accuracy}``.
        progress: show a bar.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, ``tasks`` no `TaskDistribution`,
            ``batch_size`` no integer, ``progress`` neither True nor False, or a metric no
            function of two arguments that returns a number.
        ValueError: ``batch_size`` < 1 or too large, or ``split`` is unknown.
        Diverged: the loss of a task is not finite. The error names the tasks and
            holds all losses.
    """
    check_learner(learner)
    check_tasks(tasks, split)
    check_between(1, MOST_TASKS, batch_size=batch_size)
    check_metrics(metrics)
    number = tasks.num_tasks(split)
    check_size("losses", number)
    numbers = torch.arange(number, device="cpu")
    found = evaluate(
        learner, tasks, split, numbers, metrics or {}, batch_size, progress=progress
    )
    return MetaTestResult(*found)


@torch.no_grad()
def evaluate(
    learner: MetaLearner,
    tasks: TaskDistribution,
    split: Split,
    numbers: Int[Tensor, " tasks"],
    metrics: Mapping[str, Metric],
    batch_size: int = TASKS_AT_ONCE,
    *,
    progress: bool = False,
) -> tuple[Float[Tensor, " tasks"], dict[str, Float[Tensor, " tasks"]]]:
    """Query losses and metrics of the tasks of these numbers; see `meta_test`."""
    bar = progress_bar(numbers.split(batch_size), show=progress, desc="meta-test")
    parts, measured = [], []
    with evaluating(learner):
        for some in bar:
            batch = draw(tasks, split, some).to(learner.device, learner.dtype)
            if not metrics and learner.step_weights is None:
                parts.append(learner(batch))
                continue
            query = batch.x_query, batch.y_query, batch.query_mask
            adapted = learner.adapt(batch.x_support, batch.y_support, batch.support_mask)
            parts.append(learner.losses(adapted, *query))
            if not metrics:
                continue
            predictions = learner.predict(adapted, batch.x_query, batch.query_mask)
            measured += [
                {name: _number(name, m(*task), predictions) for name, m in metrics.items()}
                for task in _by_task(predictions, batch.y_query, batch.query_mask)
            ]
    losses = torch.cat(parts)
    bad = (~torch.isfinite(losses)).nonzero()[:, 0].tolist()
    if bad:
        raise Diverged(
            f"expected finite query losses, got {float(losses[bad[0]])} for {split} task "
            f"{int(numbers[bad[0]])} ({len(bad)} of {len(losses)} tasks are not finite): "
            f"the inner loop diverged. Smaller step sizes or fewer inner steps usually "
            f"help.",
            None,
            [int(numbers[i]) for i in bad],
            losses,
        )
    return losses, {name: torch.stack([m[name] for m in measured]) for name in metrics}


@checked
def accuracy(
    prediction: Float[Tensor, "examples classes"], target: Int[Tensor, " examples"]
) -> Float[Tensor, ""]:
    """The share of examples whose largest prediction is at their class label.

    Raises:
        TypeError: predictions are not floating-point numbers, or labels no integers.
        ValueError: there is not a row of predictions for each label.
    """
    if prediction.ndim < 2 or prediction.shape[:1] + prediction.shape[2:] != target.shape:
        raise ValueError(
            f"expected predictions of shape (examples, classes) and one label for each "
            f"example, got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if not prediction.is_floating_point() or target.dtype != torch.int64:
        raise TypeError(
            f"expected floating-point predictions and int64 labels, got "
            f"{prediction.dtype} and {target.dtype}"
        )
    return (prediction.argmax(1) == target).to(prediction.dtype).mean()


@contextmanager
def evaluating(learner: MetaLearner) -> Iterator[None]:
    """Evaluation mode for the duration."""
    modes = {module: module.training for module in learner.modules()}
    learner.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def check_metrics(metrics: Mapping[str, Metric] | None) -> None:
    """Raise unless these are functions of prediction and target, by name."""
    for name, metric in (metrics or {}).items():
        check_takes(f"the metric {name!r}", metric, "prediction", "target")


def _by_task(
    predictions: Tensor, targets: Tensor, mask: Tensor | None
) -> Iterator[tuple[Tensor, Tensor]]:
    """The real examples of each task."""
    for i, task in enumerate(zip(predictions, targets, strict=True)):
        yield task if mask is None else (task[0][mask[i]], task[1][mask[i]])


def _number(name: str, value: object, like: Tensor) -> Tensor:
    """What a metric returned, if that is a number."""
    try:
        number = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    except (TypeError, ValueError, RuntimeError):
        number = like
    if number.ndim:
        raise TypeError(
            f"expected the metric {name!r} to return a number, got {shown(value)}"
        )
    return number
