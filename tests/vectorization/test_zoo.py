"""Every module and loss of torch.nn: equal to the plain loop, or refused in a sentence."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from helpers_zoo import (
    LAYERS,
    MARKS,
    alone,
    assert_equal,
    assert_exact_or_refused,
    batch_for,
    build,
    inner_loop,
    losses_and_gradients,
)
from msr.vectorization import kinds, zoo

pytestmark = MARKS

LOSSES = zoo.losses()
NOT_TWICE_LOSSES = {"MultiLabelMarginLoss", "MultiMarginLoss"}


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


@pytest.mark.parametrize("first_order", [False, True], ids=["second", "first"])
@pytest.mark.parametrize(("name", "form"), list(alone()))
def test_a_layer_alone_is_exact_or_refused(name, form, first_order, generator) -> None:
    model = build(name, "alone", form)
    batch = batch_for(name, model, generator)
    assert_exact_or_refused(name, model, batch, first_order=first_order)


def learner_with(name: str, loss, *, first_order: bool = False, **options):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, zoo.CLASSES), LOSSES[name].last()
    )
    inner = inner_loop(first_order)
    return msr.MetaLearner(model, inner, loss, first_order=first_order, **options)


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
@pytest.mark.parametrize(
    ("name", "as_function"),
    [*((name, False) for name in LOSSES), *((name, True) for name in FUNCTIONS)],
)
def test_a_loss_is_exact_or_refused(name, as_function, generator) -> None:
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
    for first_order in (False, True):
        learner = learner_with(name, loss, first_order=first_order)
        loop = learner_with(name, loss, first_order=first_order, vectorize=False)
        refused = name in NOT_TWICE_LOSSES and not first_order
        expected = [] if refused else losses_and_gradients(loop, batch)
        for chunk_size in (None, 1):
            learner.chunk_size = chunk_size
            if not refused:
                assert_equal(losses_and_gradients(learner, batch), expected)
                continue
            match = f"differentiated twice, got the loss {name}"
            with pytest.raises(ValueError, match=match):
                learner(batch)


def test_lazy_modules_are_refused_until_they_have_parameters() -> None:
    with pytest.raises(ValueError, match=r"initialized model, got lazy 'weight'"):
        msr.MetaLearner(nn.LazyLinear(3))
