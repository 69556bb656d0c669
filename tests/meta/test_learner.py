"""The meta-learner against hand calculation, finite differences and gradcheck."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

import cases
import msr
from helpers import random_batch, randomize, two_layer_msr

pytestmark = pytest.mark.usefixtures("float64")

CASES = {
    name: cases.CASES[name]
    for name in ("two layers", "a convolution, dense", "a convolution, Kronecker", "plain")
}


@pytest.fixture(params=CASES, ids=str)
def case(request, generator):
    build, x_shape, y_shape = CASES[request.param]
    model = build()
    randomize(model, generator)
    return model, random_batch(3, x_shape, y_shape, generator)


def gradients(learner: msr.MetaLearner, batch: msr.TaskBatch) -> list[torch.Tensor]:
    loss = learner(batch).mean()
    return list(torch.autograd.grad(loss, list(learner.parameters())))


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 10])
def test_chunks_change_nothing(case, chunk_size) -> None:
    model, batch = case
    inner = msr.GradientDescent(2, lr=0.2)
    whole = msr.MetaLearner(model, inner)
    chunked = msr.MetaLearner(model, inner, chunk_size=chunk_size)
    torch.testing.assert_close(chunked(batch), whole(batch))
    for actual, expected in zip(gradients(chunked, batch), gradients(whole, batch)):
        torch.testing.assert_close(actual, expected)
    adapted = chunked.adapt(batch.x_support, batch.y_support)
    for name, tensor in whole.adapt(batch.x_support, batch.y_support).items():
        torch.testing.assert_close(adapted[name], tensor)
    torch.testing.assert_close(
        chunked.predict(adapted, batch.x_query), whole.predict(adapted, batch.x_query)
    )


def test_finite_differences_through_two_inner_steps(case) -> None:
    """Central differences of the mean query loss in a random direction."""
    model, batch = case
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.2))
    generator = torch.Generator().manual_seed(3)
    parameters = list(learner.parameters())
    directions = [torch.randn(p.shape, generator=generator) for p in parameters]
    slope = sum((g * d).sum() for g, d in zip(gradients(learner, batch), directions))

    @torch.no_grad()
    def loss_at(t: float) -> torch.Tensor:
        for p, d in zip(parameters, directions):
            p.add_(t * d)
        loss = learner(batch).mean()
        for p, d in zip(parameters, directions):
            p.sub_(t * d)
        return loss

    h = 1e-5
    difference = (loss_at(h) - loss_at(-h)) / (2 * h)
    torch.testing.assert_close(difference, slope, rtol=1e-6, atol=1e-8)


def test_gradcheck_and_gradgradcheck(generator) -> None:
    batch = random_batch(2, (4,), (3,), generator, support=1, query=2)
    model = msr.reparameterize(nn.Linear(4, 3), filters=2)
    randomize(model, generator)
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.2))
    names = [name for name, _ in learner.named_parameters()]

    def loss(*values: torch.Tensor) -> torch.Tensor:
        return functional_call(learner, dict(zip(names, values)), (batch,)).mean()

    values = tuple(p.detach().clone().requires_grad_() for p in learner.parameters())
    assert torch.autograd.gradcheck(loss, values)
    assert torch.autograd.gradgradcheck(loss, values)


def test_one_maml_step_by_hand() -> None:
    """Scalar model y = w x: w' = w - a d(w), with the second-order factor by hand."""
    w, a, x, y, xq, yq = 0.5, 0.1, 2.0, 3.0, 1.5, -1.0
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, w)
    learner = msr.MetaLearner(model, msr.GradientDescent(1, lr=a))
    batch = msr.TaskBatch(*(torch.tensor([[[value]]]) for value in (x, y, xq, yq)))
    loss = learner(batch)
    loss.sum().backward()
    slope = 2 * x * (w * x - y)
    adapted = w - a * slope
    outer = 2 * xq * (adapted * xq - yq)
    assert loss.item() == pytest.approx((adapted * xq - yq) ** 2)
    assert model.weight.grad.item() == pytest.approx(outer * (1 - a * 2 * x * x))
    assert learner.meta_parameters[0].grad.item() == pytest.approx(-outer * slope)

    first = msr.MetaLearner(model, msr.GradientDescent(1, lr=a), first_order=True)
    (gradient, _) = gradients(first, batch)
    assert gradient.item() == pytest.approx(outer)


def test_first_order_keeps_the_loss_and_changes_the_gradient(case) -> None:
    model, batch = case
    inner = msr.GradientDescent(2, lr=0.2)
    second = msr.MetaLearner(model, inner)
    first = msr.MetaLearner(model, inner, first_order=True)
    torch.testing.assert_close(first(batch), second(batch))
    pairs = list(zip(gradients(first, batch), gradients(second, batch)))
    assert any(not torch.allclose(a, b, rtol=1e-3) for a, b in pairs)


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_what_adapts_and_what_is_shared(case, chunk_size) -> None:
    model, batch = case
    before = copy.deepcopy(model.state_dict())
    learner = msr.MetaLearner(model, chunk_size=chunk_size)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    shared = {id(p) for _, U in msr.symmetry_matrices(model) for p in U.parameters()}
    expected = {n for n, p in model.named_parameters() if id(p) not in shared}
    assert set(adapted) == expected
    for name, tensor in adapted.items():
        assert tensor.shape == (3, *dict(model.named_parameters())[name].shape)
        assert not torch.equal(tensor[0], tensor[1])
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_parameter_called_like_a_symmetry_matrix_still_adapts() -> None:
    """What adapts is declared by type; names such as U or factors mean nothing."""

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.U = nn.Parameter(torch.ones(2, 2))
            self.factors = nn.ParameterList([nn.Parameter(torch.ones(2))])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.U + self.factors[0]

    assert set(msr.MetaLearner(Odd()).adapted) == {"U", "factors.0"}


def test_frozen_parameters_stay(generator) -> None:
    model = two_layer_msr()
    model[0].bias.requires_grad_(False)
    learner = msr.MetaLearner(model)
    assert "0.bias" not in learner.adapted
    batch = random_batch(2, (4,), (2,), generator)
    learner(batch).mean().backward()
    assert model[0].bias.grad is None


def test_learned_step_sizes_get_a_gradient_and_move(case) -> None:
    model, batch = case
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.1))
    before = learner.step_sizes
    assert set(before) == set(learner.adapted)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.1)
    learner(batch).mean().backward()
    assert all(lr.grad.abs() > 1e-8 for lr in learner.meta_parameters)
    optimizer.step()
    assert all(learner.step_sizes[name] != lr for name, lr in before.items())


def test_fixed_step_sizes_stay(generator) -> None:
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2, learn_lr=False))
    learner(random_batch(2, (4,), (2,), generator)).mean().backward()
    assert all(lr.grad is None for lr in learner.meta_parameters)


def test_adapt_then_predict_gives_the_query_loss(case) -> None:
    model, batch = case
    learner = msr.MetaLearner(model, msr.GradientDescent(3, lr=0.2))
    adapted = learner.adapt(batch.x_support, batch.y_support)
    prediction = learner.predict(adapted, batch.x_query)
    assert prediction.shape == batch.y_query.shape
    losses = (prediction - batch.y_query).square().flatten(1).mean(1)
    torch.testing.assert_close(losses, learner(batch))


@given(order=st.permutations(range(4)), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_tasks_do_not_influence_each_other(order, seed) -> None:
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(seed)
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2, lr=0.1))
    batch = random_batch(4, (4,), (2,), generator)
    shuffled = msr.TaskBatch(
        batch.x_support[order],
        batch.y_support[order],
        batch.x_query[order],
        batch.y_query[order],
    )
    torch.testing.assert_close(learner(shuffled), learner(batch)[order])


def test_classification_loss(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    learner = msr.MetaLearner(model, msr.GradientDescent(1, 0.5), loss=F.cross_entropy)
    batch = random_batch(3, (4,), (), generator)
    labels = [
        torch.randint(3, y.shape, generator=generator)
        for y in (batch.y_support, batch.y_query)
    ]
    batch = msr.TaskBatch(batch.x_support, labels[0], batch.x_query, labels[1])
    adapted = learner.adapt(batch.x_support, batch.y_support)
    logits = learner.predict(adapted, batch.x_query)
    expected = torch.stack([F.cross_entropy(p, y) for p, y in zip(logits, batch.y_query)])
    torch.testing.assert_close(learner(batch), expected)
    learner(batch).mean().backward()
    assert all(p.grad is not None for p in learner.parameters())


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_dropout_draws_for_each_task(generator, chunk_size) -> None:
    """Random layers work, differ between tasks, and are replayed in the backward pass."""
    model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 2))
    learner = msr.MetaLearner(model, chunk_size=chunk_size)
    one = random_batch(1, (4,), (2,), generator)
    same = msr.TaskBatch(
        *(
            t.expand(5, *t.shape[1:])
            for t in (one.x_support, one.y_support, one.x_query, one.y_query)
        )
    )
    losses = learner(same)
    assert len(set(losses.tolist())) > 1
    losses.mean().backward()
    learner.eval()
    still = learner(same)  # equal up to rounding: chunks may be of unequal size
    torch.testing.assert_close(still, still[:1].expand(5))


def test_state_dict_round_trip(case) -> None:
    model, batch = case
    learner = msr.MetaLearner(model, msr.GradientDescent(2, lr=0.3))
    other = msr.MetaLearner(copy.deepcopy(model), msr.GradientDescent(2, lr=0.1))
    randomize(other, torch.Generator().manual_seed(9))
    assert not torch.allclose(other(batch), learner(batch))
    other.load_state_dict(learner.state_dict())
    assert torch.equal(other(batch), learner(batch))


def test_with_chunks_no_activation_outlives_its_chunk(generator) -> None:
    """The graph of the losses then has no node from inside the inner loop."""
    batch = random_batch(8, (4,), (2,), generator)

    def node_names(chunk_size: int | None) -> set[str]:
        learner = msr.MetaLearner(two_layer_msr(), chunk_size=chunk_size)
        found, waiting = set(), [learner(batch).grad_fn]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in found:
                found.add(node)
                waiting += [parent for parent, _ in node.next_functions]
        return {node.name() for node in found}

    kept = {"CatBackward0", "_RecomputeBackward", "torch::autograd::AccumulateGrad"}
    assert node_names(2) == kept
    assert len(node_names(None) - kept) > 5


def test_freezing_the_learner_leaves_adaptation_on(generator) -> None:
    """U frozen with requires_grad_(False), as at meta-test: filters still adapt."""
    batch = random_batch(2, (4,), (2,), generator)
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2))
    expected = learner(batch).detach()
    learner.requires_grad_(False)
    torch.testing.assert_close(learner(batch), expected)


def test_step_sizes_have_the_models_dtype() -> None:
    torch.set_default_dtype(torch.float32)
    learner = msr.MetaLearner(two_layer_msr().double())
    assert {lr.dtype for lr in learner.meta_parameters} == {torch.float64}


def dropout_learner(chunk_size: int | None) -> msr.MetaLearner:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 2))
    return msr.MetaLearner(model, chunk_size=chunk_size)


def test_recomputed_chunks_replay_their_randomness(generator) -> None:
    """The gradient is that of the numbers drawn in the forward pass."""
    batch = random_batch(4, (4,), (2,), generator)
    halves = [
        msr.TaskBatch(
            *(
                t[rows]
                for t in (batch.x_support, batch.y_support, batch.x_query, batch.y_query)
            )
        )
        for rows in (slice(0, 2), slice(2, 4))
    ]
    chunked, plain = dropout_learner(2), dropout_learner(None)
    torch.manual_seed(5)
    loss = chunked(batch).mean()
    state = torch.get_rng_state()
    loss.backward()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    torch.cat([plain(half) for half in halves]).mean().backward()
    for a, b in zip(chunked.parameters(), plain.parameters()):
        torch.testing.assert_close(a.grad, b.grad)


def test_adapting_draws_dropout_for_each_task(generator) -> None:
    one = random_batch(1, (4,), (2,), generator)
    x, y = (t.expand(4, *t.shape[1:]) for t in (one.x_support, one.y_support))
    for chunk_size in (None, 2):
        adapted = dropout_learner(chunk_size).adapt(x, y)
        assert not torch.equal(adapted["2.weight"][0], adapted["2.weight"][1])


def test_chunks_allow_parameters_that_play_no_part(generator) -> None:
    batch = random_batch(4, (4,), (2,), generator)
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(0), chunk_size=2)
    learner(batch).mean().backward()
    assert all(lr.grad is None for lr in learner.meta_parameters)


def test_chunks_refuse_second_derivatives(generator) -> None:
    batch = random_batch(4, (4,), (2,), generator)
    learner = msr.MetaLearner(two_layer_msr(), chunk_size=2)
    parameters = list(learner.parameters())
    weights = torch.ones(4, requires_grad=True)
    loss = (weights * learner(batch)).sum()
    grads = torch.autograd.grad(loss, parameters, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        sum(g.square().sum() for g in grads).backward()
