"""Give the layers of a module symmetry matrices."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from .._utils.arguments import checked, shown
from .._utils.checks import (
    check_at_least,
    check_not_negative,
    check_on_cpu,
    check_seed,
    check_size,
)
from .._utils.selection import Selection
from .base import SymmetryMatrix
from .candidates import LAYERS, Weight, select_weights, weights
from .initial import Factorization, initial, symmetry_kind
from .kronecker import kronecker_sizes
from .matrices import DenseSymmetry, KroneckerSymmetry

logger = logging.getLogger(__name__)

Module = TypeVar("Module", bound=nn.Module)


@checked(by_hand=["factorization"])
def reparameterize(
    module: Module,
    filters: int | None = None,
    factorization: Factorization = "dense",
    *,
    layers: Selection | None = None,
    std: float = 0.01,
    seed: int | torch.Generator | None = None,
) -> Module:
    """Factor the Linear and Conv weights in a module tree as ``vec(W) = U v``.

    The module is changed in place, through ``torch.nn.utils.parametrize``: ``v`` is
    ``layer.parametrizations.weight.original`` and the symmetry matrix is
    ``layer.parametrizations.weight[0]``, with ``.U`` (dense) or ``.factors``
    (Kronecker). ``layer.weight`` is computed from them at each use, and assigning to
    it sets ``v`` by least squares. To give layers different numbers of filters, call
    this once for each group of ``layers``::

        msr.reparameterize(model, 8, layers="encoder")  # all Linear and Conv layers in it
        msr.reparameterize(model, 4, layers=["head.*", "stem"])
        msr.reparameterize(model, 4, layers=lambda name, layer: name != "head")
        msr.reparameterize(model, factorization="kronecker", layers="*.in_proj_weight")

    Other weights with two axes or more, such as those of attention's projections of its
    inputs, of embeddings and of recurrent cells, get symmetry matrices where they are named
    themselves, as in the last line. (Those of recurrent layers such as ``torch.nn.GRU``
    cannot; those of its cell can.) What stays plain adapts as it is. Layers whose weight is
    frozen (``requires_grad=False``) are left as they are. The log
    ``msr.symmetry.reparameterization`` names both.

    Initial values come from a generator of their own, so that the global random state
    is neither read nor changed. Without a seed it is seeded by the old weights: the same
    layers get the same values, and layers that started differently get different ones,
    also one by one. *Dense*: U ~ N(0, std^2) and v ~ N(0, 1/m), with m
    the size of the weight's first axis; the old weight is discarded. *Kronecker*:
    each factor is the identity plus N(0, std^2) and v is the old weight, so that the
    layer starts close to where it was (exactly there for ``std=0``).

    Args:
        module: any module; itself a layer or a tree that contains layers.
        filters: k, the number of filter parameters of a dense U. Not for Kronecker,
            where the filter has as many parameters as the weight.
        factorization: "dense", "kronecker", or a `msr.SymmetryMatrix` class of your own
            with ``initial``.
        layers: which layers: a name or pattern, such as "encoder.*" (a module means all
            Linear and Conv layers in it), several, or a function of a layer's name and the
            layer, asked for each of those. Default: all. Also names of weights.
        std: standard deviation of the noise in U's entries.
        seed: of the generator for the initial values, or a generator on the CPU to draw
            them from; by default a hash of the old weights.

    Returns:
        the module itself.

    Raises:
        TypeError: ``module`` is no module; ``filters`` is missing or no integer (dense),
            or given (Kronecker); a weight is complex; ``std`` is no number, or ``seed``
            neither an integer nor a generator; a class gives something else than a
            symmetry matrix and a filter.
        ValueError: ``filters`` is below 1 or above the number of entries of a weight, or
            U or a factor would be huge; the factorization is unknown, or a class gives
            weights of another shape; ``layers`` matches none, or a
            weight that is not read anew at each use; the module has no
            Linear or Conv layer that is not frozen, or one that is already
            reparameterized, has no values yet (it is lazy, or dense and on the device
            "meta"), or shares its weight with another module; ``std`` is negative or not
            finite, the seed negative, or the generator not on the CPU.
    """
    check_not_negative(std=std)
    kind = symmetry_kind(factorization)
    if isinstance(seed, torch.Generator):
        check_on_cpu(seed)
    elif seed is not None:
        check_seed(seed)
    found = list(weights(module))
    for weight in found:
        if weight.is_usual and weight.is_frozen:
            logger.info("left as it is: %r, whose weight is frozen", weight.label)
    chosen = select_weights(layers, found, _kinds(module, found))
    _check_weights(module, chosen)
    _check_filters(filters, kind, chosen)
    generator = _generator(seed, chosen)
    made = [
        initial(kind, weight.parameter, filters, float(std), generator) for weight in chosen
    ]
    # only now that nothing has been refused
    for weight, (symmetry, v) in zip(chosen, made):
        parametrize.register_parametrization(weight.layer, weight.attribute, symmetry)
        original = f"parametrizations.{weight.attribute}.original"
        with torch.no_grad():
            weight.layer.get_parameter(original).copy_(v)
    plain = [w.name for w in found if not w.is_parametrized and not w.is_frozen]
    if plain:
        logger.info("without symmetry matrix: %s", ", ".join(plain))
    return module


@checked
def symmetry_matrices(module: nn.Module) -> Iterator[tuple[str, SymmetryMatrix]]:
    """The name and parametrization of every symmetry matrix in a module tree."""
    for name, child in module.named_modules():
        if isinstance(child, SymmetryMatrix):
            yield name, child


@checked
def adapted_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that adapt to a task: all but those of symmetry matrices.

    On a plain module these are all parameters, which is MAML; on a reparameterized
    one, filters and biases, which is MSR. Parameters that do not require gradients
    are frozen and left out. Keys are the names in ``module.named_parameters()``.
    """
    shared = {id(p) for _, U in symmetry_matrices(module) for p in U.parameters()}
    return {
        name: parameter
        for name, parameter in module.named_parameters()
        if id(parameter) not in shared and parameter.requires_grad
    }


def _kinds(module: nn.Module, found: list[Weight]) -> dict[str, str]:
    """Why modules by these names have no weight that is chosen by their name."""
    kinds = {
        name: f"a {type(m).__name__}"
        for name, m in module.named_modules()
        if not isinstance(m, LAYERS)
    }
    for w in found:
        if not w.is_usual and w.path and not w.is_frozen:
            kinds[w.path] = f"name its weights themselves, such as {w.name!r}"
    return kinds


def _generator(
    seed: int | torch.Generator | None, chosen: Iterable[Weight]
) -> torch.Generator:
    """The generator of the initial values; without a seed, seeded by the old weights."""
    if isinstance(seed, torch.Generator):
        return seed
    if seed is None:
        digest = hashlib.blake2b(digest_size=4)
        for chosen_weight in chosen:
            weight = chosen_weight.parameter.detach()
            if not weight.is_meta:
                digest.update(weight.cpu().double().numpy().tobytes())
        seed = int.from_bytes(digest.digest(), "big")
    return torch.Generator().manual_seed(seed)


def _check_weights(module: nn.Module, chosen: list[Weight]) -> None:
    if not chosen:
        expected = ", ".join(layer.__name__ for layer in LAYERS)
        frozen = any(isinstance(child, LAYERS) for child in module.modules())
        raise ValueError(
            f"nothing to reparameterize: expected a module with a layer among "
            f"{expected}, got {type(module).__name__} with none"
            f"{' that is not frozen' if frozen else ''}"
        )
    owners: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    for weight in chosen:
        if weight.is_parametrized:
            raise ValueError(
                f"expected layers with a plain weight, got {weight.label!r}, which is "
                f"parametrized already"
            )
        if nn.parameter.is_lazy(weight.parameter):
            raise ValueError(
                f"expected initialized layers, got lazy {weight.label!r}: "
                f"run the module once on an example first"
            )
        if not weight.parameter.is_floating_point():
            raise TypeError(
                f"expected layers with real weights, got {weight.label!r} of "
                f"{weight.parameter.dtype}"
            )
        if reason := weight.is_read_otherwise:
            raise ValueError(
                f"expected weights that a layer reads at each use, got {weight.label!r} of "
                f"{type(weight.layer).__name__}, which {reason}"
            )
        names = owners[id(weight.parameter)]
        if len(names) > 1:
            raise ValueError(
                f"expected every layer to own its weight, got one weight shared as "
                f"{' and '.join(map(repr, names))}: leave it out by layers=..."
            )


def _check_filters(
    filters: int | None, kind: type[SymmetryMatrix], chosen: list[Weight]
) -> None:
    if kind is KroneckerSymmetry:
        if filters is not None:
            raise TypeError(
                f"expected no filters with a Kronecker factorization, whose filter "
                f"has the shape of the weight, got filters={shown(filters)}"
            )
        for weight in chosen:
            size = max(kronecker_sizes(weight.parameter.shape))
            check_size(f"factors of {weight.label!r}", size, size)
        return
    if kind is not DenseSymmetry:
        if filters is not None:
            check_at_least(1, filters=filters)
        return
    if filters is None:
        raise TypeError(
            "expected filters, the number of filter parameters of a dense U, or "
            "factorization='kronecker', got None"
        )
    for weight in chosen:
        if weight.parameter.is_meta:
            raise ValueError(
                f"expected layers whose weights have values, got {weight.label!r} on the "
                f"device meta: use .to_empty(device=...) and initialize it first"
            )
        entries = weight.parameter.numel()
        if not 1 <= filters <= entries:
            raise ValueError(
                f"expected 1 <= filters <= {entries}, the number of entries of the "
                f"weight of {weight.label!r}, got {shown(filters)}"
            )
        check_size(f"U of {weight.label!r}", entries, filters)
