"""Validation, early stopping, schedules, metrics and what else training is asked for."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau, StepLR

import msr
from helpers import tiny_learner, tiny_tasks


def train(learner: msr.MetaLearner, steps: int, tasks=None, **settings) -> msr.History:
    source = tiny_tasks() if tasks is None else tasks
    return msr.meta_train(learner, source, steps, 4, progress=False, **settings)


class WithValidation:
    """Tasks with a "val" split; remembers which of its tasks were asked for."""

    def __init__(self) -> None:
        self.tasks = tiny_tasks()
        self.asked: list[tuple[str, int]] = []

    def num_tasks(self, split: str) -> int:
        return {"train": 30, "val": 7, "test": 12}[split]

    def batch(self, split: str, indices) -> msr.TaskBatch:
        self.asked += [(split, int(i)) for i in indices]
        return self.tasks.batch("test" if split == "val" else split, indices)


class OnlyTraining(WithValidation):
    def num_tasks(self, split: str) -> int:
        return {"train": 30, "test": 12}[split]


def test_validates_on_the_split_for_it() -> None:
    learner, tasks = tiny_learner(), WithValidation()
    history = train(learner, 6, tasks, validate_every=2)
    assert history.validation_step == [2, 4, 6]
    assert {i for split, i in tasks.asked if split == "val"} == set(range(7))
    # the last one, measured by other means
    if history.best_step == 6:
        batch = tasks.tasks.batch("test", range(7))
        expected = float(learner(batch).double().mean())
        assert history.validation_loss[-1] == pytest.approx(expected, rel=1e-5)


def test_held_out_tasks_are_never_trained_on() -> None:
    tasks = OnlyTraining()
    train(tiny_learner(), 60, tasks)
    assert {i for _, i in tasks.asked} == set(range(30))
    tasks = OnlyTraining()
    train(tiny_learner(), 60, tasks, validate_every=60, validation_share=0.2)
    trained, held_out = tasks.asked[: 4 * 60], tasks.asked[4 * 60 :]
    assert {i for _, i in trained} == set(range(24))
    assert held_out == [("train", i) for i in range(24, 30)]


def test_ends_in_the_best_state_and_stops_when_patience_ends() -> None:
    """An outer step size far too large: nothing after the first validation is better."""
    states = {}

    def remember(step: int, learner: msr.MetaLearner, loss: float) -> None:
        states[step] = copy.deepcopy(learner.state_dict())

    learner = tiny_learner()
    history = train(learner, 100, lr=0.05, validate_every=2, patience=3, callback=remember)
    best = history.validation_step[
        min(range(len(history.validation_loss)), key=history.validation_loss.__getitem__)
    ]
    assert history.best_step == best
    assert len(history) == best + 3 * 2 < 100
    torch.testing.assert_close(learner.state_dict(), states[best], rtol=0, atol=0)


def test_validation_changes_nothing_but_the_tasks() -> None:
    plain, validated = tiny_learner(), tiny_learner()
    train(plain, 6, WithValidation())
    train(validated, 6, WithValidation(), validate_every=6)
    torch.testing.assert_close(validated.state_dict(), plain.state_dict(), rtol=0, atol=0)


SETTINGS = {
    "validate_every": 2,
    "patience": 50,
    "scheduler": lambda o: StepLR(o, 3, 0.5),
    "clip_norm": 0.1,
    "metrics": {"largest": lambda p, y: (p - y).abs().max()},
}


@pytest.mark.parametrize("stop", [1, 4, 5])
def test_resumes_bit_for_bit(stop, tmp_path) -> None:
    whole, cut = tiny_learner(), tiny_learner()
    expected = train(whole, 9, **SETTINGS)
    settings = SETTINGS | {"checkpoint": tmp_path / "run.pt"}
    train(cut, stop, **settings)
    fresh = tiny_learner(seed=5)
    history = train(fresh, 9, **settings)
    torch.testing.assert_close(fresh.state_dict(), whole.state_dict(), rtol=0, atol=0)
    assert history.loss == expected.loss
    assert history.validation_loss == expected.validation_loss
    assert history.validation_metrics == expected.validation_metrics
    assert history.best_step == expected.best_step


def test_schedules_are_those_of_torch() -> None:
    """Adam with a step size of zero from the third step on leaves everything as it is."""
    learner, seen = tiny_learner(), []

    def look(step: int, learner: msr.MetaLearner, loss: float) -> None:
        seen.append(torch.cat([p.detach().flatten() for p in learner.parameters()]))

    train(
        learner, 5, scheduler=lambda o: LambdaLR(o, lambda t: float(t < 2)), callback=look
    )
    assert not torch.equal(seen[0], seen[1])
    for later in seen[2:]:
        assert torch.equal(later, seen[1])


def test_a_plateau_follows_the_validation() -> None:
    made = []

    def factory(optimizer: torch.optim.Optimizer) -> ReduceLROnPlateau:
        made.append(ReduceLROnPlateau(optimizer, factor=0.1, patience=0, threshold=10.0))
        return made[0]

    train(tiny_learner(), 6, scheduler=factory, validate_every=2)
    assert made[0].last_epoch == 3  # once a validation, not once a step
    assert made[0].optimizer.param_groups[0]["lr"] == pytest.approx(1e-6)


def test_long_gradients_are_shortened() -> None:
    learner, norms = tiny_learner(), []

    class Recording(torch.optim.SGD):
        def step(self, closure=None):
            gradients = [p.grad.flatten() for g in self.param_groups for p in g["params"]]
            norms.append(float(torch.cat(gradients).norm()))
            return super().step(closure)

    def factory(parameters):
        return Recording(parameters, lr=1e-3)

    train(learner, 3, optimizer=factory, clip_norm=1e-3)
    assert all(norm == pytest.approx(1e-3, rel=1e-3) for norm in norms)
    norms.clear()
    train(tiny_learner(), 3, optimizer=factory)
    assert min(norms) > 2e-3  # must fail: they are longer without


def test_a_callback_can_stop() -> None:
    history = train(tiny_learner(), 50, callback=lambda step, learner, loss: step == 3)
    assert len(history) == 3


class Labels:
    """Points on a line with class labels; the class is the sign, plain to see."""

    def num_tasks(self, split: str) -> int:
        return {"train": 20, "test": 8}[split]

    def batch(self, split: str, indices) -> msr.TaskBatch:
        g = [torch.Generator().manual_seed(int(i)) for i in indices]
        x = torch.stack([torch.randn(12, 2, generator=h) for h in g])
        y = (x[..., 0] > 0).long()
        return msr.TaskBatch(x[:, :6], y[:, :6], x[:, 6:], y[:, 6:])


def test_accuracy_beside_the_loss() -> None:
    torch.manual_seed(0)
    learner = msr.MetaLearner(nn.Linear(2, 2), loss=F.cross_entropy)
    metrics = {"accuracy": msr.accuracy}
    history = train(learner, 60, Labels(), lr=0.1, validate_every=20, metrics=metrics)
    assert len(history.validation_metrics["accuracy"]) == 3
    result = msr.meta_test(learner, Labels(), metrics=metrics, batch_size=3, progress=False)
    batch = Labels().batch("test", range(8))
    adapted = learner.adapt(batch.x_support, batch.y_support)
    right = learner.predict(adapted, batch.x_query).argmax(-1) == batch.y_query
    torch.testing.assert_close(result.metrics["accuracy"], right.float().mean(1))
    assert float(right.float().mean()) > 0.9
    assert "accuracy=" in repr(result)
    losses = msr.meta_test(learner, Labels(), progress=False).losses
    torch.testing.assert_close(result.losses, losses)


def test_a_generator_goes_on_where_a_seed_repeats() -> None:
    asked = []
    for seeds in ((3, 3), [torch.Generator().manual_seed(3)] * 2):
        tasks = OnlyTraining()
        for seed in seeds:
            train(tiny_learner(), 5, tasks, seed=seed)
        numbers = [i for _, i in tasks.asked]
        asked.append((numbers[:20], numbers[20:]))
    assert asked[0][0] == asked[0][1]
    assert asked[1][0] != asked[1][1]


def test_goes_on_with_another_step_size_when_asked(tmp_path) -> None:
    settings = {"checkpoint": tmp_path / "run.pt"}
    learner = tiny_learner()
    train(learner, 3, lr=1e-2, **settings)
    before = copy.deepcopy(learner.state_dict())
    with pytest.raises(msr.CheckpointError, match="optimizer"):
        train(tiny_learner(), 5, lr=0.0, **settings)
    resumed = tiny_learner()
    history = train(resumed, 5, lr=0.0, change_lr=True, **settings)
    assert len(history) == 5
    torch.testing.assert_close(resumed.state_dict(), before)  # steps of length zero


def test_weights_alone(tmp_path) -> None:
    file = tmp_path / "run.pt"
    trained = tiny_learner()
    train(trained, 8, checkpoint=file, validate_every=2)
    other = tiny_learner(seed=7)
    assert msr.load_weights(other, file) is other
    torch.testing.assert_close(other.state_dict(), trained.state_dict(), rtol=0, atol=0)
    wider = msr.MetaLearner(nn.Sequential(nn.Linear(8, 6, bias=False)))
    before = copy.deepcopy(wider.state_dict())
    with pytest.raises(msr.CheckpointError, match=r"expected the parameters .* got others"):
        msr.load_weights(wider, file)
    torch.testing.assert_close(wider.state_dict(), before)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 3}, "expected validate_every beside patience"),
        ({"metrics": {"a": msr.accuracy}}, "expected validate_every beside metrics"),
        ({"validate_every": 0}, "validate_every"),
        ({"validate_every": 2, "patience": 0}, "patience"),
        ({"validate_every": 2, "validation_share": 1.0}, "validation_share"),
        ({"validate_every": 2, "validation_share": 0.99}, "held out for validation"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"decay": "cosine", "scheduler": lambda o: StepLR(o, 1)}, "decay or scheduler"),
        ({"scheduler": ReduceLROnPlateau}, "validate_every with ReduceLROnPlateau"),
        ({"change_lr": True, "decay": "cosine"}, "change_lr without decay"),
        (
            {"seed": torch.Generator(), "checkpoint": "x.pt"},
            "expected an integer seed with a checkpoint",
        ),
    ],
)
def test_settings_that_make_no_sense(settings, message) -> None:
    learner = tiny_learner()
    before = copy.deepcopy(learner.state_dict())
    with pytest.raises(ValueError, match=message):
        train(learner, 3, **settings)
    torch.testing.assert_close(learner.state_dict(), before)


@pytest.mark.bad_input
def test_wrong_metrics_and_schedules() -> None:
    with pytest.raises(TypeError, match="expected the metric 'm' to return a number"):
        train(tiny_learner(), 2, validate_every=1, metrics={"m": lambda p, y: p})
    with pytest.raises(TypeError, match="metric 'm' to take the arguments"):
        train(tiny_learner(), 2, validate_every=1, metrics={"m": lambda p: 0.0})
    with pytest.raises(TypeError, match="expected scheduler to make"):
        train(tiny_learner(), 2, scheduler=lambda optimizer: optimizer)
    with pytest.raises(ValueError, match="one label for each"):
        msr.accuracy(torch.ones(3, 2), torch.ones(4, dtype=torch.long))


def test_a_metric_by_hand() -> None:
    scores: Tensor = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    labels = torch.tensor([1, 0, 0])
    assert math.isclose(float(msr.accuracy(scores, labels)), 2 / 3, rel_tol=1e-6)
