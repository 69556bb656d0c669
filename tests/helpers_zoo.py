"""Models of the zoo, and what a learner computes with them against the plain loop."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import msr
from helpers import randomize
from msr.symmetry.reparameterization import LAYERS as LAYERS_WITH_U
from msr.vectorization import kinds, zoo

MARKS = [
    pytest.mark.usefixtures("float64"),
    # a type check for each call to torch takes longer than the call
    pytest.mark.bad_input,
]
LAYERS = zoo.layers()
DENSE: dict[str, Any] = {"filters": 3, "seed": 0}
KRONECKER: dict[str, Any] = {"factorization": "kronecker", "std": 0.3, "seed": 0}
# No second derivatives: refused, and exact in first order.
NOT_TWICE = {
    "CrossMapLRN2d",
    "EmbeddingBag, max",
    "EmbeddingBag, mean",
    "EmbeddingBag, sum",
    "Hardsigmoid",
}
# Calling them changes their weight.
WRITES = {"Embedding, max_norm"}


def inner_loop(first_order: bool) -> msr.GradientDescent:
    """The second step is the first one whose values differ between tasks.

    In first order the query loss shows the same as a second step.
    """
    return msr.GradientDescent(1 if first_order else 2, lr=0.1)


def with_u(model: nn.Module) -> list[nn.Module]:
    """The layers that can have a symmetry matrix."""
    return [m for m in model.modules() if isinstance(m, LAYERS_WITH_U)]


def alone() -> Iterator[tuple[str, str]]:
    """The layers that have parameters, each in all its forms."""
    for name, specimen in LAYERS.items():
        layer = specimen.alone()
        if any(True for _ in layer.parameters()):
            yield name, "plain"
            if with_u(layer):
                yield from ((name, "dense"), (name, "kronecker"))


def in_networks() -> Iterator[tuple[str, str]]:
    """Every layer; "both" is a dense U before it and a Kronecker one behind."""
    for name, specimen in LAYERS.items():
        yield name, "plain"
        if with_u(specimen.alone()) or specimen.symbols:  # no two other layers with U
            yield from ((name, "dense"), (name, "kronecker"))
        else:
            yield name, "both"


def in_evaluation(model: nn.Module) -> nn.Module:
    """Without random numbers, which two ways draw differently."""
    for module in kinds.draws_numbers(model):
        module.eval()
    return model


def build(name: str, setting: str, form: str) -> nn.Module:
    torch.manual_seed(0)
    model = getattr(LAYERS[name], setting)()
    randomize(model, torch.Generator().manual_seed(1))
    if form == "both":
        first, last = with_u(model)
        msr.reparameterize(first, **DENSE)
        msr.reparameterize(last, **KRONECKER)
    elif form != "plain":
        msr.reparameterize(model, **(DENSE if form == "dense" else KRONECKER))
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


def assert_exact_or_refused(
    name: str, model: nn.Module, batch: msr.TaskBatch, *, first_order: bool
) -> None:
    """With chunks and without, against one plain loop."""
    inner = inner_loop(first_order)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    learner = msr.MetaLearner(model, inner, first_order=first_order)
    if name in NOT_TWICE and not first_order:
        for chunk_size in (None, 1):
            learner.chunk_size = chunk_size
            with pytest.raises(ValueError, match=f"differentiated twice, got .*{name[:8]}"):
                learner(batch)
        return
    theirs = copy.deepcopy(model)
    loop = msr.MetaLearner(theirs, inner, first_order=first_order, vectorize=False)
    expected = losses_and_gradients(loop, batch)
    kept = [buffer.clone() for buffer in theirs.buffers()]
    for chunk_size in (None, 1):
        learner.chunk_size = chunk_size
        # all start from the same running statistics
        model.load_state_dict(before)
        if name in WRITES and chunk_size:
            with pytest.raises(ValueError, match=r"chunk_size, got .*Embedding"):
                learner(batch)
            continue
        assert_equal(losses_and_gradients(learner, batch), expected)
        for mine, its in zip(model.buffers(), kept, strict=True):
            torch.testing.assert_close(mine, its)
        # once: values are the same in both orders
        if chunk_size is None and first_order == (name in NOT_TWICE):
            assert_same_values(learner, loop, batch)
    if name not in WRITES:
        after = dict(model.named_parameters())
        assert all(torch.equal(before[n], p) for n, p in after.items())


def assert_same_values(
    learner: msr.MetaLearner, loop: msr.MetaLearner, batch: msr.TaskBatch
) -> None:
    """Of adapted tensors and of predictions."""
    adapted = learner.adapt(batch.x_support, batch.y_support)
    for key, tensor in loop.adapt(batch.x_support, batch.y_support).items():
        torch.testing.assert_close(adapted[key], tensor)
    torch.testing.assert_close(
        learner.predict(adapted, batch.x_query), loop.predict(adapted, batch.x_query)
    )
