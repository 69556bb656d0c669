"""Which symmetry matrix of a module is meant."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from .._utils.selection import select
from ..symmetry.base import SymmetryMatrix
from ..symmetry.reparameterization import symmetry_matrices


class Layer(NamedTuple):
    """A symmetry matrix in a module.

    Attributes:
        weight: the name of the weight that it makes, such as "encoder.0.weight".
        filter: that of the parameter that it makes the weight from; None if the matrix is
            not the first parametrization of a weight.
        symmetry: the symmetry matrix.
    """

    weight: str
    filter: str | None
    symmetry: SymmetryMatrix


def chosen_layer(module: nn.Module, layer: str | None) -> Layer:
    """The only symmetry matrix of a module, or that of the layer of this name.

    Raises:
        ValueError: there is none, or there are several, of this name if one is given.
    """
    layers = [_layer(name, symmetry) for name, symmetry in symmetry_matrices(module)]
    found = {each.weight: each for each in layers}
    return found[chosen_name(list(found), layer, "a module")]


def chosen_name(names: Sequence[str], layer: str | None, where: str) -> str:
    """The only name of a weight, or the one that is meant by the layer's; see above.

    Args:
        names: of the weights that have a symmetry matrix.
        layer: a name or pattern.
        where: they are, for the message.
    """
    meant = list(names)
    if layer is not None and names:
        meant = select("layer", layer, dict.fromkeys(names))
    if len(meant) != 1:
        which = "symmetry matrix" if layer is None else f"{layer!r}"
        several = ": choose one by its name, layer" if layer is None and names else ""
        if not names:
            several = ": msr.reparameterize gives a model symmetry matrices"
        shown = f" ({', '.join(map(repr, meant[:4]))})" if meant else ""
        raise ValueError(
            f"expected {where} with a single {which}, got {len(meant)}{shown}{several}"
        )
    return meant[0]


def weight_of(name: str) -> str:
    """The name of the weight that a symmetry matrix of this name makes."""
    parts = name.split(".")
    if "parametrizations" not in parts[-3:-2]:
        return name
    *owner, _, attribute, _ = parts
    return ".".join([*owner, attribute])


def _layer(name: str, symmetry: SymmetryMatrix) -> Layer:
    weight = weight_of(name)
    first = weight != name and name.endswith(".0")
    return Layer(weight, f"{name.rpartition('.')[0]}.original" if first else None, symmetry)
