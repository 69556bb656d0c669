"""Every module and loss of torch.nn: equal to the plain loop, or refused in a sentence."""

import copy
import inspect
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import randomize
from msr.symmetry.reparameterization import LAYERS as LAYERS_WITH_U
from msr.vectorization import kinds, zoo

pytestmark = [
    pytest.mark.usefixtures("float64"),
    # a type check for each call to torch takes longer than the call
    pytest.mark.bad_input,
    # vmap's own word on kernels without a rule: slow there, and right
    pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning"),
]

LAYERS, LOSSES = zoo.layers(), zoo.losses()
FORMS = {
    "plain": {},
    "dense": {"filters": 3, "seed": 0},
    "kronecker": {"factorization": "kronecker", "std": 0.3, "seed": 0},
}
SETTINGS = [
    {"first_order": first, "chunk_size": chunk}
    for first in (False, True)
    for chunk in (None, 1)
]
# No second derivatives: refused, and exact in first order.
NOT_TWICE = {
    "CrossMapLRN2d",
    "EmbeddingBag, max",
    "EmbeddingBag, mean",
    "EmbeddingBag, sum",
    "Hardsigmoid",
}
NOT_TWICE_LOSSES = {"MultiLabelMarginLoss", "MultiMarginLoss"}
# Calling them changes their weight.
WRITES = {"Embedding, max_norm"}


def classes(of_losses: bool) -> set[str]:
    """The names of the module classes of torch.nn."""
    return {
        name
        for name, thing in vars(nn).items()
        if inspect.isclass(thing) and issubclass(thing, nn.Module)
        if thing.__module__.endswith(".loss") == of_losses
    }


def test_every_class_of_torch_is_here() -> None:
    kinds_of_layers = {name.partition(",")[0] for name in LAYERS}
    assert classes(of_losses=False) <= kinds_of_layers | zoo.NO_LAYERS.keys()
    assert classes(of_losses=True) <= {n.partition(",")[0] for n in LOSSES} | set(
        zoo.NO_LOSSES
    )


def test_the_table_holds_on_this_version_of_torch() -> None:
    """If it fails: when the tests of this file pass, add the version."""
    assert kinds.version() in kinds.VERIFIED


def test_every_kind_of_the_table_has_a_specimen() -> None:
    names = {name.partition(",")[0] for name in LAYERS}
    missing = {
        k.__name__ for k in kinds.EXACT | kinds.RULED if getattr(nn, k.__name__, 0) is k
    }
    assert missing - names <= zoo.NO_LAYERS.keys()
    assert {k.__name__ for k in kinds.EXACT_LOSSES} <= LOSSES.keys()


def in_evaluation(model: nn.Module) -> nn.Module:
    """Without random numbers, which two ways draw differently."""
    for module in kinds.draws_numbers(model):
        module.eval()
    return model


def builds() -> Iterator[tuple[str, str, str]]:
    for name, specimen in LAYERS.items():
        has_parameters = any(True for _ in specimen.alone().parameters())
        for form in FORMS:
            yield name, "network", form
            if has_parameters:
                yield name, "alone", form


def build(name: str, setting: str, form: str) -> nn.Module:
    torch.manual_seed(0)
    model = getattr(LAYERS[name], setting)()
    randomize(model, torch.Generator().manual_seed(1))
    if FORMS[form]:
        if not any(isinstance(m, LAYERS_WITH_U) for m in model.modules()):
            pytest.skip("has no Linear or Conv weight")
        msr.reparameterize(model, **FORMS[form])
    return in_evaluation(model)


def batch_for(name: str, model: nn.Module, generator: torch.Generator) -> msr.TaskBatch:
    specimen = LAYERS[name]
    x, x_query = (specimen.inputs(2, n, generator) for n in (4, 5))
    with torch.no_grad():
        shape = copy.deepcopy(model)(x[0]).shape[1:]
    y, y_query = (torch.randn(2, n, *shape, generator=generator) for n in (4, 5))
    return msr.TaskBatch(x, y, x_query, y_query)


def losses_and_gradients(learner: msr.MetaLearner, batch: msr.TaskBatch) -> list[Tensor]:
    losses = learner(batch)
    weighted = (torch.linspace(1, 2, len(losses)) * losses).sum()
    parameters = list(learner.parameters())
    gradients = torch.autograd.grad(weighted, parameters, materialize_grads=True)
    return [losses.detach(), *(g.to_dense() for g in gradients)]


def assert_equal(found: list[Tensor], expected: list[Tensor]) -> None:
    size = max(float(tensor.abs().max()) for tensor in expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8 * size)


@pytest.mark.parametrize(("name", "setting", "form"), list(builds()))
def test_a_layer_is_exact_or_refused(name, setting, form, generator) -> None:
    model = build(name, setting, form)
    batch = batch_for(name, model, generator)
    inner = msr.GradientDescent(2, lr=0.1)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    for options in SETTINGS:
        # both start from the same running statistics
        ours, theirs = copy.deepcopy(model), copy.deepcopy(model)
        learner = msr.MetaLearner(ours, inner, **options)
        if name in NOT_TWICE and not options["first_order"]:
            with pytest.raises(ValueError, match=f"differentiated twice, got .*{name[:8]}"):
                learner(batch)
            continue
        if name in WRITES and options["chunk_size"]:
            with pytest.raises(ValueError, match=r"chunk_size, got .*Embedding"):
                learner(batch)
            continue
        first = options["first_order"]
        loop = msr.MetaLearner(theirs, inner, first_order=first, vectorize=False)
        expected = losses_and_gradients(loop, batch)
        assert_equal(losses_and_gradients(learner, batch), expected)
        for mine, its in zip(ours.buffers(), theirs.buffers(), strict=True):
            torch.testing.assert_close(mine, its)
        if options["chunk_size"]:
            continue
        adapted = learner.adapt(batch.x_support, batch.y_support)
        for key, tensor in loop.adapt(batch.x_support, batch.y_support).items():
            torch.testing.assert_close(adapted[key], tensor)
        torch.testing.assert_close(
            learner.predict(adapted, batch.x_query), loop.predict(adapted, batch.x_query)
        )
    if name not in WRITES:
        after = model.state_dict()
        assert all(torch.equal(tensor, after[n]) for n, tensor in before.items())


def learner_with(name: str, loss, **options) -> msr.MetaLearner:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, zoo.CLASSES), LOSSES[name].last()
    )
    return msr.MetaLearner(model, msr.GradientDescent(2, lr=0.1), loss, **options)


def batch_of(name: str, generator: torch.Generator) -> msr.TaskBatch:
    draw = LOSSES[name].draw
    x, x_query = (torch.randn(3, n, 6, generator=generator) for n in (4, 5))
    return msr.TaskBatch(x, draw(3, 4, generator), x_query, draw(3, 5, generator))


FUNCTIONS = {
    "BCELoss": F.binary_cross_entropy,
    "BCEWithLogitsLoss": F.binary_cross_entropy_with_logits,
    "CrossEntropyLoss": F.cross_entropy,
    "HingeEmbeddingLoss": F.hinge_embedding_loss,
    "HuberLoss": F.huber_loss,
    "KLDivLoss": F.kl_div,
    "L1Loss": F.l1_loss,
    "MSELoss": F.mse_loss,
    "NLLLoss": F.nll_loss,
    "PoissonNLLLoss": F.poisson_nll_loss,
    "SmoothL1Loss": F.smooth_l1_loss,
    "SoftMarginLoss": F.soft_margin_loss,
}
AS_FUNCTIONS = {*FUNCTIONS.values(), msr.mean_squared_error}


def test_every_function_of_the_table_is_tried() -> None:
    assert set(kinds.EXACT_LOSS_FUNCTIONS) == AS_FUNCTIONS


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss:UserWarning")
@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize(
    ("name", "as_function"),
    [*((name, False) for name in LOSSES), *((name, True) for name in FUNCTIONS)],
)
def test_a_loss_is_exact_or_refused(name, as_function, options, generator) -> None:
    torch.manual_seed(0)
    loss = FUNCTIONS[name] if as_function else LOSSES[name].build()
    if LOSSES[name].arguments > 2:
        with pytest.raises(
            TypeError,
            match=rf"the loss {name} to take the arguments \(prediction, target\), got",
        ):
            learner_with(name, loss)
        return
    batch = batch_of(name, generator)
    learner = learner_with(name, loss, **options)
    first = options["first_order"]
    if name in NOT_TWICE_LOSSES and not first:
        with pytest.raises(ValueError, match=f"differentiated twice, got the loss {name}"):
            learner(batch)
        return
    loop = learner_with(name, loss, first_order=first, vectorize=False)
    assert_equal(losses_and_gradients(learner, batch), losses_and_gradients(loop, batch))


def test_lazy_modules_are_refused_until_they_have_parameters() -> None:
    with pytest.raises(ValueError, match=r"initialized model, got lazy 'weight'"):
        msr.MetaLearner(nn.LazyLinear(3))
