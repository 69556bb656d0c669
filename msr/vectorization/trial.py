"""Is a model that the table lacks exact side by side? It is tried once."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .._utils.random_state import isolated_random_state
from ..inner_loops.targets import first_line
from .kinds import draws_numbers

Values = Mapping[str, Tensor]
# The losses of some tasks, with these values for parameters and buffers.
Run = Callable[[Values], Tensor]

TOLERANCE = 1e-7
# How far parameters are moved, relative to their size: at the usual initial values, such
# as zeros, a wrong derivative may show nothing.
MOVE = 0.1


@dataclass(frozen=True)
class Trial:
    """What came out.

    Attributes:
        exact: whether side by side gives what the loop gives.
        reason: in words: what was seen.
        refused: why the loop is no way either, if it is none.
    """

    exact: bool
    reason: str
    refused: str | None = None


def try_once(loop: Run, side_by_side: Run, model: nn.Module, values: Values) -> Trial:
    """Compare losses and gradients of the two ways on the same tasks.

    Args:
        loop: the plain loop over some tasks.
        side_by_side: the other way, over the same.
        model: the model that both run; afterwards it is what it was before.
        values: the parameters and buffers that both depend on, by name.
    """
    device = next(iter(values.values())).device
    with nothing_drawn(model), _attributes_kept(model) as attributes:
        start, others = _moved(values), (random.getstate(), _numpys_state())
        try:
            with isolated_random_state(device, 0):
                expected = _losses_and_gradients(loop, start)
            written = [*_written(start, values), *attributes()]
            with isolated_random_state(device, 0), _other_numbers_as_before(others):
                repeated = _losses_and_gradients(loop, start)
            fresh = _moved(values)
            with isolated_random_state(device, 1):
                drawn = _losses_and_gradients(loop, fresh)
        except Exception as error:
            reason = f"the loop fails in double precision: {first_line(error)}"
            if "backward through the graph a second time" in str(error):
                return Trial(False, "it depends on earlier calls", _depends_on_calls())
            return Trial(False, reason, _no_second_derivative(error))
        if written:
            where = " and ".join(written)
            if _difference(expected, repeated) > TOLERANCE:
                return Trial(False, f"it depends on {where}", _depends_on(where))
            return Trial(False, f"it writes to {where} when it is called")
        if _difference(*(_numbers(r) for r in (expected, repeated))) > TOLERANCE:
            return Trial(False, "it depends on earlier calls", _depends_on_calls())
        if _difference(expected, drawn) > TOLERANCE:
            return Trial(False, "it draws random numbers, or is not the same twice")
        try:
            with isolated_random_state(device, 0):
                found = _losses_and_gradients(side_by_side, _moved(values))
        except Exception as error:
            said = first_line(error.__cause__ or error)
            return Trial(False, f"torch.func.vmap fails: {said}")
    difference = _difference(expected, found)
    if difference <= TOLERANCE:
        return Trial(True, f"it was tried, and equal to the loop within {difference:.0e}")
    return Trial(
        False, f"with torch.func.vmap its meta-gradient is off by {difference:.0e}"
    )


def _depends_on(where: str) -> str:
    return (
        f"expected a model whose outputs depend on parameters and inputs alone, got, "
        f"which changes {where} at each call, and its outputs with it, so that the order "
        f"of tasks would count: put it in evaluation mode"
    )


def _depends_on_calls() -> str:
    return (
        "expected a model whose outputs depend on parameters and inputs alone, got, which "
        "keeps something from earlier calls and gives other outputs for it, so that the "
        "order of tasks would count: keep nothing, or put it in evaluation mode"
    )


def _numpys_state() -> Any:
    return np.random.get_state()  # noqa: NPY002


@contextmanager
def _other_numbers_as_before(states: tuple[Any, Any]) -> Iterator[None]:
    """Random numbers that are not torch's, as they were drawn before."""
    now = random.getstate(), _numpys_state()
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002 (the global one is meant)
    try:
        yield
    finally:
        random.setstate(now[0])
        np.random.set_state(now[1])  # noqa: NPY002


def _no_second_derivative(error: Exception) -> str | None:
    """The refusal of a model that autograd cannot go through, if that is the error."""
    said = first_line(error)
    if not isinstance(error, RuntimeError) or not any(
        word in said for word in ("derivative", "differentiation", "inplace operation")
    ):
        return None
    return (
        f"expected a model and a loss that can be differentiated twice, got: "
        f"{said.rstrip('.')}. Use other modules, or try first_order=True"
    )


def _moved(values: Values) -> dict[str, Tensor]:
    """Copies in double precision, parameters with a gradient a little elsewhere."""
    generator = torch.Generator().manual_seed(0)
    moved = {}
    for name, tensor in values.items():
        copy = tensor.detach().clone()
        copy = copy.double() if copy.is_floating_point() else copy
        if tensor.requires_grad:
            noise = torch.randn(
                copy.shape, generator=generator, dtype=copy.dtype, device="cpu"
            )
            size = copy.abs().mean() + MOVE * (copy.ndim > 0)
            copy = (copy + MOVE * size * noise.to(copy.device)).requires_grad_()
        moved[name] = copy
    return moved


def _losses_and_gradients(run: Run, values: Values) -> list[Tensor]:
    """Losses, and the gradients of a sum in which no two tasks count alike."""
    with torch.enable_grad():
        losses = run(values)
        weights = torch.linspace(1, 2, len(losses)).to(losses)
        wanted = [tensor for tensor in values.values() if tensor.requires_grad]
        total = (weights * losses).sum()
        gradients = torch.autograd.grad(total, wanted, materialize_grads=True)
    return [losses.detach(), *(g.to_dense() for g in gradients)]


def _difference(expected: list[Tensor], found: list[Tensor]) -> float:
    """The largest difference, relative to the size of each tensor; NaN counts as large."""
    overall = max(float(tensor.abs().max()) for tensor in expected if tensor.numel())
    worst = 0.0
    for one, other in zip(expected, found, strict=True):
        if not one.numel():
            continue
        size = float(one.abs().max()) + 1e-6 * overall
        off = float((one - other).abs().max()) / size if size else 0.0
        worst = max(worst, off) if off == off else float("inf")
    return worst


def _numbers(tensors: list[Tensor]) -> list[Tensor]:
    """The tensors, where what is no number counts as zero."""
    return [tensor.nan_to_num(0.0, 0.0, 0.0) for tensor in tensors]


def _written(values: Values, originals: Values) -> Iterator[str]:
    """The names of copies that were written to."""
    untouched = _moved(originals)
    for name, tensor in values.items():
        # what is written through .data has no version
        if tensor._version > 0 or not torch.equal(
            tensor.detach().nan_to_num(), untouched[name].detach().nan_to_num()
        ):
            yield repr(name)


@contextmanager
def _attributes_kept(model: nn.Module) -> Iterator[Callable[[], list[str]]]:
    """Undo what calls do to the attributes of modules; the function tells which changed."""
    before = {name: (module, dict(vars(module))) for name, module in model.named_modules()}

    def changed() -> list[str]:
        return [
            repr(f"{name}.{key}".removeprefix("."))
            for name, (module, attributes) in before.items()
            for key, value in vars(module).items()
            if attributes.get(key, vars) is not value
        ]

    try:
        yield changed
    finally:
        for module, attributes in before.values():
            vars(module).clear()
            vars(module).update(attributes)


@contextmanager
def nothing_drawn(model: nn.Module) -> Iterator[None]:
    """Dropout and its like in evaluation mode, where they draw nothing.

    Attention and recurrent layers keep their mode and lose their dropout.
    """
    drawing = [module for module in draws_numbers(model) if module.training]
    dropping = [
        (module, module.dropout)
        for module in model.modules()
        if isinstance(module, nn.MultiheadAttention | nn.RNNBase)
    ]
    for module in drawing:
        module.training = False
    for module, _ in dropping:
        module.dropout = 0.0
    try:
        yield
    finally:
        for module in drawing:
            module.training = True
        for module, share in dropping:
            module.dropout = share
