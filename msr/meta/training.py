"""Meta-training: the outer loop."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR

from .._utils.arguments import checked
from .._utils.checks import (
    MOST_STEPS,
    MOST_TASKS,
    check_at_least,
    check_between,
    check_not_negative,
    check_seed,
    check_takes,
    named_path,
)
from .._utils.files import write_atomically
from .._utils.progress import progress_bar
from .._utils.random_state import isolated_random_state, random_state, set_random_state
from ..exceptions import Diverged
from ..symmetry.reparameterization import adapted_parameters
from ..tasks.distribution import TaskDistribution, check_tasks, draw_training_tasks
from .checkpoint import load_of_run, serialize
from .history import History
from .learner import MetaLearner, check_learner
from .optimizers import OptimizerFactory, check_resumable, made_optimizer

logger = logging.getLogger(__name__)

Callback = Callable[[int, MetaLearner, float], None]
Decay = Literal["none", "cosine"]


@checked(by_hand=["learner", "tasks"])
def meta_train(
    learner: MetaLearner,
    tasks: TaskDistribution,
    steps: int = 1000,
    batch_size: int = 32,
    *,
    lr: float = 1e-3,
    optimizer: OptimizerFactory | None = None,
    decay: Decay = "none",
    seed: int = 0,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
    callback: Callback | None = None,
    progress: bool = True,
) -> History:
    """Minimize the mean query loss over training tasks; changes the learner in place.

    Each step draws ``batch_size`` training tasks (with replacement), adapts to them,
    and updates everything that the tasks share: symmetry matrices, initial filters
    and step sizes. Batches are moved to the learner's device and dtype. The draws
    come from generators seeded with ``seed``: the caller's random state is neither
    used nor changed.

    With ``checkpoint`` the run saves its state every ``checkpoint_every`` steps and
    at the end, and continues from the file if there is one: on one device the result
    is the same, bit for bit, as that of an uninterrupted run. In the course of a run
    only a state whose loss was seen to be finite replaces an older one. More steps
    than before extend a run, unless the outer step size decays towards the last one.

    A checkpoint is taken for this run's own if everything that has a name agrees:
    tasks, model, inner loop, loss, optimizer, batch size, seed. Two losses of one name
    cannot be told apart.

    Args:
        learner: what to train.
        tasks: where training tasks come from.
        steps: total number of outer steps, those in the checkpoint included.
        batch_size: tasks per step.
        lr: outer step size of Adam.
        optimizer: makes another optimizer from the parameters; ``lr`` is then unused. A
            scheduler of its own is refused with a checkpoint.
        decay: "cosine" multiplies the outer step size by (1 + cos(pi t / steps)) / 2 at
            step t, counted from 0.
        seed: of the task draws and of random layers such as dropout.
        checkpoint: file for the state.
        checkpoint_every: steps between writes.
        callback: called after each update with (step from 1, learner, loss).
        progress: show a bar with loss and rate. (The environment variable
            ``TQDM_DISABLE=1`` hides it too.)

    Returns:
        loss and time of every step since the first.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, ``tasks`` no `TaskDistribution`, or
            another argument of the wrong type.
        ValueError: ``steps`` < 0 or less than the checkpoint has, ``batch_size`` < 1,
            ``checkpoint_every`` < 1, a number is too large, ``lr`` or ``seed`` negative,
            ``decay`` unknown, no parameter of the learner is to be trained, or, with a
            checkpoint, the optimizer has a scheduler or hooks, whose state no file holds.
        CheckpointError: the checkpoint is damaged or of another configuration;
            nothing is overwritten and the learner is unchanged.
        Diverged: a loss or gradient is not finite. The error names the step and the
            tasks; the learner is back at the parameters of the last finite loss that
            this call saw, or at those it started with, and the checkpoint is kept.
    """
    check_learner(learner)
    check_tasks(tasks, "train")
    check_between(0, MOST_STEPS, steps=steps)
    check_between(1, MOST_TASKS, batch_size=batch_size)
    check_at_least(1, checkpoint_every=checkpoint_every)
    check_not_negative(lr=lr)
    check_seed(seed)
    if callback is not None:
        check_takes("callback", callback, "step", "learner", "loss")
    file = None if checkpoint is None else named_path("checkpoint", checkpoint)
    opt = made_optimizer(learner, optimizer, lr)
    if file is not None:
        check_resumable(opt)
    schedule = CosineAnnealingLR(opt, steps) if decay == "cosine" and steps else None
    run = _Run(
        learner,
        tasks,
        opt,
        schedule,
        torch.Generator().manual_seed(seed),
        History(),
        file,
        _config(learner, tasks, opt, batch_size, seed)
        | {"decay": f"cosine to step {steps}" if decay == "cosine" else "none"},
    )
    with isolated_random_state(learner.device, seed):
        run.resume()
        if steps < len(run.history):
            raise ValueError(
                f"expected steps >= {len(run.history)}, the number of steps in "
                f"{checkpoint}, got {steps}"
            )
        bar = progress_bar(
            show=progress,
            initial=len(run.history),
            total=steps,
            desc="meta-train",
            unit="step",
        )
        with bar:
            while len(run.history) < steps:
                saving = len(run.history) % checkpoint_every == 0
                loss = run.step(batch_size, saving)
                if callback:
                    callback(len(run.history), learner, loss)
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
                bar.update()
        run.save()
    return run.history


@dataclass
class _Run:
    """The state of one meta-training run."""

    learner: MetaLearner
    tasks: TaskDistribution
    optimizer: torch.optim.Optimizer
    schedule: CosineAnnealingLR | None
    generator: torch.Generator
    history: History
    checkpoint: Path | None
    config: dict[str, Any]
    last_good: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last_good = [p.detach().clone() for p in self.learner.parameters()]
        self.started = time.perf_counter()

    def step(self, batch_size: int, saving: bool) -> float:
        """One outer step; returns the mean query loss before the update."""
        before = self._snapshot() if saving and self.checkpoint else None
        indices, batch = draw_training_tasks(self.tasks, batch_size, self.generator)
        losses = self.learner(batch.to(self.learner.device, self.learner.dtype))
        loss = losses.mean()
        value = loss.item()
        if not torch.isfinite(losses.detach()).all():
            self._diverged("query loss", losses.detach(), indices)
        self._remember()
        if before is not None:
            self._write(before)
        self.optimizer.zero_grad()
        loss.backward()
        for p in self.learner.parameters():
            if p.grad is not None and not torch.isfinite(p.grad).all():
                self._diverged("gradient", losses.detach(), indices)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        self.history.loss.append(value)
        self.history.seconds.append(time.perf_counter() - self.started)
        return value

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        state = load_of_run(self.checkpoint, self.config)
        self.learner.load_state_dict(state["learner"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["rng"])
        set_random_state(self.learner.device, state.get("device_rng"))
        self.history = History(**state["history"])
        if self.schedule:  # the rest of its state is in the optimizer's
            self.schedule.last_epoch = len(self.history)
        self.started -= self.history.seconds[-1] if len(self.history) else 0.0
        self._remember()
        logger.info("resumed %s at step %d", self.checkpoint, len(self.history))

    def save(self) -> None:
        """Write the state as it is now."""
        if self.checkpoint is not None:
            self._write(self._snapshot())

    def _snapshot(self) -> bytes:
        state = {
            "config": self.config,
            "learner": self.learner.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "rng": torch.get_rng_state(),
            "device_rng": random_state(self.learner.device),
            "history": asdict(self.history),
        }
        return serialize(state)

    def _write(self, snapshot: bytes) -> None:
        if self.checkpoint is not None:
            write_atomically(self.checkpoint, snapshot)

    @torch.no_grad()
    def _remember(self) -> None:
        for saved, p in zip(self.last_good, self.learner.parameters(), strict=True):
            saved.copy_(p)

    @torch.no_grad()
    def _diverged(self, what: str, losses: Tensor, indices: Tensor) -> None:
        for saved, p in zip(self.last_good, self.learner.parameters(), strict=True):
            p.copy_(saved)
        step = len(self.history) + 1
        bad = indices[~torch.isfinite(losses).cpu()].tolist() or indices.tolist()
        worst = int(losses.nan_to_num(nan=torch.inf).abs().argmax())
        raise Diverged(
            f"meta-training diverged at step {step}: the {what} is not finite. Worst is "
            f"training task {int(indices[worst])} with query loss {float(losses[worst])}; "
            f"tasks concerned: {len(bad)} of {len(indices)}. The learner is back at its "
            f"last good state. Smaller inner or outer step sizes usually help.",
            step,
            bad,
            losses,
        )


def _config(
    learner: MetaLearner,
    tasks: TaskDistribution,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    seed: int,
) -> dict[str, Any]:
    """What decides the course of a run and has a name, in comparable form."""
    adapting = list(learner.adapted)
    some = adapting != list(adapted_parameters(learner.model))
    return ({"adapt": adapting} if some else {}) | {
        "tasks": _describe(tasks),
        "model": repr(learner.model),
        "parameters": {
            name: [list(p.shape), p.requires_grad] for name, p in learner.named_parameters()
        },
        "dtype": str(learner.dtype),
        "inner": _describe(learner.inner),
        "first_order": learner.first_order,
        "loss": getattr(learner.loss, "__name__", type(learner.loss).__name__),
        "optimizer": f"{type(optimizer).__name__}({optimizer.defaults})",
        "batch_size": batch_size,
        "seed": seed,
    }


def _describe(thing: object) -> str:
    """Its repr, or its class if the repr would only be an address in memory."""
    kind = type(thing)
    return kind.__qualname__ if kind.__repr__ is object.__repr__ else repr(thing)
