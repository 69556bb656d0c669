"""Models with a single layer: what the formulas need to know of them.

Where the only parameters of a model are those of one Linear or Conv layer, its
predictions are one matrix product, ``W X + b`` with the inputs (for a convolution: its
windows) as the columns of X. The gradient of the mean squared error is then known,

``grad_W = (2/N) (W X + b - Y) X^T``, ``grad_v = U^T vec(grad_W)``.

`msr.fast_paths.least_squares` computes it for all tasks together, in a few large
operations instead of many small ones under ``torch.func``. Values are the same up to
rounding. `msr.fast_paths` says how the tensors are laid out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..layers import CONVOLUTION_SETTINGS, UnfoldConv2d, output_sizes, unfold
from ..symmetry.matrices import DenseSymmetry, KroneckerSymmetry
from ..vectorization.inspection import is_altered

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, UnfoldConv2d)
_SYMMETRIES = (DenseSymmetry, KroneckerSymmetry)


@dataclass(frozen=True)
class SingleLayer:
    """The layer of a model that has just one, between modules that only reshape.

    Attributes:
        module: Linear, Conv1d, Conv2d or UnfoldConv2d.
        before: the modules that its input passes.
        after: the modules that its output passes.
        symmetry: its symmetry matrix, if it is reparameterized.
        filter: the name of what adapts: its filter v or its weight.
        bias: the name of its bias, if that adapts.
    """

    module: nn.Linear | nn.Conv1d | nn.Conv2d
    before: tuple[nn.Module, ...]
    after: tuple[nn.Module, ...]
    symmetry: DenseSymmetry | KroneckerSymmetry | None
    filter: str
    bias: str | None

    @classmethod
    def of(cls, model: nn.Module, adapted: Collection[str]) -> "SingleLayer | None":
        """The single layer of this model, or None if the formulas may not hold.

        They hold for the very types above, alone or in one ``nn.Sequential``, without
        hooks, if nothing adapts but the layer's filter or weight and perhaps its bias.
        """
        chain = model._modules if type(model) is nn.Sequential else {"": model}
        modules = list(chain.values())
        names = [name for name, m in chain.items() if not _keeps_examples_apart(m)]
        if len(names) != 1 or any(map(is_altered, (model, *modules))):
            return None
        module = chain[names[0]]
        if not (_is_plain(module) and _has_known_weight(module)):
            return None
        symmetry = _symmetry(module)
        prefix = f"{names[0]}." if names[0] else ""
        weight = prefix + ("parametrizations.weight.original" if symmetry else "weight")
        bias = prefix + "bias"
        if weight not in adapted or not {weight, bias}.issuperset(adapted):
            return None
        return cls(
            cast(nn.Linear, module),
            tuple(modules[: modules.index(module)]),
            tuple(modules[modules.index(module) + 1 :]),
            symmetry,
            weight,
            bias if bias in adapted else None,
        )

    def columns(
        self, x: Float[Tensor, "tasks examples *x"], y: Float[Tensor, "tasks examples *y"]
    ) -> tuple[Float[Tensor, "tasks n columns"], Float[Tensor, "tasks m columns"]]:
        """X and Y, for which the prediction errors are ``W X + b - Y``."""
        tasks = len(x)
        for module in self.before:
            x = module(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if isinstance(self.module, nn.Linear):
            X = x.reshape(tasks, -1, self.module.in_features).mT
            return X, y.reshape(tasks, X.shape[2], -1).mT
        settings = (getattr(self.module, name) for name in CONVOLUTION_SETTINGS)
        windows = unfold(x.flatten(0, 1), *settings).unflatten(0, x.shape[:2])
        targets = y.reshape(*x.shape[:2], self.module.out_channels, -1)
        X, Y = (t.transpose(1, 2).flatten(2) for t in (windows, targets))
        return X, Y

    def output_shape(self, x: Float[Tensor, "tasks examples *x"]) -> torch.Size | None:
        """The shape of one task's predictions; None if the model refuses its inputs."""
        try:
            shape = _convolved(self.module, _reshaped(x.shape[1:], self.before))
            return None if shape is None else _reshaped(shape, self.after)
        except (RuntimeError, ValueError, IndexError):  # of a module that reshapes
            return None

    def weight(self, v: Float[Tensor, "tasks *v"]) -> Float[Tensor, "tasks m n"]:
        """The weights W as matrices."""
        return (self.symmetry(v) if self.symmetry else v).flatten(2)

    def filter_gradient(
        self, grad_W: Float[Tensor, "tasks m n"]
    ) -> Float[Tensor, "tasks *v"]:
        """From the gradient with respect to W to that of v, or of the weight itself."""
        shape = self.symmetry.weight_shape if self.symmetry else self.module.weight.shape
        gradient = grad_W.reshape(-1, *shape)
        return self.symmetry.transpose_apply(gradient) if self.symmetry else gradient


def _keeps_examples_apart(module: nn.Module) -> bool:
    """Whether it is one of the reshapes, and leaves the axis of examples alone."""
    if type(module) is nn.Flatten:
        return module.start_dim >= 1
    if type(module) is nn.Unflatten:
        return isinstance(module.dim, int) and module.dim >= 1
    return type(module) is nn.Identity


def _reshaped(shape: torch.Size, modules: tuple[nn.Module, ...]) -> torch.Size:
    if not modules:
        return shape
    tensor = torch.empty(shape, device="meta")
    for module in modules:
        tensor = module(tensor)
    return tensor.shape


def _convolved(
    module: nn.Linear | nn.Conv1d | nn.Conv2d, shape: torch.Size
) -> torch.Size | None:
    """The shape of the layer's output; None if the input's does not suit it."""
    if isinstance(module, nn.Linear):
        if not shape or shape[-1] != module.in_features:
            return None
        return torch.Size((*shape[:-1], module.out_features))
    if len(shape) != 2 + len(module.kernel_size) or shape[1] != module.in_channels:
        return None
    settings = [getattr(module, name) for name in CONVOLUTION_SETTINGS]
    sizes = output_sizes(shape[2:], *settings)
    return torch.Size((shape[0], module.out_channels, *sizes)) if min(sizes) > 0 else None


def _is_plain(module: nn.Module) -> bool:
    """Whether it is one of the layers, computing just a product with its weight."""
    kind = parametrize.type_before_parametrizations(module)
    if kind is nn.Linear:
        return True
    if kind not in _CONVOLUTIONS:
        return False
    convolution = cast(nn.Conv2d, module)
    return (
        convolution.groups == 1
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
    )


def _has_known_weight(module: nn.Module) -> bool:
    """Whether its weight is a parameter, or ``reshape(U v)`` and nothing else."""
    if not parametrize.is_parametrized(module):
        return True
    by_name = cast(nn.ModuleDict, module.parametrizations)
    steps = [p for ps in by_name.values() for p in cast(nn.ModuleList, ps)]
    return (
        set(by_name) == {"weight"}
        and len(steps) == 1
        and type(steps[0]) in _SYMMETRIES
        and not is_altered(steps[0])
        and not is_altered(by_name["weight"])
    )


def _symmetry(module: nn.Module) -> DenseSymmetry | KroneckerSymmetry | None:
    """The symmetry matrix of a layer with a known weight, if it has one."""
    if not parametrize.is_parametrized(module):
        return None
    by_name = cast(nn.ModuleDict, module.parametrizations)
    return cast(DenseSymmetry, cast(nn.ModuleList, by_name["weight"])[0])
