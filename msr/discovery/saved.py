"""Which group did the learner of a checkpoint learn?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ..exceptions import CheckpointError
from ..meta.checkpoint import load, weights_of
from ..symmetry.matrices import DenseSymmetry, KroneckerSymmetry
from .identification import Identification, identified
from .inputs import as_matrix, check_weight_shape, matrix_of_layer
from .layers import Layer, chosen_name, weight_of

DENSE, KRONECKER = DenseSymmetry.__name__, KroneckerSymmetry.__name__


def identify_saved(
    checkpoint: Path, layer: str | None = None, weight_shape: Sequence[int] | None = None
) -> Identification:
    """`msr.identify` of a dense or Kronecker symmetry matrix in a checkpoint.

    It is that of the best validation where the run had one, else the last.

    Args:
        checkpoint: a file that `msr.meta_train` wrote.
        layer: which symmetry matrix, where there are several.
        weight_shape: (m, n), for files of early versions, which do not say it.

    Raises:
        CheckpointError: the file is damaged or no checkpoint.
        OSError: it cannot be read.
        ValueError: as for `msr.identify`; a shape is needed, or is another one; or the
            symmetry matrix is of a class of one's own.
    """
    state = load(checkpoint)
    weights = {name.removeprefix("model."): t for name, t in weights_of(state).items()}
    places = {weight_of(name): name for name in _names(state, weights)}
    weight = chosen_name(list(places), layer, "a checkpoint")
    name = places[weight]
    inside = f"{name}."
    own = {n.removeprefix(inside): t for n, t in weights.items() if n.startswith(inside)}
    kind, shape = _kind_and_shape(state, name, list(own))
    if kind == KRONECKER:
        factors = [own[f"factors.{i}"] for i in range(len(own))]
        original = weights[f"{name.rpartition('.')[0]}.original"]
        symmetry: DenseSymmetry | KroneckerSymmetry = KroneckerSymmetry(
            factors, original.shape
        )
    elif shape is None and weight_shape is None:
        raise CheckpointError(
            f"expected weight_shape (m, n) of {weight!r} along with this checkpoint, which "
            f"an early version wrote without it, got none"
        )
    else:
        symmetry = DenseSymmetry(own["U"], shape or weight_shape or ())
    check_weight_shape(weight_shape, symmetry.weight_shape)
    matrix = matrix_of_layer(Layer(weight, None, symmetry))
    return identified(matrix, as_matrix(symmetry.weight_shape))


def _names(state: dict[str, Any], weights: dict[str, Tensor]) -> list[str]:
    """The names of the symmetry matrices."""
    if "symmetries" in state:
        return [name.removeprefix("model.") for name in state["symmetries"]]
    first = [n for n in weights if n.endswith((".0.U", ".0.factors.0"))]
    return [n.removesuffix(".U").removesuffix(".factors.0") for n in first]


def _kind_and_shape(
    state: dict[str, Any], name: str, own: list[str]
) -> tuple[str, list[int] | None]:
    """The class of a symmetry matrix and the shape of its weight, if it is known.

    Raises:
        ValueError: the class is one of one's own.
    """
    if "symmetries" in state:
        kind, shape = state["symmetries"][f"model.{name}"]
        known = kind in (DENSE, KRONECKER)
    else:
        kind, shape = (DENSE if own == ["U"] else KRONECKER), None
        known = f"{kind}(" in state["config"]["model"]
    if not known:
        raise ValueError(
            f"expected a {DENSE} or {KRONECKER} in the checkpoint, got another class for "
            f"{name!r}: load it with msr.load_weights, and ask msr.identify(learner)"
        )
    return kind, shape
