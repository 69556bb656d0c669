"""The rows of the tables: what adapts, what is shared, and what training does."""

import inspect
from dataclasses import replace

import pytest
import torch
from torch import nn

import msr
from helpers import tiny_learner, tiny_tasks
from msr.experiments import methods
from msr.experiments.methods import (
    ROTATION,
    SUPPORT,
    TRANSLATION,
    Method,
    dense_filters,
    fit_inner_loop,
)

SMALL_IMAGES = msr.SteerableConv2d(
    n=4, size=5, fields=1, train_tasks=200, test_tasks=20, train_examples=3
)


@pytest.mark.parametrize(
    ("name", "adapted", "shared"),
    [
        ("MAML-FC", 68 * 70, 0),
        ("MAML-LC", 68 * 3, 0),
        ("MAML-Conv", 3, 0),
        ("MTSR-FC", 6, 6 * 4760),
        ("MSR-Joint-FC", 6, 6 * 4760),
        ("MSR-FC", 6, 6 * 4760),
    ],
)
def test_translation_methods_by_their_parameters(
    name: str, adapted: int, shared: int
) -> None:
    tasks = msr.LowRank1d(rank=2, train_tasks=8, test_tasks=4)
    learner = TRANSLATION[name].learner(tasks)
    assert sum(p.numel() for p in learner.adapted.values()) == adapted
    assert sum(p.numel() for p in learner.model.parameters()) == adapted + shared
    assert learner(tasks.batch("train", [0, 1])).shape == (2,)
    assert learner.inner == msr.GradientDescent(steps=3, lr=0.1)


@pytest.mark.parametrize(
    ("name", "adapted", "shared"),
    [
        ("MAML-Conv", 24 * 9, 0),
        ("MSR-Conv", 24 * 9, 24**2 + 1 + 81),
        ("MSR-Conv-dense", 18, 216 * 18),
    ],
)
def test_rotation_methods_by_their_parameters(name: str, adapted: int, shared: int) -> None:
    tasks = msr.SteerableConv2d(size=5, train_tasks=8, test_tasks=4)
    learner = ROTATION[name].learner(tasks)
    assert sum(p.numel() for p in learner.adapted.values()) == adapted
    assert sum(p.numel() for p in learner.model.parameters()) == adapted + shared
    assert learner(tasks.batch("train", [0, 1])).shape == (2,)


def test_numbers_of_filters_are_the_papers() -> None:
    assert [dense_filters(msr.LowRank1d(rank=k)) for k in (1, 2, 5)] == [3, 6, 30]
    assert dense_filters(msr.LowRank1d(rank=4)) == 12
    assert dense_filters(msr.SteerableConv2d(fields=2)) == 12


def test_the_oracle_knows_the_space_and_keeps_it() -> None:
    method = SUPPORT["Oracle-Ridge"]
    learner = method.fit(SMALL_IMAGES, steps=3, progress=False)
    (_, symmetry), *_ = msr.symmetry_matrices(learner.model)
    assert torch.equal(symmetry.matrix(), SMALL_IMAGES.symmetry_matrix())
    assert msr.meta_test(learner, SMALL_IMAGES, progress=False).mse < 1e-3
    # must fail without the true U
    blind = SUPPORT["MSR-Conv-Ridge"].fit(SMALL_IMAGES, steps=3, progress=False)
    assert msr.meta_test(blind, SMALL_IMAGES, progress=False).mse > 0.01


def test_joint_training_shows_all_examples_to_both_losses() -> None:
    tasks = tiny_tasks()
    joint = msr.Joint(tasks)
    batch, plain = joint.batch("train", [0, 2]), tasks.batch("train", [0, 2])
    for x, y in ((batch.x_support, batch.y_support), (batch.x_query, batch.y_query)):
        assert torch.equal(x, torch.cat([plain.x_support, plain.x_query], dim=1))
        assert torch.equal(y, torch.cat([plain.y_support, plain.y_query], dim=1))
    assert torch.equal(
        joint.batch("test", [1]).x_support, tasks.batch("test", [1]).x_support
    )
    assert joint.num_tasks("train") == 30
    assert repr(joint) == f"Joint({tasks!r})"
    assert isinstance(joint, msr.TaskDistribution)


def test_the_training_of_a_method_is_what_its_name_says() -> None:
    """MSR and Joint from the same start end at different places, each as by hand."""
    tasks = tiny_tasks()
    method = replace(TRANSLATION["MSR-FC"], model=lambda *_: tiny_learner().model)
    for training, source in (("meta", tasks), ("joint", msr.Joint(tasks))):
        learner = replace(method, training=training).fit(tasks, steps=5, progress=False)
        by_hand = msr.MetaLearner(tiny_learner().model, method.inner)
        msr.meta_train(by_hand, source, steps=5, progress=False)
        for ours, expected in zip(learner.parameters(), by_hand.parameters(), strict=True):
            torch.testing.assert_close(ours, expected)


def test_multitask_training_finds_the_space_and_the_tasks_filters() -> None:
    tasks = tiny_tasks(train_tasks=40)
    learner = tiny_learner()
    history = msr.multitask_train(learner, tasks, steps=800, progress=False)
    U = learner.model[0].parametrizations.weight[0].U
    assert msr.principal_angles(U, tasks.symmetry_matrix()).max().rad2deg() < 1
    assert history.loss[-1] < 1e-3 * history.loss[0]
    # must fail before training
    fresh = tiny_learner().model[0].parametrizations.weight[0].U
    assert msr.principal_angles(fresh, tasks.symmetry_matrix()).max().rad2deg() > 30


def test_multitask_first_step_by_hand() -> None:
    """With one task in all there is one filter: plain training of U and v by Adam."""
    tasks = tiny_tasks(train_tasks=1)
    learner, by_hand = tiny_learner(), tiny_learner()
    msr.multitask_train(learner, tasks, steps=1, batch_size=1, lr=0.01, progress=False)
    batch = tasks.batch("train", [0])
    x, y = batch.examples()
    optimizer = torch.optim.Adam(by_hand.model.parameters(), lr=0.01)
    (by_hand.model(x[0]) - y[0]).square().mean().backward()
    optimizer.step()
    for ours, expected in zip(learner.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, expected)


def test_after_multitask_training_the_filter_is_the_mean_of_the_tasks() -> None:
    """Of two tasks one is drawn, so the mean moves by half of that task's step."""
    tasks = tiny_tasks(train_tasks=2)
    learner, by_hand = tiny_learner(), tiny_learner()
    msr.multitask_train(learner, tasks, steps=1, batch_size=1, lr=0.01, progress=False)
    generator = torch.Generator().manual_seed(0)
    batch = tasks.batch("train", torch.randint(2, (1,), generator=generator))
    x, y = batch.examples()
    ((name, v),) = by_hand.adapted.items()
    before = v.detach().clone()
    optimizer = torch.optim.Adam(by_hand.model.parameters(), lr=0.01)
    (by_hand.model(x[0]) - y[0]).square().mean().backward()
    optimizer.step()
    torch.testing.assert_close(learner.adapted[name], (before + v) / 2)
    assert not torch.allclose(learner.adapted[name], v)


def test_fitting_the_inner_loop_leaves_the_symmetry_alone() -> None:
    tasks, learner = tiny_tasks(), tiny_learner()
    U = learner.model[0].parametrizations.weight[0].U
    before, steps = U.detach().clone(), learner.step_sizes
    fit_inner_loop(learner, tasks, steps=3, progress=False)
    assert torch.equal(U, before)
    assert U.requires_grad
    assert learner.step_sizes != steps


def test_a_multitask_method_fits_its_inner_loop_in_200_steps_with_a_bar(
    monkeypatch,
) -> None:
    """The chapter and the recorded results rest on these defaults."""
    calls = []
    monkeypatch.setattr(
        methods, "meta_train", lambda *args, **settings: calls.append((args[2:], settings))
    )
    tasks = msr.LowRank1d(train_tasks=8, test_tasks=4)
    method = replace(TRANSLATION["MTSR-FC"], batch_size=4)
    method.fit(tasks, 1, seed=5, progress=False)
    fit_inner_loop(method.learner(tasks), tasks)
    assert calls == [
        ((200,), {"lr": 1e-2, "seed": 5, "progress": False}),
        ((200,), {"lr": 1e-2, "seed": 0, "progress": True}),
    ]


@pytest.mark.parametrize(
    "function", [msr.meta_train, msr.meta_test, msr.multitask_train, msr.reproduce]
)
def test_a_bar_is_shown_unless_told_otherwise(function) -> None:
    assert inspect.signature(function).parameters["progress"].default is True


@pytest.mark.parametrize("name", list(TRANSLATION))
def test_same_seed_same_numbers_and_the_global_state_is_left_alone(name: str) -> None:
    tasks = msr.LowRank1d(train_tasks=20, test_tasks=5, train_examples=3)
    state = torch.get_rng_state()

    def parameters(seed: int) -> list[torch.Tensor]:
        method = replace(TRANSLATION[name], batch_size=4)
        learner = method.fit(tasks, 2, seed, progress=False)
        return [p.detach() for p in learner.parameters()]

    first, again, other = parameters(0), parameters(0), parameters(1)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.bad_input
def test_wrong_multitask_settings() -> None:
    learner, tasks = tiny_learner(), tiny_tasks()
    with pytest.raises(TypeError, match="expected steps to be an integer"):
        msr.multitask_train(learner, tasks, steps=1.5)
    with pytest.raises(ValueError, match="expected batch_size >= 1, got 0"):
        msr.multitask_train(learner, tasks, batch_size=0)
    with pytest.raises(TypeError, match=r"expected a msr\.MetaLearner"):
        msr.multitask_train(nn.Linear(1, 1), tasks)
    with pytest.raises(msr.Diverged, match="multi-task training diverged") as caught:
        msr.multitask_train(learner, tasks, steps=50, lr=1e15, progress=False)
    assert caught.value.tasks


def test_methods_are_named_as_in_the_paper() -> None:
    assert list(TRANSLATION) == list(msr.paper_table("translation"))
    assert set(msr.paper_table("rotation")) <= set(ROTATION)
    assert all(isinstance(m, Method) and m.name == n for n, m in TRANSLATION.items())
