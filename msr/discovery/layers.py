"""Which symmetry matrix of a module is meant."""

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
    names = list(found)
    if layer is not None and found:
        names = select("layer", layer, found)
    if len(names) != 1:
        which = "single symmetry matrix" if layer is None else f"single {layer!r}"
        several = "; choose one by layer=..." if layer is None and found else ""
        shown = ", ".join(map(repr, names[:4])) or "none"
        raise ValueError(
            f"expected a module with a {which}, got {len(names)} in "
            f"{type(module).__name__}: {shown}{several}"
        )
    return found[names[0]]


def _layer(name: str, symmetry: SymmetryMatrix) -> Layer:
    parts = name.split(".")
    if "parametrizations" not in parts[-3:-2]:
        return Layer(name, None, symmetry)
    *owner, _, attribute, place = parts
    weight = ".".join([*owner, attribute])
    first = f"{name.rpartition('.')[0]}.original" if place == "0" else None
    return Layer(weight, first, symmetry)
