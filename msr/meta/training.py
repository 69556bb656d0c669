"""Meta-training: the outer loop."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from .._utils.arguments import checked
from .._utils.checks import (
    MOST_STEPS,
    MOST_TASKS,
    check_at_least,
    check_between,
    check_not_negative,
    check_positive,
    named_path,
)
from .._utils.progress import progress_bar
from .._utils.random_state import isolated_random_state
from ..tasks.distribution import TaskDistribution, check_tasks
from .callbacks import Callback, listeners
from .checkpoint import sole_run
from .evaluation import Metric, check_metrics
from .history import History
from .learner import MetaLearner, check_learner
from .optimizers import OptimizerFactory, check_resumable, made_optimizer
from .precision import Precision, check_autocast
from .processes import processes_of
from .run import Run, configuration
from .settings import (
    Decay,
    SchedulerFactory,
    check_together,
    generator_of,
    schedule_of,
    validation_of,
)


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
    scheduler: SchedulerFactory | None = None,
    clip_norm: float | None = None,
    validate_every: int | None = None,
    validation_share: float = 0.1,
    patience: int | None = None,
    metrics: Mapping[str, Metric] | None = None,
    seed: int | torch.Generator = 0,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
    change_lr: bool = False,
    autocast: torch.dtype | None = None,
    distributed: bool = False,
    callback: Callback | Sequence[Callback] | None = None,
    progress: bool = True,
) -> History:
    """Minimize the mean query loss over training tasks; changes the learner in place.

    Each step draws ``batch_size`` training tasks (with replacement), adapts to them,
    and updates everything that the tasks share: symmetry matrices, initial filters
    and step sizes. Batches are moved to the learner's device and dtype. The draws
    come from generators seeded with ``seed``: the caller's random state is neither
    used nor changed. A second call with the same seed draws the same tasks again; to go
    on with others pass another seed, or one generator to both.

    With ``validate_every`` the learner is validated every so many steps on tasks that it
    is not trained on, at most 500 of them: those of the source's "val" split, or, if it
    has none, the last ``validation_share`` of its training tasks. At the end the learner
    is in the state of the best validation. ::

        history = msr.meta_train(
            learner, tasks, steps=10_000, validate_every=100, patience=5
        )
        plt.plot(history.validation_step, history.validation_loss)

    With ``checkpoint`` the run saves its state every ``checkpoint_every`` steps and
    at the end, and continues from the file if there is one: on one device the result
    is the same, bit for bit, as that of an uninterrupted run. In the course of a run
    only a state whose loss was seen to be finite replaces an older one. More steps
    than before extend a run, unless the outer step size decays towards the last one.
    `msr.load_weights` takes the parameters alone from a file.

    With ``distributed`` the processes of the default group of ``torch.distributed`` train
    together: each adapts to its share of a step's tasks, their gradients are added up, and
    the parameters are, up to rounding, those of one process.
    Every process makes the same call; the first one writes checkpoints and shows the bar.
    Running statistics are those of the first one's tasks. Start the program with
    ``torchrun``. ::

        torch.distributed.init_process_group()
        msr.meta_train(learner, tasks, distributed=True)

    A checkpoint is taken for this run's own if everything that has a name agrees:
    tasks, model, inner loop, loss, optimizer, batch size, seed, and so on. Two losses of
    one name cannot be told apart.

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
        scheduler: makes any other schedule from the optimizer, such as
            ``lambda optimizer: StepLR(optimizer, 500)``. It advances at each step;
            ``ReduceLROnPlateau`` at each validation, by its loss.
        clip_norm: the largest norm of the outer gradient, all parameters together; a
            longer one is shortened to it.
        validate_every: outer steps between validations; None for no validation.
        validation_share: the share of training tasks held out for it, where the source
            has no "val" split.
        patience: stop after so many validations in a row without a better one.
        metrics: measured at each validation, besides the loss; see `msr.meta_test`.
        seed: of the task draws and of random layers such as dropout, or a generator on
            the CPU to draw both from.
        checkpoint: file for the state; its folder is made where it is missing. An empty
            file ``.NAME.lock`` stays beside it, by which two runs keep out of each other's
            way.
        checkpoint_every: steps between writes.
        change_lr: let a run that is resumed have another ``lr`` than before.
        autocast: compute losses under ``torch.autocast`` to ``torch.bfloat16`` or
            ``torch.float16``, validation included; parameters stay in float32. With float16
            a ``GradScaler`` scales the outer gradient, and leaves out steps at which it
            overflows; gradients of the inner loop are not scaled.
        distributed: train together with the other processes.
        callback: called after each update with (step from 1, learner, loss). If it
            returns True, training stops. Or an object with ``on_step``, which gets a
            `msr.TrainingState` with more, such as `msr.CSVLog`; or several of both.
        progress: show a bar with loss and rate. (The environment variable
            ``TQDM_DISABLE=1`` hides it too.)

    Returns:
        loss and time of every step since the first, and the validations.

    Raises:
        TypeError: ``learner`` is no `MetaLearner`, ``tasks`` no `TaskDistribution`, or
            another argument of the wrong type.
        ValueError: ``steps`` < 0 or less than the checkpoint has, ``batch_size``,
            ``checkpoint_every``, ``validate_every`` or ``patience`` < 1, a number is too
            large, ``lr`` or ``seed`` negative, ``clip_norm`` not positive,
            ``validation_share`` not between 0 and 1, ``decay`` unknown, no parameter of
            the learner is to be trained; ``patience`` or ``metrics`` are given without
            ``validate_every``, or two settings that exclude each other; or, with a
            checkpoint, the optimizer has a scheduler or hooks, whose state no file holds;
            ``autocast`` is another dtype, or parameters are not in float32 with it; there
            is no process group with ``distributed``, or its processes' runs differ.
        CheckpointError: the checkpoint is damaged, of another configuration, or another
            run writes to it; nothing is overwritten and the learner is unchanged.
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
    if clip_norm is not None:
        check_positive(clip_norm=clip_norm)
    check_metrics(metrics)
    told = listeners(callback)
    file = None if checkpoint is None else named_path("checkpoint", checkpoint)
    validation = validation_of(tasks, validate_every, validation_share, patience, metrics)
    check_together(decay, scheduler, optimizer, change_lr, seed, file)
    generator, number = generator_of(seed)
    check_autocast(autocast, learner)
    opt = made_optimizer(learner, optimizer, lr)
    if file is not None:
        check_resumable(opt)
    settings = {
        "decay": f"cosine to step {steps}" if decay == "cosine" else "none",
        "clip_norm": clip_norm,
        "validation": validate_every and (validate_every, patience, validation_share),
        "autocast": autocast and str(autocast),
    }
    if decay == "cosine" and steps:
        schedule: LRScheduler | None = CosineAnnealingLR(opt, steps)
    else:
        schedule = schedule_of(scheduler, opt, validation)
    if scheduler is not None:
        settings["scheduler"] = type(schedule).__name__
    config = configuration(learner, tasks, opt, batch_size, number)
    config |= {name: value for name, value in settings.items() if value is not None}
    processes = processes_of(distributed, learner, batch_size, config)
    run = Run(
        learner,
        tasks,
        opt,
        schedule,
        generator,
        History(),
        file,
        config,
        Precision(learner.device, autocast),
        processes,
        validation,
        clip_norm,
        lr if change_lr else None,
    )
    random_state = isolated_random_state(learner.device, number + processes.rank)
    with sole_run(file, processes), random_state:
        run.resume()
        if steps < len(run.history):
            raise ValueError(
                f"expected steps >= {len(run.history)}, the number of steps in "
                f"{checkpoint}, got {steps}"
            )
        bar = progress_bar(
            show=progress and processes.main,
            initial=len(run.history),
            total=steps,
            desc="meta-train",
            unit="step",
        )
        with bar:
            stopped = validation is not None and validation.finished
            while len(run.history) < steps and not stopped:
                saving = len(run.history) % checkpoint_every == 0
                loss = run.step(batch_size, saving)
                run.validate()
                shown_now = {"loss": f"{loss:.4g}"}
                if run.history.validation_loss:
                    shown_now["validation"] = f"{run.history.validation_loss[-1]:.4g}"
                bar.set_postfix(shown_now, refresh=False)
                bar.update()
                stopped = validation is not None and validation.finished
                if told:
                    state = run.state()
                    stopped |= any([tell(state) is True for tell in told])
                stopped = processes.agreed(stopped)
        run.save()
    if validation is not None:
        validation.restore(learner)
    return run.history
