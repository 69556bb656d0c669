"""What the choice of a way depends on, and what happens when it was wrong."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules import module as of_all_modules
from torch.nn.utils import parametrize

import msr
from helpers import random_batch
from msr.meta import running
from msr.vectorization import kinds
from msr.vectorization.inspection import is_of_torch
from msr.vectorization.side_by_side import SideBySide

pytestmark = [pytest.mark.usefixtures("float64"), pytest.mark.bad_input]


def batch_of(generator: torch.Generator, *x_shape: int) -> msr.TaskBatch:
    return random_batch(2, x_shape or (4,), (2,), generator, support=4, query=5)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))


def branching(x: Tensor) -> Tensor:
    """What vmap cannot run."""
    return x if x.sum() > 0 else x.sin()


class Own(nn.Module):
    """A module of somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class NormOfItsOwn(nn.Module):
    """By an operator that no rule knows; zero at first, with all its derivatives."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)
        self.scale, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.first.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.last(torch.native_layer_norm(x, (6,), self.scale, self.shift, 1e-5)[0])


ALTERATIONS = {
    "forward hook": lambda m: m.register_forward_hook(lambda m, x, y: y),
    "forward pre-hook": lambda m: m.register_forward_pre_hook(lambda m, x: x),
    "backward hook": lambda m: m.register_full_backward_hook(lambda m, x, y: None),
    "backward pre-hook": lambda m: m.register_full_backward_pre_hook(lambda m, y: None),
    "another forward": lambda m: setattr(m, "forward", torch.tanh),
    "hook of all modules": lambda m: of_all_modules.register_module_forward_hook(
        lambda m, x, y: y
    ),
    "pre-hook of all modules": lambda m: of_all_modules.register_module_forward_pre_hook(
        lambda m, x: x
    ),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_what_is_altered_is_not_known(name) -> None:
    layer, loss = nn.Tanh(), nn.MSELoss()
    assert kinds.look_up(layer, loss).unknown is None
    assert is_of_torch(layer)
    handle = ALTERATIONS[name](layer)
    try:
        assert (
            kinds.look_up(layer, loss).unknown == "Tanh, which has hooks or another forward"
        )
        assert not is_of_torch(layer)
    finally:
        if handle is not None:
            handle.remove()
    loss.register_forward_hook(lambda m, x, y: y)
    assert kinds.look_up(nn.Tanh(), loss).unknown == "the loss MSELoss"


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (nn.Embedding(7, 4, padding_idx=0), "padding_idx, whose row"),
        (nn.Embedding(7, 4, scale_grad_by_freq=True), "scales gradients by frequency"),
        (nn.Embedding(7, 4, max_norm=1.0), "renormalizes its weight"),
        (nn.Embedding(7, 4, sparse=True), "has sparse gradients"),
        (nn.GRU(4, 2), "is recurrent"),
        (nn.LSTMCell(4, 2), "is recurrent"),
        (nn.RReLU(), "has no rule"),
        (nn.BatchNorm1d(4), "updates its running statistics"),
        (nn.InstanceNorm1d(4, track_running_stats=True), "updates its running statistics"),
    ],
)
def test_the_table_knows_what_vmap_cannot_run(layer, reason) -> None:
    """Without a trial, which would find it too."""
    known = kinds.look_up(nn.Sequential(nn.Linear(4, 4), layer), F.mse_loss)
    name = type(layer).__name__
    assert known.one_by_one.startswith(f"'1' ({name})")
    assert reason in known.one_by_one
    assert known.unknown is None
    plain = nn.Embedding(7, 4) if name == "Embedding" else nn.ReLU()
    assert kinds.look_up(plain, F.mse_loss).one_by_one is None


def test_subclasses_are_not_known(generator) -> None:
    class Branching(nn.Tanh):
        def forward(self, x: Tensor) -> Tensor:
            return branching(x)

    class BranchingLoss(nn.MSELoss):
        def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
            return branching(super().forward(prediction, target) - 1)

    model = nn.Sequential(nn.Linear(4, 2), Branching())
    assert not is_of_torch(model[1])
    batch = batch_of(generator)
    assert "'1' (Branching)" in msr.MetaLearner(model).way(batch)
    learner = msr.MetaLearner(network(), loss=BranchingLoss())
    assert "the loss BranchingLoss" in learner.way(batch)


def test_on_a_version_of_torch_that_nobody_tried(generator, monkeypatch) -> None:
    batch = batch_of(generator)
    learner = msr.MetaLearner(network())
    assert learner.way(batch).endswith("all modules are known to be exact")
    monkeypatch.setattr(kinds, "VERIFIED", ("2.0",))
    assert f"torch {torch.__version__} is not in the table: it was tried" in learner.way(
        batch
    )


def test_a_trial_sees_what_initial_values_hide(generator) -> None:
    assert "off by" in msr.MetaLearner(NormOfItsOwn()).way(batch_of(generator))


def test_what_is_no_number_is_not_equal(generator) -> None:
    class Root(Own):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).sqrt()

    assert msr.MetaLearner(Root()).way(batch_of(generator)).startswith("one by one")


def test_the_order_of_derivatives_counts(generator) -> None:
    class NotTwice(Own):
        def forward(self, x: Tensor) -> Tensor:
            return F.hardsigmoid(super().forward(x))

    batch = batch_of(generator)
    learner = msr.MetaLearner(NotTwice(), first_order=True)
    assert learner.way(batch).startswith("side by side")
    learner.first_order = False
    with pytest.raises(ValueError, match="differentiated twice"):
        learner.way(batch)
    learner.first_order = True
    assert learner.way(batch).startswith("side by side")


def test_the_shape_of_inputs_counts(generator) -> None:
    class Wide(Own):
        def forward(self, x: Tensor) -> Tensor:
            y = self.layer(x[:, :4])
            return branching(y) if x.shape[1] > 4 else y

    learner = msr.MetaLearner(Wide())
    assert learner.way(batch_of(generator, 4)).startswith("side by side")
    assert "vmap fails" in learner.way(batch_of(generator, 6))


def test_a_hook_on_a_model_that_was_tried_counts(generator) -> None:
    batch = batch_of(generator)
    learner = msr.MetaLearner(Own())
    assert learner.way(batch).startswith("side by side")
    learner.model.layer.register_forward_hook(lambda m, x, y: branching(y))
    assert "vmap fails" in learner.way(batch)


def test_a_module_in_the_place_of_one_that_was_tried_counts(generator) -> None:
    class Branching(Own):
        def forward(self, x: Tensor) -> Tensor:
            return branching(super().forward(x))

    batch = batch_of(generator)
    learner = msr.MetaLearner(nn.Sequential(Own()))
    assert learner.way(batch).startswith("side by side")
    learner.model[0] = Branching()
    assert "vmap fails" in learner.way(batch)


def test_the_table_counts_beside_modules_that_it_lacks(generator) -> None:
    model = nn.Sequential(Own(), nn.BatchNorm1d(2))
    way = msr.MetaLearner(model).way(batch_of(generator))
    assert "'1' (BatchNorm1d) updates its running statistics" in way


def test_a_model_is_tried_once(generator, monkeypatch) -> None:
    batch, tried = batch_of(generator), []

    def try_once(*args):
        tried.append(args)
        return before(*args)

    before = running.try_once
    monkeypatch.setattr(running, "try_once", try_once)
    learner = msr.MetaLearner(Own())
    for _ in range(3):
        learner(batch)
    learner.adapt(batch.x_support, batch.y_support)
    assert len(tried) == 1


def test_within_torch_func_a_model_that_was_not_tried_runs_one_by_one(generator) -> None:
    batch = batch_of(generator)
    learner = msr.MetaLearner(Own())
    values = dict(learner.named_parameters())
    found = torch.func.grad(
        lambda v: torch.func.functional_call(learner, v, (batch,)).sum()
    )(values)
    assert not learner._ways.tried
    expected = torch.autograd.grad(learner(batch).sum(), list(values.values()))
    for name, gradient in zip(values, expected):
        torch.testing.assert_close(found[name], gradient)


@pytest.mark.parametrize("chunk_size", [None, 1])
def test_where_vmap_fails_against_expectation(chunk_size, generator, monkeypatch) -> None:
    batch = batch_of(generator)
    examples = batch.x_support, batch.y_support
    model = network()
    settings = {"chunk_size": chunk_size, "shortcuts": False}
    loop = msr.MetaLearner(model, vectorize=False)
    adapted = loop.adapt(*examples)
    raised: list[Exception] = []

    def fail(self, function, *args):
        raised.append(error)
        raise error

    monkeypatch.setattr(SideBySide, "for_each_task", fail)
    error: Exception = RuntimeError("no rule")
    learner = msr.MetaLearner(model, **settings)
    assert torch.equal(learner(batch), loop(batch))
    for name, tensor in learner.adapt(*examples).items():
        assert torch.equal(tensor, adapted[name])
    x, y = batch.x_query, batch.y_query
    assert torch.equal(learner.predict(adapted, x), loop.predict(adapted, x))
    assert torch.equal(learner.losses(adapted, x, y), loop.losses(adapted, x, y))
    assert raised
    strict = msr.MetaLearner(model, vectorize=True, **settings)
    with pytest.raises(RuntimeError, match="no rule"):
        strict(batch)
    error = torch.OutOfMemoryError("full")
    with pytest.raises(torch.OutOfMemoryError, match="full"):
        learner(batch)


@pytest.mark.parametrize("chunk_size", [None, 1])
def test_buffers_of_a_module_used_twice(chunk_size, generator) -> None:
    norm = nn.BatchNorm1d(4)
    model = nn.Sequential(norm, nn.Tanh(), norm, nn.Linear(4, 2))
    batch = batch_of(generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2), chunk_size=chunk_size)
    losses = learner(batch)
    losses.sum().backward()
    assert norm.num_batches_tracked == 2 * 2 * 3, "tasks, uses, two steps and a query"
    assert model[2] is norm
    assert set(dict(norm.named_buffers())) == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }


def test_a_call_leaves_torchs_caches_as_they_were(generator) -> None:
    batch = batch_of(generator)
    learner = msr.MetaLearner(network())
    assert torch.is_autocast_cache_enabled()
    with parametrize.cached():
        cache = parametrize._cache
        cache[(0, "kept")] = torch.ones(1)
        learner(batch)
        assert parametrize._cache_enabled == 1
        assert parametrize._cache is cache
        assert (0, "kept") in cache
    assert torch.is_autocast_cache_enabled()


class WrongInTraining(nn.Module):
    """Exact side by side in evaluation mode alone."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.layer = NormOfItsOwn(), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) if self.training else self.layer(x)


def test_a_model_is_tried_again_in_another_mode(generator) -> None:
    batch = batch_of(generator)
    learner = msr.MetaLearner(WrongInTraining().eval(), msr.GradientDescent(2, 0.1))
    assert learner.way(batch).startswith("side by side")
    learner.model.train()
    assert learner.way(batch).startswith("one by one")
    learner.model.eval()
    assert learner.way(batch).startswith("side by side")
