"""Which way tasks take: for modules of the user's own, it is tried; and it changes with them."""

import copy
import logging
import re
import threading
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize

import msr
from helpers import random_batch, randomize, two_layer_msr

pytestmark = pytest.mark.usefixtures("float64")


class Own(nn.Module):
    """A module of somebody else: two layers, and something between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)

    def between(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self.first(x)))


class FunctionalNorm(Own):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))

    def between(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (6,), self.scale, self.shift)


class NativeNorm(FunctionalNorm):
    """By an operator that no rule knows; its second derivative is wrong under vmap."""

    def between(self, x: Tensor) -> Tensor:
        return torch.native_layer_norm(x, (6,), self.scale, self.shift, 1e-5)[0]


class Branching(Own):
    def between(self, x: Tensor) -> Tensor:
        return torch.tanh(x) if x.sum() > 0 else torch.sin(x)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


class OwnDerivative(Own):
    def between(self, x: Tensor) -> Tensor:
        return Square.apply(x)


class Keeping(Own):
    def between(self, x: Tensor) -> Tensor:
        self.last_seen = torch.tanh(x)
        return self.last_seen


class Counting(Own):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def between(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.tanh(x)


class Remembering(Counting):
    def between(self, x: Tensor) -> Tensor:
        return super().between(x) * self.calls.clone()


class Overwriting(Counting):
    def between(self, x: Tensor) -> Tensor:
        return super().between(x) * self.calls


class Drawing(Own):
    def between(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5)


class NotTwice(Own):
    def between(self, x: Tensor) -> Tensor:
        return F.hardsigmoid(x)


def batch_of(generator: torch.Generator, tasks: int = 3) -> msr.TaskBatch:
    return random_batch(tasks, (4,), (2,), generator, support=4, query=5)


def meta_gradients(learner: msr.MetaLearner, batch: msr.TaskBatch) -> list[Tensor]:
    losses = learner(batch)
    weighted = (torch.linspace(1, 2, len(losses)) * losses).sum()
    return [losses.detach(), *torch.autograd.grad(weighted, list(learner.parameters()))]


def assert_exact(model: nn.Module, batch: msr.TaskBatch, **settings) -> msr.MetaLearner:
    """Equal to the loop on a model of its own; the learner that was compared."""
    inner = msr.GradientDescent(2, lr=0.1)
    loop = msr.MetaLearner(copy.deepcopy(model), inner, vectorize=False)
    learner = msr.MetaLearner(model, inner, **settings)
    expected = meta_gradients(loop, batch)
    for found, one in zip(meta_gradients(learner, batch), expected, strict=True):
        torch.testing.assert_close(found, one, rtol=1e-8, atol=1e-10)
    return learner


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        (Own, "side by side"),
        (FunctionalNorm, "side by side"),
        (NativeNorm, r"one by one.*off by"),
        (Branching, r"one by one.*vmap fails"),
        (OwnDerivative, r"one by one.*vmap fails"),
        (Keeping, r"one by one.*writes to 'last_seen'"),
        (Counting, r"one by one.*writes to .*calls"),
    ],
)
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_modules_of_the_users_own(kind, way, chunk_size, generator, caplog) -> None:
    model = kind()
    randomize(model, generator)
    batch = batch_of(generator)
    with caplog.at_level(logging.INFO, logger="msr.meta.ways"):
        learner = assert_exact(model, batch, chunk_size=chunk_size)
        learner(batch)
    told = [r.getMessage() for r in caplog.records if "vectorize" not in r.getMessage()]
    assert len(told) == 1, "it says once what it takes"
    assert re.search(way, told[0]), told


def test_trying_changes_nothing(generator) -> None:
    model = Counting()
    learner = msr.MetaLearner(model, msr.GradientDescent(2))
    batch = batch_of(generator)
    state = torch.get_rng_state()
    way = learner.way(batch)
    assert way.startswith("one by one")
    assert model.calls == 0
    assert torch.equal(torch.get_rng_state(), state)
    keeping = Keeping()
    msr.MetaLearner(keeping).way(batch)
    assert not hasattr(keeping, "last_seen")


def test_what_depends_on_earlier_calls_is_refused(generator) -> None:
    batch = batch_of(generator)
    with pytest.raises(ValueError, match=r"got Remembering, which changes .*calls"):
        msr.MetaLearner(Remembering())(batch)
    with pytest.raises(ValueError, match=r"got Overwriting: .* inplace operation"):
        msr.MetaLearner(Overwriting())(batch)
    model = nn.Sequential(parametrizations.spectral_norm(nn.Linear(4, 2)))
    learner = msr.MetaLearner(model)
    with pytest.raises(ValueError, match=r"_SpectralNorm.* evaluation mode"):
        learner(batch)
    model.eval()
    assert_exact(model, batch)
    assert learner(batch).shape == (3,)
    learner.train()
    with pytest.raises(ValueError, match=r"_SpectralNorm"):
        learner(batch)


def test_no_second_derivative_is_refused_or_not_needed(generator) -> None:
    batch = batch_of(generator)
    with pytest.raises(ValueError, match=r"differentiated twice, got NotTwice: .*hardsig"):
        msr.MetaLearner(NotTwice())(batch)
    msr.MetaLearner(NotTwice(), first_order=True)(batch).sum().backward()


@pytest.mark.parametrize(
    "make",
    [
        lambda: parametrizations.weight_norm(nn.Linear(4, 2)),
        lambda: parametrizations.orthogonal(nn.Linear(4, 2)),
        lambda: parametrizations.spectral_norm(nn.Linear(4, 2)).eval(),
    ],
    ids=["weight_norm", "orthogonal", "spectral_norm"],
)
def test_parametrizations_of_torch(make, generator) -> None:
    assert_exact(nn.Sequential(make(), nn.Tanh(), nn.Linear(2, 2)), batch_of(generator))


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_the_old_weight_norm(generator) -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 2)), nn.Tanh())

    batch = batch_of(generator)
    loop, learner = (msr.MetaLearner(build(), vectorize=v) for v in (False, "auto"))
    for found, one in zip(meta_gradients(learner, batch), meta_gradients(loop, batch)):
        torch.testing.assert_close(found, one)


def test_random_models_run_one_by_one_unless_their_numbers_come_from_dropout(
    generator,
) -> None:
    batch = batch_of(generator)
    own = msr.MetaLearner(Drawing())
    assert "draws random numbers" in own.way(batch)
    assert own(batch).shape == (3,)

    class WithDropout(Own):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = nn.Dropout(0.5)

        def between(self, x: Tensor) -> Tensor:
            return self.dropout(x)

    known = msr.MetaLearner(WithDropout())
    assert known.way(batch).startswith("side by side")
    assert known.model.dropout.training


def test_vectorize(generator) -> None:
    batch = batch_of(generator)
    assert_exact(two_layer_msr(), batch, vectorize=True)
    assert_exact(Own(), batch, vectorize=True)
    with pytest.raises(ValueError, match=r"vectorize=True, got .* 'last_seen'"):
        msr.MetaLearner(Keeping(), vectorize=True)(batch)
    tracking = nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2))
    with pytest.raises(ValueError, match=r"'1' \(BatchNorm1d\).*track_running_stats=False"):
        msr.MetaLearner(tracking, vectorize=True)(batch)
    loop = msr.MetaLearner(nn.Linear(4, 2), vectorize=False)
    assert loop.way(batch) == "one by one, because vectorize=False"


def test_the_mode_may_change_after_construction(generator) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))
    batch = batch_of(generator)
    learner = assert_exact(model, batch)
    assert "running statistics" in learner.way(batch)
    learner.eval()
    assert learner.way(batch).startswith("side by side")
    assert_exact(model, batch)


def test_inner_loops_of_the_users_own(generator) -> None:
    class Halving:
        def init(self, adapted):
            return nn.ParameterList([])

        def adapt(self, loss, adapted, meta_parameters, first_order):
            gradients = loss.gradient(adapted)
            return {n: v / 2 - 0.1 * gradients[n] for n, v in adapted.items()}

    class Forgetful(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return {n: v for n, v in adapted.items() if n != "bias"}

    class Flat(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return {n: v.flatten() for n, v in adapted.items()}

    class Empty(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return None

    class Number(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return adapted | {"bias": 0.5}

    class Rounded(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return {n: v.float() for n, v in adapted.items()}

    class Elsewhere(Halving):
        def adapt(self, loss, adapted, meta_parameters, first_order):
            return {n: v.to("meta") for n, v in adapted.items()}

    batch = batch_of(generator)
    learner = msr.MetaLearner(nn.Linear(4, 2), Halving())
    loop = msr.MetaLearner(learner.model, Halving(), vectorize=False)
    torch.testing.assert_close(learner(batch), loop(batch))
    assert learner.way(batch).startswith("side by side")
    assert learner.step_sizes == {}
    for inner, error, message in (
        (
            Forgetful(),
            ValueError,
            r"Forgetful.adapt to return .*'bias'.*, got \['weight'\]",
        ),
        (
            Flat(),
            ValueError,
            r"Flat.adapt to return 'weight' of shape \(2, 4\), got \(8,\)",
        ),
        (Empty(), TypeError, r"Empty.adapt to return a dict of tensors, got NoneType"),
        (
            Number(),
            TypeError,
            r"Number.adapt to return a dict of tensors, got a dict with 'bias' of type float",
        ),
        (
            Rounded(),
            TypeError,
            r"Rounded.adapt to return 'weight' of torch.float64, got torch.float32",
        ),
        (
            Elsewhere(),
            ValueError,
            r"Elsewhere.adapt to return 'weight' on the device cpu, got meta",
        ),
    ):
        for vectorize in ("auto", False):
            with pytest.raises(error, match=message):
                msr.MetaLearner(nn.Linear(4, 2), inner, vectorize=vectorize)(batch)


def test_losses_of_the_users_own(generator) -> None:
    def normalized(prediction: Tensor, target: Tensor) -> Tensor:
        weight = prediction.mean(0)
        return (F.layer_norm(prediction, (2,), weight, weight) - target).abs().mean()

    batch = batch_of(generator)
    for vectorize in ("auto", True):
        learner = msr.MetaLearner(nn.Linear(4, 2), loss=normalized, vectorize=vectorize)
        loop = msr.MetaLearner(learner.model, loss=normalized, vectorize=False)
        expected = meta_gradients(loop, batch)
        for found, one in zip(meta_gradients(learner, batch), expected):
            torch.testing.assert_close(found, one)


def test_cached_weights_are_not_used(generator) -> None:
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2, 0.3))
    batch = batch_of(generator)
    expected = meta_gradients(learner, batch)
    with parametrize.cached():
        before = learner.model(batch.x_query[0])
        for found, one in zip(meta_gradients(learner, batch), expected):
            assert torch.equal(found, one)
        assert torch.equal(learner.model(batch.x_query[0]), before)


def test_a_module_used_twice_and_tied_parameters(generator) -> None:
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.Tanh(), shared, nn.Linear(4, 2))
    learner = assert_exact(model, batch_of(generator))
    assert isinstance(model[0].weight, nn.Parameter)
    assert set(learner.adapted) == {"0.weight", "0.bias", "3.weight", "3.bias"}
    assert_exact(model, batch_of(generator), chunk_size=1)
    tied = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Linear(4, 2))
    tied[2].weight = tied[0].weight
    assert_exact(tied, batch_of(generator))
    assert tied[2].weight is tied[0].weight


@pytest.mark.parametrize("chunk_size", [None, 2])
@pytest.mark.parametrize("kind", ["two layers", "one layer", "norm", "recurrent"])
def test_autocast(kind, chunk_size, generator) -> None:
    """As the loop does under autocast, to its precision, also when chunks are recomputed."""
    torch.set_default_dtype(torch.float32)
    models = {
        "two layers": two_layer_msr,
        "one layer": lambda: msr.reparameterize(nn.Linear(4, 2), 3, std=0.5),
        "norm": lambda: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 2)),
        "recurrent": lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), Recurrent()),
    }
    model = models[kind]()
    randomize(model, generator)
    batch = batch_of(generator)
    gradients = []
    for settings in ({"vectorize": False}, {"chunk_size": chunk_size}):
        learner = msr.MetaLearner(
            model, msr.GradientDescent(2, 0.1), F.mse_loss, **settings
        )
        with torch.autocast("cpu", torch.bfloat16):
            losses = learner(batch)
        parameters = list(learner.parameters())
        gradients.append([losses, *torch.autograd.grad(losses.sum(), parameters)])
    full = msr.MetaLearner(model, msr.GradientDescent(2, 0.1), F.mse_loss)(batch)
    assert not torch.equal(gradients[0][0], full), "autocast changes nothing"
    size = max(float(tensor.detach().abs().max()) for tensor in gradients[0])
    for one, other in zip(*gradients):
        torch.testing.assert_close(one, other, rtol=2e-2, atol=2e-2 * size)


def test_a_chunk_is_recomputed_under_the_autocast_that_it_was_computed_under(
    generator,
) -> None:
    """The same loop with chunks and without: not just to the precision of bfloat16."""
    torch.set_default_dtype(torch.float32)
    model = two_layer_msr()
    randomize(model, generator)
    batch, gradients = batch_of(generator), []
    for chunk_size in (None, 1):
        learner = msr.MetaLearner(
            model, msr.GradientDescent(2, 0.1), vectorize=False, chunk_size=chunk_size
        )
        with torch.autocast("cpu", torch.bfloat16):
            losses = learner(batch)
        gradients.append(torch.autograd.grad(losses.sum(), list(learner.parameters())))
    for one, other in zip(*gradients):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.LSTM(2, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0][:, -1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("inner", [msr.GradientDescent(2, 0.1), msr.Ridge(0.1)])
def test_half_precision(dtype, inner, generator) -> None:
    model = nn.Sequential(nn.Linear(4, 2).to(dtype))
    msr.reparameterize(model, filters=3, std=0.5, seed=0)
    batch = batch_of(generator)
    half = msr.MetaLearner(model, inner)
    losses = half(batch.to(dtype=dtype))
    losses.sum().backward()
    assert losses.dtype == dtype
    full = msr.MetaLearner(copy.deepcopy(model), inner).double()
    torch.testing.assert_close(losses.double(), full(batch), rtol=5e-2, atol=1e-2)


def test_two_threads_on_one_learner(generator) -> None:
    learner = msr.MetaLearner(two_layer_msr(), msr.GradientDescent(2))
    batches = [batch_of(generator) for _ in range(2)]
    expected = [learner(batch).detach() for batch in batches]
    wrong = []

    def work(number: int) -> None:
        for _ in range(20):
            try:
                found = learner(batches[number]).detach()
                if not torch.equal(found, expected[number]):
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(i % 2,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(isinstance(p, nn.Parameter) for p in learner.model.parameters())


def test_a_model_changed_after_construction_is_told(generator) -> None:
    batch = batch_of(generator)
    model = nn.Sequential(nn.Linear(4, 2))
    learner = msr.MetaLearner(model)
    with pytest.raises(ValueError, match=r"the learner was made with, got another Linear"):
        learner.model = nn.Linear(4, 2)
    learner.model = model
    msr.reparameterize(model, filters=2)
    for call in (
        lambda: learner(batch),
        lambda: learner.adapt(batch.x_support, batch.y_support),
        lambda: learner.step_sizes,
    ):
        with pytest.raises(ValueError, match=r"still has the parameter '0.weight'.*before"):
            call()


def test_labels(generator) -> None:
    x, labels = torch.randn(2, 3, 4, generator=generator), torch.tensor([[0, 1, 2]] * 2)

    def losses(
        labels: Tensor, loss=F.cross_entropy, classes: int = 3, **settings
    ) -> Tensor:
        learner = msr.MetaLearner(nn.Linear(4, classes), loss=loss, **settings)
        return learner(msr.TaskBatch(x, labels, x, labels))

    for vectorize in ("auto", False):
        settings = {"vectorize": vectorize}
        with pytest.raises(ValueError, match=r"class labels from 0, got -1"):
            losses(torch.full_like(labels, -1), **settings)
        with pytest.raises(ValueError, match=r"labels below 2, .* predicts, got 2"):
            losses(labels, classes=2, **settings)
        with pytest.raises(
            TypeError, match=r"int64 class labels for cross_entropy.*float64"
        ):
            losses(labels.double(), **settings)
        with pytest.raises(TypeError, match=r"floating-point targets for mse_loss"):
            losses(labels, loss=F.mse_loss, **settings)
        with pytest.raises(ValueError, match=r"targets' shape, .*\(3, 1\), got \(3, 3\)"):
            losses(x[..., :1], loss=F.mse_loss, **settings)
        with pytest.raises(
            ValueError, match=r"\(examples, classes, ...\) and class labels"
        ):
            losses(labels[..., None].expand(2, 3, 2), **settings)
        ignored = labels.clone()
        ignored[:, 0] = -100
        assert losses(ignored, **settings).isfinite().all()


def test_inputs_that_the_model_cannot_take() -> None:
    x, y = torch.ones(2, 3, 5), torch.ones(2, 3, 2)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    for vectorize in ("auto", False):
        learner = msr.MetaLearner(model, vectorize=vectorize)
        with pytest.raises(
            ValueError, match=r"inputs that Sequential takes, got .*\(3, 5\)"
        ):
            learner(msr.TaskBatch(x, y, x, y))


@pytest.mark.parametrize("inner", [msr.GradientDescent(2), msr.Ridge(0.1)])
@pytest.mark.parametrize("vectorize", ["auto", False])
def test_vmap_says_nothing_of_kernels_without_a_rule(inner, vectorize, generator) -> None:
    """Vmap's own warnings are what they were for others."""

    class Products(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Bilinear(4, 4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x, x)

    model, batch = Products(), batch_of(generator)
    learner = msr.MetaLearner(model, inner, vectorize=vectorize)
    with warnings.catch_warnings(record=True) as shown:  # errors would lead to the loop
        warnings.simplefilter("always")
        learner(batch).sum().backward()
    assert not shown
    assert learner.way(batch).startswith("one by one" if not vectorize else "side by side")
    with pytest.warns(UserWarning, match="performance drop"):
        torch.func.vmap(model)(batch.x_support)
    with pytest.raises(ValueError, match="inputs that Products takes"):
        msr.MetaLearner(model, inner)(msr.TaskBatch(*[torch.ones(2, 3, 5)] * 4))
    with pytest.warns(UserWarning, match="performance drop"):
        torch.func.vmap(model)(batch.x_support)
