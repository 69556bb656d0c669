"""The state of one meta-training run: its steps, its checkpoints, its way back."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from .._utils.files import write_atomically
from .._utils.random_state import random_state, set_random_state
from ..exceptions import Diverged
from ..symmetry.reparameterization import adapted_parameters, symmetry_matrices
from ..tasks.distribution import TaskDistribution, draw, draw_numbers
from .callbacks import TrainingState
from .checkpoint import load_of_run, serialize
from .history import History
from .learner import MetaLearner
from .learner_checks import check_has_gradient
from .precision import Precision
from .processes import Alone
from .validation import Validation

logger = logging.getLogger("msr.meta.training")


@dataclass
class Run:
    """The state of one meta-training run."""

    learner: MetaLearner
    tasks: TaskDistribution
    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler | None
    generator: torch.Generator
    history: History
    checkpoint: Path | None
    config: dict[str, Any]
    precision: Precision
    processes: Alone
    validation: Validation | None = None
    clip_norm: float | None = None
    new_lr: float | None = None
    last_good: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last_good = [p.detach().clone() for p in self.learner.parameters()]
        self.started = time.perf_counter()

    def step(self, batch_size: int, saving: bool) -> float:
        """One outer step; returns the mean query loss before the update."""
        before = self._snapshot() if saving and self.checkpoint else None
        first = self.validation.split.training if self.validation else None
        indices = draw_numbers(self.tasks, batch_size, self.generator, first)
        batch = draw(self.tasks, "train", self.processes.share(indices))
        with self.precision.autocast():
            own = self.learner(batch.to(self.learner.device, self.learner.dtype))
        loss = self.processes.part_of_mean(own, batch_size)
        losses = self.processes.joined(own, batch_size)
        if not torch.isfinite(losses).all():
            self._diverged("query loss", losses, indices)
        check_has_gradient(loss)
        self._remember()
        if before is not None:
            self._write(before)
        self.optimizer.zero_grad()
        self.precision.backward(loss)
        self.processes.add_gradients()
        self.precision.unscale(self.optimizer)
        for p in self.learner.parameters():
            if p.grad is None or torch.isfinite(p.grad).all():
                continue
            if not self.precision.bears_overflow:
                self._diverged("gradient", losses, indices)
        if self.clip_norm is not None:
            clip_grad_norm_(self.learner.parameters(), self.clip_norm)
        self.precision.step(self.optimizer)
        if self.scheduler and not isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step()
        self.losses, value = losses, losses.mean().item()
        self.history.loss.append(value)
        self.history.seconds.append(time.perf_counter() - self.started)
        return value

    def validate(self) -> None:
        """Measure the validation tasks, if there are any and it is time to."""
        step, validation = len(self.history), self.validation
        if validation is None or step % validation.every:
            return
        self.processes.equal_buffers()
        with self.precision.autocast():
            found = validation.measure(self.learner, self.tasks)
        loss, metrics = self.processes.told_by_main(found)
        validation.judge(self.learner, step, loss)
        history = self.history
        history.validation_step.append(step)
        history.validation_loss.append(loss)
        for name, value in metrics.items():
            history.validation_metrics.setdefault(name, []).append(value)
        history.best_step = validation.best_step
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(loss)

    def state(self) -> TrainingState:
        """What callbacks are told."""
        history, step = self.history, len(self.history)
        validated = history.validation_step[-1:] == [step]
        return TrainingState(
            step,
            self.learner,
            history.loss[-1],
            self.losses,
            float(self.optimizer.param_groups[0]["lr"]),
            history.seconds[-1],
            history.validation_loss[-1] if validated else None,
            {name: v[-1] for name, v in history.validation_metrics.items()}
            if validated
            else {},
            self.processes.main,
        )

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        state = load_of_run(self.checkpoint, self.config, self._comparable)
        self.learner.load_state_dict(state["learner"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["rng"])
        set_random_state(self.learner.device, state.get("device_rng"))
        self.history = History(**state["history"])
        if self.scheduler and "scheduler" in state:
            self.scheduler.load_state_dict(state["scheduler"])
        elif self.scheduler:  # a cosine's state is in the optimizer's, but for its place
            self.scheduler.last_epoch = len(self.history)
        self.precision.load_state_dict(state.get("scaler"))
        if self.processes.rank:  # the file holds the main process's
            torch.manual_seed(state["config"]["seed"] + self.processes.rank)
        if self.validation and "validation" in state:
            self.validation.load_state_dict(state["validation"])
        if self.new_lr is not None:
            for group in self.optimizer.param_groups:
                group["lr"] = self.new_lr
        self.started -= self.history.seconds[-1] if len(self.history) else 0.0
        self._remember()
        logger.info("resumed %s at step %d", self.checkpoint, len(self.history))

    def save(self) -> None:
        """Write the state as it is now, which is the same in all processes."""
        self.processes.equal_buffers()
        if self.checkpoint is not None:
            self._write(self._snapshot())
        self.processes.wait()

    def _snapshot(self) -> bytes:
        state = {
            "config": self.config,
            "learner": self.learner.state_dict(),
            "symmetries": {
                name: (type(symmetry).__name__, list(symmetry.weight_shape))
                for name, symmetry in symmetry_matrices(self.learner)
            },
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "rng": torch.get_rng_state(),
            "device_rng": random_state(self.learner.device),
            "history": asdict(self.history),
        }
        if self.scheduler:
            state["scheduler"] = _plain(self.scheduler.state_dict())
        if self.validation:
            state["validation"] = self.validation.state_dict()
        if self.precision.scaler:
            state["scaler"] = self.precision.state_dict()
        return serialize(state)

    def _comparable(self, config: dict[str, Any]) -> dict[str, Any]:
        """A configuration, without the outer step size where that may change."""
        if self.new_lr is None:
            return config
        optimizer = re.sub(r"'(initial_)?lr': [^,}]+", "'lr': any", config["optimizer"])
        return config | {"optimizer": optimizer}

    def _write(self, snapshot: bytes) -> None:
        if self.checkpoint is not None and self.processes.main:
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


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """The state of a scheduler, without functions, which no file holds."""
    return {
        name: [None] * len(value)
        if isinstance(value, list) and any(map(callable, value))
        else value
        for name, value in state.items()
        if not isinstance(value, Callable)  # type: ignore[arg-type]
    }


def configuration(
    learner: MetaLearner,
    tasks: TaskDistribution,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    seed: int,
) -> dict[str, Any]:
    """What decides the course of a run and has a name, in comparable form."""
    adapting = list(learner.adapted)
    some = adapting != list(adapted_parameters(learner.model))
    weights = learner.step_weights
    named = ({"adapt": adapting} if some else {}) | (
        {} if weights is None else {"step_weights": list(weights)}
    )
    return named | {
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
