"""meta_test: every task once, nothing changed, intervals, diverging tasks."""

import copy

import pytest
import torch
from torch import nn

import msr
from helpers import tiny_learner, tiny_tasks


def test_meta_test_counts_every_task_once_and_changes_nothing() -> None:
    learner, tasks = tiny_learner(), tiny_tasks()
    before = copy.deepcopy(learner.state_dict())
    results = [
        msr.meta_test(learner, tasks, batch_size=b, progress=False) for b in (5, 100)
    ]
    losses = results[0].losses
    torch.testing.assert_close(losses, results[1].losses)
    for i in range(12):
        expected = learner(tasks.batch("test", [i]))
        torch.testing.assert_close(losses[i : i + 1], expected.detach())
    assert all(torch.equal(t, before[n]) for n, t in learner.state_dict().items())
    assert not losses.requires_grad
    assert learner.training


def test_confidence_interval_by_hand() -> None:
    result = msr.MetaTestResult(torch.tensor([1.0, 2.0, 3.0, 6.0]))
    assert result.mse == 3.0
    variance = (4 + 1 + 0 + 9) / 3
    assert result.ci95 == pytest.approx(1.96 * (variance / 4) ** 0.5)
    assert "mse=3" in repr(result)


def test_meta_test_names_diverging_tasks() -> None:
    learner = tiny_learner(inner=msr.GradientDescent(500, lr=1e6))
    with pytest.raises(msr.Diverged, match=r"test task \d+") as caught:
        msr.meta_test(learner, tiny_tasks(), progress=False)
    assert caught.value.tasks
    assert len(caught.value.losses) == 12


class Unreadable:
    """Tasks that are there, and cannot be read."""

    def num_tasks(self, split: str) -> int:
        return 1

    def batch(self, split: str, indices) -> msr.TaskBatch:
        raise FileNotFoundError(split)


def test_meta_test_uses_evaluation_mode_and_puts_back_what_was() -> None:
    model = nn.Sequential(nn.Linear(8, 6, bias=False), nn.Dropout(0.5))
    learner = msr.MetaLearner(msr.reparameterize(model, filters=3))
    for training in (True, False):
        learner.train(training)
        first, second = (msr.meta_test(learner, tiny_tasks(), progress=False) for _ in "12")
        assert torch.equal(first.losses, second.losses)
        assert learner.training == training
    learner.train()
    model[1].eval()
    with pytest.raises(FileNotFoundError):
        msr.meta_test(learner, Unreadable(), progress=False)
    assert learner.training
    assert not model[1].training


def test_meta_test_on_training_tasks_and_in_the_models_dtype() -> None:
    learner = tiny_learner().double()
    result = msr.meta_test(learner, tiny_tasks(), split="train", progress=False)
    batch = tiny_tasks().batch("train", range(30)).to(dtype=torch.float64)
    torch.testing.assert_close(result.losses, learner(batch).detach())
