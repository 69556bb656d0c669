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
from .._utils.selection import Selection, select
from .base import SymmetryMatrix
from .initial import Factorization, initial, symmetry_kind
from .kronecker import kronecker_sizes

logger = logging.getLogger(__name__)

Module = TypeVar("Module", bound=nn.Module)

LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


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
    """Factor every Linear and Conv weight in a module tree as ``vec(W) = U v``.

    The module is changed in place, through ``torch.nn.utils.parametrize``: ``v`` is
    ``layer.parametrizations.weight.original`` and the symmetry matrix is
    ``layer.parametrizations.weight[0]``, with ``.U`` (dense) or ``.factors``
    (Kronecker). ``layer.weight`` is computed from them at each use, and assigning to
    it sets ``v`` by least squares. To give layers different numbers of filters, call
    this on each layer, or once for each group of ``layers``. Other weights stay plain, and
    adapt as they are: those of layers that are not chosen, of embeddings, recurrent layers
    and attention's projections of its inputs. Layers whose weight is frozen
    (``requires_grad=False``) are left as they are. The log
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
            layers in it), several, or a function of name and layer. Default: all.
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
            weights of another shape; ``layers`` matches none; the module has no
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
    chosen = _layers(module, layers)
    _check_layers(module, chosen)
    _check_filters(filters, factorization, chosen)
    generator = _generator(seed, chosen.values())
    found = [
        initial(kind, layer.get_parameter("weight"), filters, float(std), generator)
        for layer in chosen.values()
    ]
    # only now that nothing has been refused
    for layer, (symmetry, v) in zip(chosen.values(), found):
        parametrize.register_parametrization(layer, "weight", symmetry)
        with torch.no_grad():
            layer.get_parameter("parametrizations.weight.original").copy_(v)
    _tell_what_stays_plain(module)
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


def _layers(module: nn.Module, selection: Selection | None) -> dict[str, nn.Module]:
    """The layers that are meant, by name, without the frozen ones."""
    modules = dict(module.named_modules())
    layers = {n: child for n, child in modules.items() if isinstance(child, LAYERS)}
    if selection is not None and layers:
        kinds = {n: f"a {type(m).__name__}" for n, m in modules.items() if n not in layers}
        layers = {n: layers[n] for n in select("layers", selection, layers, kinds)}
    found: dict[str, nn.Module] = {}
    for name, child in layers.items():
        name = name or type(child).__name__
        if (
            not parametrize.is_parametrized(child, "weight")
            and not child.weight.requires_grad
        ):
            logger.info("left as it is: %r, whose weight is frozen", name)
            continue
        found[name] = child
    return found


def _tell_what_stays_plain(module: nn.Module) -> None:
    shared = {id(p) for _, U in symmetry_matrices(module) for p in U.parameters()}
    plain = [
        name
        for name, p in module.named_parameters()
        if p.ndim > 1
        and p.requires_grad
        and id(p) not in shared
        and "parametrizations" not in name.split(".")
    ]
    if plain:
        logger.info("without symmetry matrix: %s", ", ".join(plain))


def _all_layers(module: nn.Module) -> Iterator[bool]:
    return (isinstance(child, LAYERS) for child in module.modules())


def _generator(
    seed: int | torch.Generator | None, layers: Iterable[nn.Module]
) -> torch.Generator:
    """The generator of the initial values; without a seed, seeded by the old weights."""
    if isinstance(seed, torch.Generator):
        return seed
    if seed is None:
        digest = hashlib.blake2b(digest_size=4)
        for layer in layers:
            weight = layer.get_parameter("weight").detach()
            if not weight.is_meta:
                digest.update(weight.cpu().double().numpy().tobytes())
        seed = int.from_bytes(digest.digest(), "big")
    return torch.Generator().manual_seed(seed)


def _check_layers(module: nn.Module, layers: dict[str, nn.Module]) -> None:
    if not layers:
        expected = ", ".join(layer.__name__ for layer in LAYERS)
        raise ValueError(
            f"nothing to reparameterize: expected a module with a layer among "
            f"{expected}, got {type(module).__name__} with none"
            f"{' that is not frozen' if any(_all_layers(module)) else ''}"
        )
    owners: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    for name, layer in layers.items():
        if parametrize.is_parametrized(layer, "weight"):
            raise ValueError(
                f"expected layers with a plain weight, got {name!r}, which is "
                f"parametrized already"
            )
        if nn.parameter.is_lazy(layer.get_parameter("weight")):
            raise ValueError(
                f"expected initialized layers, got lazy {name!r}: "
                f"run the module once on an example first"
            )
        if not layer.get_parameter("weight").is_floating_point():
            raise TypeError(
                f"expected layers with real weights, got {name!r} of {layer.weight.dtype}"
            )
        names = owners[id(layer.weight)]
        if len(names) > 1:
            raise ValueError(
                f"expected every layer to own its weight, got one weight shared as "
                f"{' and '.join(map(repr, names))}"
            )


def _check_filters(
    filters: int | None, factorization: Factorization, layers: dict[str, nn.Module]
) -> None:
    if factorization == "kronecker":
        if filters is not None:
            raise TypeError(
                f"expected no filters with a Kronecker factorization, whose filter "
                f"has the shape of the weight, got filters={shown(filters)}"
            )
        for name, layer in layers.items():
            size = max(kronecker_sizes(layer.get_parameter("weight").shape))
            check_size(f"factors of {name!r}", size, size)
        return
    if factorization != "dense":
        if filters is not None:
            check_at_least(1, filters=filters)
        return
    if filters is None:
        raise TypeError(
            "expected filters, the number of filter parameters of a dense U, got None"
        )
    for name, layer in layers.items():
        weight = layer.get_parameter("weight")
        if weight.is_meta:
            raise ValueError(
                f"expected layers whose weights have values, got {name!r} on the device "
                f"meta: use .to_empty(device=...) and initialize it first"
            )
        entries = weight.numel()
        if not 1 <= filters <= entries:
            raise ValueError(
                f"expected 1 <= filters <= {entries}, the number of entries of the "
                f"weight of {name!r}, got {shown(filters)}"
            )
        check_size(f"U of {name!r}", entries, filters)
