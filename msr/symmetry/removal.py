"""Layers with plain weights again, in the place of ``vec(W) = U v``."""

from typing import TypeVar, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from .._utils.arguments import checked
from .candidates import has_symmetry, weights

Module = TypeVar("Module", bound=nn.Module)


@checked
def remove_symmetry(module: Module) -> Module:
    """Give every layer that has a symmetry matrix its weight as a plain parameter.

    The module is changed in place, and computes what it did: each weight is ``U v`` with
    the filter as it is now, such as the meta-learned initial one. Its ``state_dict`` has
    the names of a module that never was reparameterized. Other parametrizations stay.

    Returns:
        the module itself.

    Raises:
        TypeError: it is no module.
        ValueError: no layer in it has a symmetry matrix, or one has a further
            parametrization of the same tensor.
    """
    found = [
        (weight.layer, weight.attribute)
        for weight in weights(module)
        if has_symmetry(weight)
    ]
    if not found:
        raise ValueError(
            f"expected a module with symmetry matrices, got {type(module).__name__} "
            f"without: see msr.reparameterize"
        )
    for layer, name in found:
        steps = cast(nn.ModuleDict, layer.parametrizations)[name]
        if len(cast(nn.ModuleList, steps)) > 1:
            raise ValueError(
                f"expected one parametrization of {name!r} of {type(layer).__name__}, got "
                f"{len(cast(nn.ModuleList, steps))}: remove the others first"
            )
    for layer, name in found:
        bake(layer, name)
    return module


def bake(layer: nn.Module, name: str) -> None:
    """Make a parametrized tensor a parameter with the value that it has.

    As ``parametrize.remove_parametrizations``, which, however, changes the layer's class
    and so breaks its copies.
    """
    plain = parametrize.type_before_parametrizations(layer)
    chains = cast(nn.ModuleDict, layer.parametrizations)
    chains[name].eval()  # some parametrizations change what they keep while they train
    with torch.no_grad():
        value = getattr(layer, name).clone()
    learned = any(p.requires_grad for p in chains.pop(name).parameters())
    kind = type(layer)
    if chains:
        kept = {
            key: value
            for key, value in vars(kind).items()
            if key not in (name, "__dict__", "__weakref__")
        }
        layer.__class__ = type(kind.__name__, (plain,), kept)
    else:
        del layer.parametrizations
        layer.__class__ = plain
    layer.register_parameter(name, nn.Parameter(value, learned))
    # a parameter that is new comes last; in torch's own layers the weight comes first
    for other in [o for o in layer._parameters if o != name and name.startswith("weight")]:
        layer._parameters[other] = layer._parameters.pop(other)
