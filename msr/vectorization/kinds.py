"""Which modules and losses run side by side: the table.

A module of a kind in this table is exact under ``torch.func.vmap``, given the kernels of
`msr.vectorization.derivatives`, or is known not to be. The evidence is
``tests/vectorization/test_zoo*.py``: each kind alone and within a network against the
plain loop over tasks, on the versions of torch in `VERIFIED`. What is not in the table, or
runs on another version, is tried once (`msr.vectorization.trial`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.utils import parametrize

from ..inner_loops.losses import mean_squared_error
from ..layers import LocallyConnected1d, UnfoldConv2d
from ..symmetry.matrices import DenseSymmetry, KroneckerSymmetry
from .inspection import is_altered

# Versions of torch, major and minor, on which the zoo was seen to be exact.
VERIFIED = ("2.6", "2.13")

_EXACT_NAMES = """
Sequential ModuleList ModuleDict ParameterList ParameterDict Identity Flatten Unflatten
Linear Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
RMSNorm GroupNorm LocalResponseNorm PReLU Embedding
CELU ELU GELU GLU Hardshrink Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish ReLU
ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh
Tanhshrink Threshold
Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout
AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d LPPool1d
LPPool2d LPPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d
ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d
ChannelShuffle PixelShuffle PixelUnshuffle Fold Unfold Upsample UpsamplingBilinear2d
UpsamplingNearest2d CosineSimilarity PairwiseDistance AdaptiveLogSoftmaxWithLoss
"""
# Exact with the rules of `msr.vectorization.derivatives`, and not without.
_RULED_NAMES = """
BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d
InstanceNorm3d LayerNorm
MultiheadAttention TransformerEncoderLayer TransformerDecoderLayer TransformerEncoder
TransformerDecoder Transformer
"""
_LOSS_NAMES = """
BCELoss BCEWithLogitsLoss CrossEntropyLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss
MSELoss MultiLabelSoftMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss
"""


def _of_torch(names: str) -> frozenset[type]:
    return frozenset(getattr(nn, name) for name in names.split() if hasattr(nn, name))


_OURS = {LocallyConnected1d, UnfoldConv2d, DenseSymmetry, KroneckerSymmetry}
_PARTS = {parametrize.ParametrizationList, NonDynamicallyQuantizableLinear}
EXACT: frozenset[type] = _of_torch(_EXACT_NAMES) | _OURS | _PARTS
RULED: frozenset[type] = _of_torch(_RULED_NAMES)
NOT_TWICE: frozenset[type] = _of_torch("EmbeddingBag Hardsigmoid CrossMapLRN2d")
EXACT_LOSSES: frozenset[type] = _of_torch(_LOSS_NAMES)
EXACT_LOSS_FUNCTIONS: tuple[Any, ...] = (
    mean_squared_error,
    F.mse_loss,
    F.l1_loss,
    F.smooth_l1_loss,
    F.huber_loss,
    F.cross_entropy,
    F.nll_loss,
    F.binary_cross_entropy,
    F.binary_cross_entropy_with_logits,
    F.kl_div,
    F.soft_margin_loss,
    F.poisson_nll_loss,
    F.hinge_embedding_loss,
)


class Known(NamedTuple):
    """What the table says about a model with a loss.

    Attributes:
        one_by_one: why tasks have to run one by one, if they have to.
        unknown: what the table does not hold, if there is such a thing.
        suspect: a module that may have no second derivatives, if there is one.
        rules: whether kernels that are right under ``vmap`` are needed by what is known.
    """

    one_by_one: str | None
    unknown: str | None
    rules: bool
    suspect: str | None = None


def look_up(model: nn.Module, loss: Any) -> Known:
    """What is known of all modules of a model, and of a loss.

    The first reason to run one by one is given, and the first unknown.
    """
    one_by_one = unknown = suspect = None
    rules = False
    for name, module in model.named_modules():
        kind = parametrize.type_before_parametrizations(module)
        label = f"{name!r} ({kind.__name__})" if name else kind.__name__
        if kind in RULED:
            rules = True
        if kind in NOT_TWICE:
            suspect = suspect or label
        if reason := _no_side_by_side(module, kind):
            one_by_one = one_by_one or f"{label} {reason}"
        elif kind not in EXACT and kind not in RULED:
            unknown = unknown or label
        elif is_altered(module):
            unknown = unknown or f"{label}, which has hooks or another forward"
    if not _is_exact_loss(loss):
        unknown = unknown or f"the loss {getattr(loss, '__name__', type(loss).__name__)}"
    if unknown is None and version() not in VERIFIED:
        unknown = f"torch {torch.__version__}"
    return Known(one_by_one, unknown, rules, suspect)


def draws_numbers(model: nn.Module) -> Iterator[nn.Module]:
    """The modules that draw random numbers in training and do nothing in evaluation."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd | nn.RReLU):
            yield module


def _no_side_by_side(module: nn.Module, kind: type) -> str | None:
    """Why a module of torch is not to run under ``vmap``."""
    if issubclass(kind, nn.RNNBase | nn.RNNCellBase) and kind.__module__.startswith(
        "torch."
    ):
        return "is recurrent, and torch.func.vmap cannot run it"
    if kind is nn.Embedding:
        if module.padding_idx is not None:
            return "has a padding_idx, whose row torch.func.vmap would train"
        if module.scale_grad_by_freq:
            return "scales gradients by frequency, which torch.func.vmap leaves out"
        if module.max_norm is not None:
            return "renormalizes its weight in forward"
        if module.sparse:
            return "has sparse gradients, which torch.func.vmap cannot run"
    if kind is nn.RReLU:
        return "has no rule in torch.func.vmap"
    if _tracks(module, kind):
        return (
            "updates its running statistics call by call (track_running_stats=False, or "
            "evaluation mode, lets tasks run side by side)"
        )
    return None


def _tracks(module: nn.Module, kind: type) -> bool:
    normalizes = kind in RULED and hasattr(module, "track_running_stats")
    return normalizes and module.training and bool(module.track_running_stats)


def _is_exact_loss(loss: Any) -> bool:
    if isinstance(loss, nn.Module):
        return type(loss) in EXACT_LOSSES and not is_altered(loss)
    return any(loss is known for known in EXACT_LOSS_FUNCTIONS)


def version() -> str:
    """Major and minor version of torch."""
    return ".".join(torch.__version__.split(".")[:2])
