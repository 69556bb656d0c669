"""Losses and gradients by formula against those by torch.func, and when each is used."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

import msr
from cases import SINGLE_LAYER, sequential
from helpers import random_batch, randomize, tiny_tasks
from msr.fast_paths.choice import FastPaths
from msr.fast_paths.single_layer import SingleLayer

pytestmark = pytest.mark.usefixtures("float64")


def two_learners(model, **settings) -> list[msr.MetaLearner]:
    """The same learner with formulas and without."""
    learners = []
    for shortcuts in (True, False):
        inner = msr.GradientDescent(settings.get("steps", 2), settings.get("lr", 0.1))
        learners.append(
            msr.MetaLearner(
                copy.deepcopy(model),
                inner,
                first_order=settings.get("first_order", False),
                chunk_size=settings.get("chunk_size"),
                shortcuts=shortcuts,
            )
        )
    return learners


@pytest.mark.parametrize("name", ["MSR-FC", "MAML-Conv 2-D", "MAML-FC"])
def test_formulas_are_used_and_right_by_finite_differences(name, generator, monkeypatch):
    build, x_shape, y_shape = SINGLE_LAYER[name]
    learner = msr.MetaLearner(build(), msr.GradientDescent(steps=2, lr=0.2))
    randomize(learner.model, generator)
    batch = random_batch(2, x_shape, y_shape, generator, support=1)
    monkeypatch.setattr(learner, "_running", None)
    monkeypatch.setattr(msr.fast_paths.least_squares.LeastSquares, "gradient", None)
    names, values = zip(*learner.named_parameters())

    def losses(*tensors):
        return functional_call(learner, dict(zip(names, tensors)), (batch,))

    assert torch.autograd.gradcheck(losses, values)
    assert torch.autograd.gradgradcheck(losses, values)


def test_first_order_formulas_have_second_derivatives(generator) -> None:
    build, x_shape, y_shape = SINGLE_LAYER["MSR-FC"]
    batch = random_batch(2, x_shape, y_shape, generator)
    model = build()
    randomize(model, generator)
    pair = []
    for learner in two_learners(model, first_order=True, steps=3):
        parameters = list(learner.parameters())
        first = torch.autograd.grad(learner(batch).sum(), parameters, create_graph=True)
        total = sum(g.square().sum() for g in first)
        pair.append(torch.autograd.grad(total, parameters))
    torch.testing.assert_close(*pair)


def test_formulas_leave_torch_func_its_transformations(generator) -> None:
    build, x_shape, y_shape = SINGLE_LAYER["MSR-FC"]
    learner = msr.MetaLearner(build(), msr.GradientDescent(steps=2))
    batch = random_batch(2, x_shape, y_shape, generator)
    values = {n: p.detach() for n, p in learner.named_parameters()}
    found = torch.func.grad(lambda v: functional_call(learner, v, (batch,)).sum())(values)
    expected = torch.autograd.grad(learner(batch).sum(), list(learner.parameters()))
    torch.testing.assert_close(list(found.values()), list(expected))


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Half(msr.GradientDescent):
    def adapt(self, loss, adapted, meta_parameters, first_order=False):
        return {name: v / 2 for name, v in adapted.items()}


class Halved(msr.DenseSymmetry):
    def forward(self, v):
        return super().forward(v) / 2


def hooked(register: str) -> nn.Module:
    model = sequential(nn.Linear(6, 4, bias=False))
    hook = {
        "register_forward_hook": lambda module, args, y: 3 * y,
        "register_forward_pre_hook": lambda module, args: (3 * args[0],),
    }[register]
    getattr(model[0], register)(hook)
    return model


def with_symmetry_of_a_subclass() -> nn.Module:
    model = sequential(nn.Linear(6, 4, bias=False), filters=3)
    symmetry = model[0].parametrizations.weight[0]
    symmetry.__class__ = Halved
    return model


def with_hooked_symmetry() -> nn.Module:
    model = sequential(nn.Linear(6, 4, bias=False), filters=3)
    symmetry = model[0].parametrizations.weight[0]
    symmetry.register_forward_hook(lambda module, args, weight: 3 * weight)
    return model


def with_forward_replaced() -> nn.Module:
    model = sequential(nn.Linear(6, 4, bias=False))
    model[0].forward = lambda x: 3 * F.linear(x, model[0].weight)
    return model


def frozen_weight() -> nn.Module:
    model = sequential(nn.Linear(6, 4))
    model[0].weight.requires_grad_(False)
    return model


OTHERS = {
    "two layers": lambda: sequential(nn.Linear(6, 5), nn.Linear(5, 4)),
    "an activation": lambda: sequential(nn.Linear(6, 4, bias=False), nn.ReLU()),
    "a subclass": lambda: sequential(Doubled(6, 4, bias=False)),
    "a hook": lambda: hooked("register_forward_hook"),
    "a hook before": lambda: hooked("register_forward_pre_hook"),
    "another symmetry": with_symmetry_of_a_subclass,
    "a hook on the symmetry": with_hooked_symmetry,
    "another forward": with_forward_replaced,
    "only the bias adapts": frozen_weight,
    "examples and features mixed": lambda: sequential(
        nn.Flatten(0, -1), nn.Unflatten(0, (-1, 6)), nn.Linear(6, 4, bias=False)
    ),
    "another parametrization": lambda: nn.utils.parametrizations.orthogonal(
        nn.Linear(6, 4, bias=False), orthogonal_map="cayley"
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_go_by_torch_func(name, generator) -> None:
    model = OTHERS[name]()
    by_formula, by_func = two_learners(model)
    assert SingleLayer.of(by_formula.model, tuple(by_formula.adapted)) is None
    batch = random_batch(3, (6,), (4,), generator)
    assert torch.equal(by_formula(batch), by_func(batch))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 2, groups=2),
        nn.Conv2d(2, 4, 2, padding="same"),
        nn.Conv2d(2, 4, 2, padding=1, padding_mode="reflect"),
        nn.ConvTranspose2d(2, 4, 2),
        msr.LocallyConnected1d(6, 3),
    ],
    ids=str,
)
def test_other_layers_go_by_torch_func(layer) -> None:
    names = tuple(name for name, _ in layer.named_parameters())
    assert SingleLayer.of(layer, names) is None


def test_a_hook_that_comes_later_is_obeyed(generator) -> None:
    model = sequential(nn.Linear(6, 4, bias=False))
    learner, by_func = two_learners(model)
    batch = random_batch(3, (6,), (4,), generator)
    learner(batch)
    for each in (learner, by_func):
        each.model[0].register_forward_hook(lambda module, args, y: 3 * y)
    torch.testing.assert_close(learner(batch), by_func(batch))


def test_other_inner_loops_and_losses_go_by_torch_func(generator) -> None:
    model = sequential(nn.Linear(6, 4, bias=False))
    batch = random_batch(2, (6,), (4,), generator)
    tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query

    def fast(inner: msr.InnerLoop, loss=msr.mean_squared_error) -> torch.Tensor | None:
        paths = FastPaths(model, ("0.weight",), inner, loss)
        shared = {"0.weight": model[0].weight}, inner.init({"0.weight": model[0].weight})
        return paths.query_losses(*shared, False, *tensors)

    assert fast(msr.GradientDescent()) is not None
    assert fast(Half()) is None
    assert fast(msr.Ridge()) is None
    assert fast(msr.GradientDescent(), F.l1_loss) is None
    learner = msr.MetaLearner(model, Half())
    x = torch.randn(2, 1, 6, generator=generator)
    adapted = learner.adapt(x, torch.randn(2, 1, 4, generator=generator))
    assert torch.equal(adapted["0.weight"][1], model[0].weight / 2)


@pytest.mark.bad_input
@pytest.mark.parametrize("shortcuts", [True, False])
def test_targets_of_another_shape_are_refused_either_way(shortcuts, generator) -> None:
    model = sequential(nn.Linear(6, 4, bias=False), nn.Unflatten(1, (2, 2)))
    learner = msr.MetaLearner(model, shortcuts=shortcuts)
    right = random_batch(2, (6,), (2, 2), generator)
    learner(right)
    with pytest.raises(ValueError, match="expected predictions of the targets' shape"):
        learner(random_batch(2, (6,), (4,), generator))
    labels = torch.zeros(2, 3, dtype=torch.int64)
    with pytest.raises(TypeError, match="floating-point targets"):
        learner(msr.TaskBatch(right.x_query, labels, right.x_query, labels))


@pytest.mark.parametrize("name", ["MAML-FC", "MSR-FC", "MAML-Conv 2-D", "MSR-FC with bias"])
def test_gradients_in_the_data(name, generator) -> None:
    build, x_shape, y_shape = SINGLE_LAYER[name]
    model = build()
    randomize(model, generator)
    batch = random_batch(2, x_shape, y_shape, generator)
    pair = []
    for learner in two_learners(model):
        tensors = [
            t.clone().requires_grad_() for t in vars(batch).values() if t is not None
        ]
        losses = learner(msr.TaskBatch(*tensors))
        pair.append(torch.autograd.grad(losses.sum(), tensors))
    torch.testing.assert_close(*pair)


def test_parts_that_are_replaced_later_count(generator) -> None:
    model = sequential(nn.Linear(6, 4, bias=False), filters=3)
    batch = random_batch(3, (6,), (4,), generator)
    pair = two_learners(model)
    for change in (
        lambda learner: setattr(learner, "inner", msr.GradientDescent(steps=5)),
        lambda learner: setattr(learner, "loss", F.l1_loss),
        lambda learner: setattr(learner, "loss", msr.mean_squared_error),
        lambda learner: randomize(learner.model, torch.Generator().manual_seed(5)),
    ):
        for learner in pair:
            learner(batch)
            change(learner)
        torch.testing.assert_close(pair[0](batch), pair[1](batch))


@pytest.mark.bad_input
@pytest.mark.parametrize("shortcuts", [True, False])
def test_a_layer_of_another_size_put_in_later_is_refused(shortcuts, generator) -> None:
    learner = msr.MetaLearner(sequential(nn.Linear(6, 1, bias=False)), shortcuts=shortcuts)
    batch = random_batch(2, (6,), (1,), generator)
    learner(batch)
    learner.model[0] = nn.Linear(6, 3, bias=False)
    with pytest.raises(ValueError, match="expected predictions of the targets' shape"):
        learner(batch)


def test_a_global_hook_is_obeyed(generator) -> None:
    pair = two_learners(sequential(nn.Linear(6, 4, bias=False)))
    batch = random_batch(3, (6,), (4,), generator)
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, y: 3 * y)
    try:
        torch.testing.assert_close(pair[0](batch), pair[1](batch))
    finally:
        handle.remove()


def test_formulas_follow_a_copied_learner(generator) -> None:
    learner = msr.MetaLearner(sequential(nn.Linear(6, 4, bias=False), filters=3))
    batch = random_batch(2, (6,), (4,), generator)
    before = learner(batch)
    twin = copy.deepcopy(learner)
    with torch.no_grad():
        for p in twin.parameters():
            p.mul_(2)
    assert torch.equal(learner(batch), before)
    assert not torch.allclose(twin(batch), before)


def test_meta_training_takes_the_same_course_either_way() -> None:
    curves = []
    for shortcuts in (True, False):
        model = nn.Sequential(nn.Linear(8, 6, bias=False))
        msr.reparameterize(model, filters=3, seed=0)
        inner = msr.GradientDescent(steps=2, lr=0.1)
        learner = msr.MetaLearner(model, inner, shortcuts=shortcuts)
        history = msr.meta_train(learner, tiny_tasks(), 20, 4, progress=False)
        curves.append(history.loss)
    assert curves[0] == pytest.approx(curves[1], rel=1e-9)
