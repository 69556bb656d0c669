"""What `msr.MetaLearner` refuses."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import _forward_unimplemented

from .._utils.annotations import Kind, kind_of, shown
from .._utils.checks import check_at_least, check_not_negative, check_takes
from .._utils.selection import Selection, select
from .._utils.substitution import other_names
from ..inner_loops.base import InnerLoop, Loss, Stepwise
from ..symmetry.reparameterization import adapted_parameters
from .ways import Vectorize

# What may be set after construction, or must not.
SETTINGS: dict[str, Any] = {
    "model": nn.Module,
    "inner": InnerLoop,
    "loss": Loss,
    "first_order": bool,
    "chunk_size": int | None,
    "shortcuts": bool,
    "vectorize": Vectorize,
    "step_weights": Sequence[float] | None,
    "meta_parameters": nn.ParameterList,
}


def check_model(model: nn.Module) -> None:
    """Raise unless it can be called, and its parameters hold real numbers by now."""
    if _no_forward(model):
        raise TypeError(
            f"expected a model that can be called on inputs, got {type(model).__name__}, "
            f"which has no forward method: torch.nn.Sequential has one"
        )
    if not model._forward_pre_hooks:  # they may add arguments
        check_takes_inputs(model)
    for name, parameter in model.named_parameters():
        if nn.parameter.is_lazy(parameter):
            raise ValueError(
                f"expected an initialized model, got lazy {name!r}: run the model once on "
                f"an example first"
            )
        if parameter.is_complex() and parameter.requires_grad:
            raise TypeError(
                f"expected real parameters, got {name!r} of {parameter.dtype}: hold real "
                f"and imaginary part in parameters of their own"
            )


def check_takes_inputs(model: nn.Module) -> None:
    """Raise a TypeError unless a model takes one argument or several."""
    parameters = inspect.signature(model.forward).parameters.values()
    needed = [
        p
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if len(needed) < 2:  # several inputs come as a tuple or a dict
        check_takes("model", model.forward, "inputs")


def not_taken(
    model: nn.Module, positional: Sequence[Tensor], by_name: Mapping[str, Tensor]
) -> str | None:
    """Why a model cannot be called with such arguments; None if it can."""
    try:
        inspect.signature(model.forward).bind(*positional, **by_name)
    except TypeError as error:
        return str(error)
    return None


def chosen_to_adapt(
    model: nn.Module, selection: Selection | None
) -> dict[str, nn.Parameter]:
    """The parameters that adapt, by name.

    Raises:
        TypeError, ValueError: the selection means none of them.
    """
    able = adapted_parameters(model)
    if selection is not None and able:
        why = {
            name: "it is frozen"
            if not p.requires_grad
            else "it is a symmetry matrix, which all tasks share"
            for name, p in model.named_parameters()
            if name not in able
        }
        tied = other_names(model)
        chosen = select("adapt", selection, able, why, aliases=tied)
        able = {name: able[name] for name in chosen}
    if not able:
        what = "all are frozen or shared" if selection is None else "adapt chose none"
        raise ValueError(
            f"expected a model with parameters that adapt, got "
            f"{type(model).__name__} with none: {what}"
        )
    return able


def check_parts(loss: Loss, chunk_size: int | None) -> None:
    """Raise unless these are a loss, no class of losses, and a number of tasks."""
    if isinstance(loss, type) or (isinstance(loss, nn.Module) and _no_forward(loss)):
        raise TypeError(
            f"expected a loss such as torch.nn.functional.mse_loss, got {shown(loss)}"
        )
    call = loss.forward if isinstance(loss, nn.Module) else loss
    name = getattr(loss, "__name__", type(loss).__name__)
    check_takes(f"the loss {name}", call, "prediction", "target")
    if chunk_size is not None:
        check_at_least(1, chunk_size=chunk_size)


@cache
def _kind(name: str) -> Kind:
    return kind_of(SETTINGS[name])


def check_setting(learner: Any, name: str, value: Any) -> None:
    """Raise unless an attribute of a learner can have this value from now on."""
    kind = _kind(name)
    if (fault := kind.fault(value)) is not None:
        raise fault(f"expected {name} to be {kind.words}, got {shown(value)}")
    before = getattr(learner, name, learner)
    if before is learner or before is value:  # it is new, or stays
        return
    if name == "model":
        raise ValueError(
            f"expected the model that the learner was made with, got another "
            f"{type(value).__name__}: make a new msr.MetaLearner(model)"
        )
    if name in ("loss", "chunk_size"):
        check_parts(**{"loss": learner.loss, "chunk_size": None, name: value})
    if name == "inner":
        check_inner(value)
        _check_goes_on(learner, value)
        check_step_weights(learner.step_weights, value)
    if name == "step_weights":
        check_step_weights(value, learner.inner)
    if name == "meta_parameters":
        _check_shapes(before, value, "meta_parameters")
    if name in ("loss", "inner"):  # neither tried nor checked so far
        learner._ways.tried.clear()
        learner._inner_loop_checked = False
        if not isinstance(value, nn.Module):  # torch puts only modules in a module's place
            learner._modules.pop(name, None)


def _check_goes_on(learner: Any, inner: InnerLoop) -> None:
    """Raise unless an inner loop takes the meta-parameters of the one before."""
    if type(inner) is not type(learner.inner):
        raise ValueError(
            f"expected an inner loop of the kind {type(learner.inner).__name__}, got "
            f"{type(inner).__name__}: make a new msr.MetaLearner(model, inner)"
        )
    made = inner.init(learner.adapted)
    check_meta_parameters(made, inner)
    _check_shapes(learner.meta_parameters, made, "the inner loop's meta-parameters")


def _check_shapes(before: nn.ParameterList, now: nn.ParameterList, what: str) -> None:
    expected, found = ([tuple(p.shape) for p in parts] for parts in (before, now))
    if expected != found:
        raise ValueError(
            f"expected {what} of shapes {shown(expected)}, as they are, got "
            f"{shown(found)}: make a new msr.MetaLearner(model, inner)"
        )


def check_inner(inner: InnerLoop) -> None:
    """Raise unless an inner loop can be called as `InnerLoop` says."""
    name = type(inner).__name__
    check_takes(f"{name}.init", inner.init, "adapted")
    what = "loss", "adapted", "meta_parameters", "first_order"
    check_takes(f"{name}.adapt", inner.adapt, *what)
    check = getattr(inner, "check", None)
    if check is not None:
        check_takes(f"{name}.check", check, "loss", "adapted")


def check_step_weights(weights: Sequence[float] | None, inner: InnerLoop) -> None:
    """Raise unless there is a weight for the query loss after each inner step."""
    if weights is None:
        return
    if not isinstance(inner, Stepwise):
        raise ValueError(
            f"expected, with step_weights, an inner loop of steps such as "
            f"msr.GradientDescent, got {type(inner).__name__}"
        )
    if len(weights) != inner.steps:
        raise ValueError(
            f"expected step_weights for each of {inner.steps} inner steps, got "
            f"{shown(weights)}"
        )
    for weight in weights:
        check_not_negative(step_weights=weight)
    if not any(weights):
        raise ValueError(f"expected a step weight above 0, got {shown(weights)}")


def check_meta_parameters(found: object, inner: InnerLoop) -> None:
    """Raise unless an inner loop made what the outer loop can learn."""
    if not isinstance(found, nn.ParameterList):
        raise TypeError(
            f"expected {type(inner).__name__}.init to return a torch.nn.ParameterList, got "
            f"{shown(found)}"
        )


def _no_forward(module: nn.Module) -> bool:
    return getattr(module.forward, "__func__", None) is _forward_unimplemented


def check_recomputable(model: nn.Module) -> None:
    """Raise if calling a model changes its parameters, since chunks are called twice."""
    for name, module in model.named_modules():
        if getattr(module, "max_norm", None) is not None:
            raise ValueError(
                f"expected a model whose calls leave its parameters as they are, with "
                f"chunk_size, got {name!r} ({type(module).__name__}) with max_norm: leave "
                f"one of the two out"
            )


def check_data(
    data: Iterable[Tensor], like: Tensor, meta_parameters: nn.ParameterList
) -> None:
    """Raise unless data and inner loop have the device, and data the dtype, of a model.

    Args:
        data: inputs, targets or adapted tensors.
        like: a parameter of the model.
        meta_parameters: those of the inner loop.
    """
    device, dtype = like.device, like.dtype
    for p in meta_parameters:
        if p.device != device:
            raise ValueError(
                f"expected the inner loop's parameters on the model's device {device}, "
                f"got {p.device}: move the learner, not its model, with learner.to(...)"
            )
    for tensor in data:
        if tensor.device != device:
            raise ValueError(
                f"expected data on the model's device {device}, got "
                f"{tensor.device}: move one with .to(...)"
            )
        if tensor.is_floating_point() and tensor.dtype != dtype:
            raise TypeError(
                f"expected data of the model's dtype {dtype}, got "
                f"{tensor.dtype}: move one with .to(...)"
            )


def check_has_gradient(losses: Tensor) -> None:
    """Raise unless losses depend on parameters."""
    if not losses.requires_grad:
        raise ValueError(
            "expected losses that depend on the parameters, got some without a gradient: "
            "is there a detach, item, argmax or no_grad in the model or the loss?"
        )


def check_one_device(model: nn.Module) -> None:
    """Raise unless all parameters and buffers lie on one device, and have values."""
    devices = {str(t.device) for t in chain(model.parameters(), model.buffers())}
    if len(devices) > 1:
        raise ValueError(f"expected a model on one device, got {sorted(devices)}")
    if "meta" in devices:
        raise ValueError(
            "expected a model whose parameters have values, got one on the device meta: "
            "use model.to_empty(device=...) and initialize it first"
        )
