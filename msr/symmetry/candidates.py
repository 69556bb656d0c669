"""The weights of a module tree, and which of them can have symmetry matrices."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from torch import Tensor, nn
from torch.nn.utils import parametrize

from .._utils.selection import Selection, select
from .base import SymmetryMatrix

LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


class Weight(NamedTuple):
    """A tensor of a layer with two axes or more, or the weight of a Linear or Conv layer.

    Attributes:
        path: the layer's name in the tree; empty for its root.
        layer: the layer.
        attribute: the tensor's name in it.
    """

    path: str
    layer: nn.Module
    attribute: str

    @property
    def name(self) -> str:
        """The name in the tree."""
        return f"{self.path}.{self.attribute}".removeprefix(".")

    @property
    def label(self) -> str:
        """What messages call it: the layer where that says enough."""
        if not self.is_usual:
            return self.name
        return self.path or type(self.layer).__name__

    @property
    def is_usual(self) -> bool:
        """Whether it is what Linear and Conv layers multiply by."""
        return isinstance(self.layer, LAYERS) and self.attribute == "weight"

    @property
    def is_parametrized(self) -> bool:
        """Whether it is computed from something else."""
        return parametrize.is_parametrized(self.layer, self.attribute)

    @property
    def is_frozen(self) -> bool:
        """Whether it is a parameter that stays as it is."""
        return not self.is_parametrized and not self.parameter.requires_grad

    @property
    def parameter(self) -> nn.Parameter:
        """The tensor, unless it is parametrized."""
        return self.layer.get_parameter(self.attribute)

    @property
    def is_read_otherwise(self) -> str | None:
        """Why a computed tensor would not do here, if it would not."""
        if isinstance(self.layer, nn.RNNBase):
            return (
                "keeps its weights in a list, which would miss the computed one: use "
                f"torch.nn.{type(self.layer).__name__}Cell"
            )
        if getattr(self.layer, "max_norm", None) is not None:
            return "renormalizes its weight (max_norm)"
        if getattr(self.layer, "sparse", False):
            return "has sparse gradients: use sparse=False"
        return None


def weights(module: nn.Module) -> Iterator[Weight]:
    """All weights of a module tree, without those of parametrizations."""
    for path, layer in module.named_modules():
        if "parametrizations" in path.split("."):
            continue
        attributes = [*layer._parameters]
        if parametrize.is_parametrized(layer):
            attributes += [*cast(nn.ModuleDict, layer.parametrizations)]
        for attribute in attributes:
            weight = Weight(path, layer, attribute)
            if weight.is_usual or _axes(weight) >= 2:
                yield weight


def _axes(weight: Weight) -> int:
    if weight.is_parametrized:
        return 2 if has_symmetry(weight) else 0
    tensor = weight.layer._parameters[weight.attribute]
    return (
        0 if tensor is None or nn.parameter.is_lazy(tensor) else cast(Tensor, tensor).ndim
    )


def has_symmetry(weight: Weight) -> bool:
    """Whether a symmetry matrix computes it."""
    if not weight.is_parametrized:
        return False
    steps = cast(nn.ModuleDict, weight.layer.parametrizations)[weight.attribute]
    return any(isinstance(step, SymmetryMatrix) for step in cast(nn.ModuleList, steps))


def select_weights(
    selection: Selection | None, found: Sequence[Weight], kinds: dict[str, str]
) -> list[Weight]:
    """The weights that are chosen: by default those of Linear and Conv layers.

    Frozen ones are never chosen.

    Args:
        selection: names and patterns, or a function of name and layer.
        found: all weights.
        kinds: what else there is, by name, for messages.

    Raises:
        TypeError, ValueError: as for `msr._utils.selection.select`.
    """
    usual = [w for w in found if w.is_usual and not w.is_frozen]
    if selection is None:
        return usual
    if not usual and callable(selection):
        return []
    if callable(selection):
        layers = {w.path: w.layer for w in usual}
        paths = set(select("layers", selection, layers))
        return [w for w in usual if w.path in paths]
    free = {w.name: w for w in found if not w.is_frozen}
    if not free:
        return []
    why = {
        name: "it is frozen"
        for w in found
        if w.is_frozen
        for name in ([w.path, w.name] if w.is_usual else [w.name])
    }
    others = [w.name for w in free.values() if not w.is_usual]
    chosen = select("layers", selection, free, kinds | why, itself=others)
    return [free[name] for name in chosen]
