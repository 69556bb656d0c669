"""meta_train and meta_test: learning, determinism, resuming, divergence."""

import copy
import math
import shutil
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import msr
from helpers import tiny_learner, tiny_tasks
from helpers_project import TESTS
from msr._utils.files import write_atomically
from msr.meta import checkpoint


def states_equal(a: msr.MetaLearner, b: msr.MetaLearner) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters()))


def train(learner: msr.MetaLearner, steps: int, **settings) -> msr.History:
    defaults = dict(batch_size=4, lr=1e-2, progress=False)
    return msr.meta_train(learner, tiny_tasks(), steps, **(defaults | settings))


def test_learns_the_convolution_space() -> None:
    """On a small problem U finds translation: the loss and the angle both vanish."""
    learner = tiny_learner(inner=msr.GradientDescent(steps=5, lr=0.1))
    tasks = tiny_tasks(train_tasks=500, train_examples=10, test_examples=10, support=5)
    U = learner.model[0].parametrizations.weight[0].U
    before = msr.meta_test(learner, tasks, progress=False).mse
    start = msr.principal_angles(U, tasks.symmetry_matrix()).max()
    history = msr.meta_train(learner, tasks, 600, 16, lr=1e-2, progress=False)
    after = msr.meta_test(learner, tasks, progress=False).mse
    end = msr.principal_angles(U, tasks.symmetry_matrix()).max()
    assert after < 0.02 * before
    assert start > 1.0
    assert end < 0.05
    assert len(history) == len(history.seconds) == 600


def test_same_seed_same_run_and_the_global_state_is_left_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    a, b, c = tiny_learner(), tiny_learner(), tiny_learner()
    torch.set_rng_state(state)
    first = train(a, 20)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second, other = train(b, 20), train(c, 20, seed=1)
    assert first.loss == second.loss != other.loss
    assert states_equal(a, b)
    assert not states_equal(a, c)


def test_first_steps_by_hand() -> None:
    """Two steps of the loop written out, with the same draws."""
    a, b = tiny_learner(), tiny_learner()
    history = train(a, 2)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(b.parameters(), lr=1e-2, fused=True)
    losses = []
    for _ in range(2):
        indices = torch.randint(30, (4,), generator=generator)
        loss = b(tiny_tasks().batch("train", indices)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert history.loss == losses
    assert states_equal(a, b)


@pytest.mark.parametrize(
    "optimizer", [None, lambda p: torch.optim.SGD(p, 0.01, momentum=0.9)]
)
def test_resume_is_bit_for_bit(tmp_path: Path, optimizer) -> None:
    whole, parts = tiny_learner(), tiny_learner()
    expected = train(whole, 25, optimizer=optimizer)
    file = tmp_path / "deep" / "run.pt"
    train(parts, 10, optimizer=optimizer, checkpoint=file)
    resumed = tiny_learner(seed=5)  # everything comes from the file
    history = train(resumed, 25, optimizer=optimizer, checkpoint=file)
    assert history.loss == expected.loss
    assert history.seconds == sorted(history.seconds)
    assert states_equal(whole, resumed)
    again = train(tiny_learner(), 25, optimizer=optimizer, checkpoint=file)
    assert again.loss == expected.loss


def test_resume_replays_dropout(tmp_path: Path) -> None:
    def build() -> msr.MetaLearner:
        model = nn.Sequential(nn.Linear(8, 6, bias=False), nn.Dropout(0.3))
        return msr.MetaLearner(msr.reparameterize(model, filters=3, seed=0))

    whole, resumed = build(), build()
    expected = train(whole, 12)
    train(build(), 5, checkpoint=tmp_path / "run.pt")
    assert train(resumed, 12, checkpoint=tmp_path / "run.pt").loss == expected.loss
    assert states_equal(whole, resumed)


def with_hook(parameters) -> torch.optim.Optimizer:
    """An optimizer that steps a scheduler of its own."""
    optimizer = torch.optim.SGD(parameters, lr=1e-2)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def with_attribute(parameters) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(parameters, lr=1e-2)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    del optimizer.step  # the scheduler's wrapper
    optimizer.schedule = schedule
    return optimizer


def with_scheduler_elsewhere(parameters) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(parameters, lr=1e-2)
    torch.optim.lr_scheduler.StepLR(optimizer, 2)
    return optimizer


def with_hook_alone(parameters) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(parameters, lr=1e-2)
    optimizer.register_step_pre_hook(lambda *_: None)
    return optimizer


@pytest.mark.parametrize(
    "factory", [with_hook, with_hook_alone, with_attribute, with_scheduler_elsewhere]
)
def test_a_scheduler_hung_into_an_optimizer_cannot_resume(factory, tmp_path: Path) -> None:
    learner = tiny_learner()
    before = copy.deepcopy(learner.state_dict())
    with pytest.raises(ValueError, match=r"got SGD with a scheduler or hooks"):
        train(learner, 5, optimizer=factory, checkpoint=tmp_path / "run.pt")
    assert not (tmp_path / "run.pt").exists()
    assert all(torch.equal(t, before[n]) for n, t in learner.state_dict().items())


def test_a_scheduler_hung_into_an_optimizer_works_without_a_checkpoint() -> None:
    plain = train(tiny_learner(), 6, optimizer=lambda p: torch.optim.SGD(p, lr=1e-2))
    hung = train(tiny_learner(), 6, optimizer=with_hook)
    assert hung.loss[:2] == plain.loss[:2]
    assert hung.loss[-1] != plain.loss[-1]


class Killed(Exception):
    pass


def test_a_killed_run_resumes_from_its_last_save(tmp_path: Path) -> None:
    def kill(step: int, learner: msr.MetaLearner, loss: float) -> None:
        if step == 14:
            raise Killed

    whole = tiny_learner()
    expected = train(whole, 20)
    file = tmp_path / "run.pt"
    with pytest.raises(Killed):
        train(tiny_learner(), 20, checkpoint=file, checkpoint_every=5, callback=kill)
    steps = []
    resumed = tiny_learner()
    history = train(
        resumed, 20, checkpoint=file, callback=lambda step, *_: steps.append(step)
    )
    assert steps == list(range(11, 21))
    assert history.loss == expected.loss
    assert states_equal(whole, resumed)
    assert {p.name for p in tmp_path.iterdir()} == {"run.pt", ".run.pt.lock"}


def test_a_failed_write_keeps_the_old_checkpoint(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "run.pt"
    train(tiny_learner(), 5, checkpoint=file)
    before = file.read_bytes()

    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/run\.pt'"):
        train(tiny_learner(), 10, checkpoint=file)
    assert file.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"run.pt", ".run.pt.lock"}


def test_two_runs_at_once_on_one_checkpoint_are_refused(tmp_path: Path) -> None:
    """A run that starts another one on its file, from its callback."""
    file = tmp_path / "run.pt"
    refused = []

    def second(*_) -> None:
        with pytest.raises(msr.CheckpointError, match=r"the only run .*run\.pt") as error:
            train(other, 5, checkpoint=file)
        refused.append(error)

    other = tiny_learner(seed=4)
    before = {name: t.clone() for name, t in other.state_dict().items()}
    train(tiny_learner(), 2, checkpoint=file, callback=second)
    assert len(refused) == 2
    assert all(torch.equal(t, before[name]) for name, t in other.state_dict().items())
    train(tiny_learner(), 3, checkpoint=file)  # the file is free again


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "run[1].pt"
    kept = {tmp_path / name for name in (".run1.pt.a.unfinished", ".run[1].pt.mine", "x")}
    for path in [*kept, tmp_path / ".run[1].pt.abcdefgh.unfinished"]:
        path.write_text("half")
    train(tiny_learner(), 1, checkpoint=file)
    assert set(tmp_path.iterdir()) == kept | {file, tmp_path / ".run[1].pt.lock"}


def test_divergence_names_step_and_task_and_keeps_the_last_good_state(tmp_path) -> None:
    file = tmp_path / "run.pt"
    losses, states = [], []

    def record(step: int, learner: msr.MetaLearner, loss: float) -> None:
        losses.append(loss)
        states.append(copy.deepcopy(learner.state_dict()))

    learner = tiny_learner(inner=msr.GradientDescent(40, lr=0.1))
    with pytest.raises(msr.Diverged, match=r"step \d+.*training task \d+") as caught:
        train(
            learner,
            500,
            optimizer=lambda p: torch.optim.SGD(p, 3.0),
            checkpoint=file,
            checkpoint_every=1,
            callback=record,
        )
    error = caught.value
    assert error.step == len(losses) + 1
    assert 0 <= min(error.tasks) <= max(error.tasks) < 30
    assert all(torch.isfinite(torch.tensor(loss)) for loss in losses)
    assert all(torch.isfinite(p).all() for p in learner.parameters())
    saved = checkpoint.load(file)
    assert saved["history"]["loss"] == losses[: len(saved["history"]["loss"])]
    assert all(torch.isfinite(t).all() for t in saved["learner"].values())
    last_good = states[-2 if "query loss" in str(error) else -1]
    assert all(torch.equal(t, last_good[n]) for n, t in learner.state_dict().items())


def test_progress_bar_shows_loss_and_rate(capsys, monkeypatch) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    train(tiny_learner(), 3, progress=True, callback=lambda *_: time.sleep(0.11))
    shown = capsys.readouterr()
    assert not shown.out
    assert "loss=" in shown.err
    assert "step/s" in shown.err or "s/step" in shown.err
    monkeypatch.setenv("TQDM_DISABLE", "1")
    train(tiny_learner(), 3, progress=True)
    monkeypatch.delenv("TQDM_DISABLE")
    train(tiny_learner(), 3, progress=False)
    msr.meta_test(tiny_learner(), tiny_tasks(), progress=False)
    assert capsys.readouterr() == ("", "")


def test_model_dtype_decides_the_batches_dtype() -> None:
    learner = tiny_learner().double()
    history = train(learner, 2)
    assert len(history) == 2
    assert learner.dtype == torch.float64


class OneBadTask:
    """tiny_tasks, but the targets of one task are so large that its loss overflows."""

    def __init__(self, bad: int) -> None:
        self.tasks, self.bad = tiny_tasks(), bad

    def __repr__(self) -> str:
        return f"OneBadTask({self.bad})"

    def num_tasks(self, split: str) -> int:
        return self.tasks.num_tasks(split)

    def batch(self, split: str, indices) -> msr.TaskBatch:
        batch = self.tasks.batch(split, indices)
        scale = torch.where(torch.as_tensor(indices) == self.bad, 1e30, 1.0)
        return msr.TaskBatch(
            batch.x_support,
            batch.y_support,
            batch.x_query,
            batch.y_query * scale[:, None, None],
        )


def test_the_task_that_diverges_is_named() -> None:
    draws = torch.randint(30, (8,), generator=torch.Generator().manual_seed(0)).tolist()
    bad = next(task for task in draws[1:] if draws.count(task) == 1)
    message = rf"step 1: .*training task {bad} with query loss inf; tasks concerned: 1 of 8"
    with pytest.raises(msr.Diverged, match=message) as caught:
        msr.meta_train(tiny_learner(), OneBadTask(bad), 5, 8, progress=False)
    assert caught.value.tasks == [bad]
    assert caught.value.step == 1
    with pytest.raises(msr.Diverged, match=r"got inf for test task 7 \(1 of 12") as caught:
        msr.meta_test(tiny_learner(), OneBadTask(7), progress=False)
    assert caught.value.tasks == [7]


def test_only_states_with_a_finite_loss_are_saved(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    draws = torch.randint(30, (3, 1), generator=torch.Generator().manual_seed(0))
    bad = int(draws[2])
    assert bad not in draws[:2]
    learner = tiny_learner()
    with pytest.raises(msr.Diverged, match="step 3"):
        msr.meta_train(
            learner,
            OneBadTask(bad),
            5,
            1,
            checkpoint=file,
            checkpoint_every=1,
            progress=False,
        )
    saved = checkpoint.load(file)
    assert len(saved["history"]["loss"]) == 1
    state = learner.state_dict()
    assert all(torch.equal(t, state[n].cpu()) for n, t in saved["learner"].items())


def test_checkpoints_are_first_written_beside_their_target(
    tmp_path: Path, monkeypatch
) -> None:
    """A rename is atomic within one file system only."""
    import os

    sources, replace = [], os.replace
    monkeypatch.setattr(
        os, "replace", lambda a, b: (sources.append(Path(a)), replace(a, b))
    )
    train(tiny_learner(), 1, checkpoint=tmp_path / "run.pt")
    assert {path.parent for path in sources} == {tmp_path}


def test_history_goes_on_in_time(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    first = train(tiny_learner(), 5, checkpoint=file)
    second = train(tiny_learner(), 8, checkpoint=file)
    assert second.seconds[:5] == first.seconds
    assert second.seconds[5] > first.seconds[4]


def test_a_checkpoint_that_lacks_a_setting_is_of_another_run(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    train(tiny_learner(), 1, checkpoint=file)
    state = checkpoint.load(file)
    del state["config"]["seed"]
    write_atomically(file, checkpoint.serialize(state))
    with pytest.raises(msr.CheckpointError, match="seed: this run has 0, the file None"):
        train(tiny_learner(), 2, checkpoint=file)


def test_tasks_without_a_repr_resume_by_the_name_of_their_class(tmp_path: Path) -> None:
    """The default repr is an address in memory, which no second run has."""

    class Plain:
        def num_tasks(self, split: str) -> int:
            return 30

        def batch(self, split: str, indices) -> msr.TaskBatch:
            return tiny_tasks().batch(split, indices)

    file = tmp_path / "run.pt"
    for steps in (2, 4):
        history = msr.meta_train(
            tiny_learner(), Plain(), steps, 4, checkpoint=file, progress=False
        )
        assert len(history) == steps


def test_cosine_decay_by_hand_and_resumed(tmp_path: Path) -> None:
    """Plain gradient descent whose step size follows the formula."""
    tasks, by_hand = tiny_tasks(), tiny_learner()
    generator = torch.Generator().manual_seed(0)
    for t in range(6):
        indices = torch.randint(30, (4,), generator=generator)
        loss = by_hand(tasks.batch("train", indices)).mean()
        gradients = torch.autograd.grad(loss, list(by_hand.parameters()))
        lr = 0.5 * (1 + math.cos(math.pi * t / 6)) / 2
        with torch.no_grad():
            for p, g in zip(by_hand.parameters(), gradients, strict=True):
                p -= lr * g

    def run(learner: msr.MetaLearner, callback=None) -> None:
        msr.meta_train(
            learner,
            tasks,
            6,
            4,
            optimizer=lambda p: torch.optim.SGD(p, lr=0.5),
            decay="cosine",
            checkpoint=tmp_path / "run.pt",
            checkpoint_every=1,
            callback=callback,
            progress=False,
        )

    def kill(step, *_):
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny_learner(), kill)
    resumed = tiny_learner()
    run(resumed)
    for ours, expected in zip(resumed.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, expected)
    with pytest.raises(msr.CheckpointError, match="decay: this run has 'none'"):
        msr.meta_train(
            tiny_learner(),
            tasks,
            6,
            4,
            optimizer=lambda p: torch.optim.SGD(p, lr=0.5),
            checkpoint=tmp_path / "run.pt",
            progress=False,
        )


@pytest.mark.bad_input
def test_unknown_decay() -> None:
    with pytest.raises(
        ValueError, match='expected decay to be "none" or "cosine", got \'step\''
    ):
        msr.meta_train(tiny_learner(), tiny_tasks(), 1, decay="step")


def test_a_checkpoint_from_before_the_package_had_rooms_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    shutil.copy(TESTS / "fixtures" / "checkpoint_of_the_flat_package.pt", file)
    resumed = train(tiny_learner(), 6, lr=1e-3, checkpoint=file)
    whole = train(tiny_learner(), 6, lr=1e-3)
    assert resumed.loss == pytest.approx(whole.loss, rel=1e-4)
    assert resumed.seconds[2] < resumed.seconds[3]
