"""Every module and every loss of torch.nn as a small example, to try things out on.

The tests and the book's page of modules walk through these. Classes are listed by name, so
that a class that is new in torch, and not here, is noticed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

Build = Callable[[], nn.Module]
Targets = Literal[
    "numbers",
    "labels",
    "several labels",
    "probabilities",
    "zeros and ones",
    "signs",
    "counts",
]
CLASSES = 3


@dataclass(frozen=True)
class Specimen:
    """A layer and what it is fed with.

    Attributes:
        build: makes the layer, with torch's random initial values.
        shape: of one example, without the axis of examples.
        symbols: 0, or inputs are integers below it, held as floating-point numbers.
    """

    build: Build
    shape: tuple[int, ...]
    symbols: int = 0

    def alone(self) -> nn.Module:
        """The layer by itself."""
        return self.build()

    def network(self) -> nn.Module:
        """The layer between two linear ones, three outputs."""
        layer = self.build()
        width = self.shape[-1]
        entrance: list[nn.Module] = [] if self.symbols else [nn.Linear(width, width)]
        body = nn.Sequential(*entrance, layer, nn.Flatten())
        with torch.no_grad():
            outputs = body(torch.zeros(2, *self.shape)).shape[1]
        return nn.Sequential(*body, nn.Linear(outputs, CLASSES))

    def inputs(self, tasks: int, examples: int, generator: torch.Generator) -> Tensor:
        """Inputs of some tasks: standard normal numbers, or symbols."""
        shape = (tasks, examples, *self.shape)
        if self.symbols:
            drawn = torch.randint(0, self.symbols, shape, generator=generator, device="cpu")
            return drawn.to(torch.get_default_dtype())
        return torch.randn(shape, generator=generator, device="cpu")


class LastState(nn.Module):
    """A recurrent layer's outputs; its hidden states are left out."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The outputs at every time."""
        output: Tensor = self.layer(x)[0]
        return output


class SelfAttention(nn.Module):
    """Attention of a sequence to itself."""

    def __init__(self, need_weights: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.need_weights = need_weights

    def forward(self, x: Tensor) -> Tensor:
        """The attended values."""
        output: Tensor = self.attention(x, x, x, need_weights=self.need_weights)[0]
        return output


class Twice(nn.Module):
    """A layer of two inputs, fed with one input and its reverse."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output, with a last axis if it has none of features."""
        y: Tensor = self.layer(x, x.flip(-1))
        return y if y.ndim > 1 else y[:, None]


class Symbols(nn.Module):
    """A layer of integers, fed with the integers that floating-point numbers hold."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output."""
        y: Tensor = self.layer(x.long())
        return y


class Unpooled(nn.Module):
    """Max pooling and its partial inverse."""

    def __init__(self, pool: nn.Module, unpool: nn.Module) -> None:
        super().__init__()
        self.pool, self.unpool = pool, unpool

    def forward(self, x: Tensor) -> Tensor:
        """Zero but for the largest entry of each window."""
        y: Tensor = self.unpool(*self.pool(x))
        return y


class LogProbabilities(nn.Module):
    """The adaptive softmax's log probabilities of all classes."""

    def __init__(self, layer: nn.AdaptiveLogSoftmaxWithLoss) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Of every class."""
        return self.layer.log_prob(x)


VECTOR, SEQUENCE, IMAGE, VOLUME = (6,), (4, 6), (4, 4, 4), (2, 4, 4, 4)
SHAPES = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}
Named = tuple[str, Specimen]


def _layer(name: str, *args: Any, **settings: Any) -> Build:
    """A layer of torch.nn, yet to be made."""
    return partial(getattr(nn, name), *args, **settings)


def _within(outer: Callable[..., nn.Module], *inner: Build) -> Build:
    """Layers within a module that feeds them."""
    return lambda: outer(*(build() for build in inner))


def _elementwise() -> Iterator[Named]:
    names = (
        "CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU "
        "LogSigmoid Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink "
        "Softsign Tanh Tanhshrink Dropout AlphaDropout FeatureAlphaDropout GLU"
    )
    for name in names.split():
        yield name, Specimen(_layer(name), VECTOR)
    yield "Threshold", Specimen(_layer("Threshold", 0.1, 0.2), VECTOR)
    for name in ("LogSoftmax", "Softmax", "Softmin"):
        yield name, Specimen(_layer(name, dim=-1), VECTOR)
    yield "Softmax2d", Specimen(_layer("Softmax2d"), IMAGE)


def _of_dimension(d: int, channels: int) -> Iterator[tuple[str, Build]]:
    batch, instance = f"BatchNorm{d}d", f"InstanceNorm{d}d"
    free: dict[str, Any] = {"track_running_stats": False}
    yield f"Conv{d}d", _layer(f"Conv{d}d", channels, 3, 2)
    yield f"ConvTranspose{d}d", _layer(f"ConvTranspose{d}d", channels, 3, 2)
    yield batch, _layer(batch, channels, **free)
    yield f"{batch}, tracking", _layer(batch, channels)
    yield f"{batch}, evaluating", lambda: _layer(batch, channels)().eval()
    yield f"{batch}, not affine", _layer(batch, channels, affine=False, **free)
    yield instance, _layer(instance, channels, affine=True)
    yield f"{instance}, not affine", _layer(instance, channels)
    pools = ("AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "MaxPool")
    yield from ((f"{pool}{d}d", _layer(f"{pool}{d}d", 2)) for pool in pools)
    yield f"LPPool{d}d", _layer(f"LPPool{d}d", 2, 2)
    yield f"Dropout{d}d", _layer(f"Dropout{d}d")
    yield f"ConstantPad{d}d", _layer(f"ConstantPad{d}d", 1, 0.5)
    pads = ("CircularPad", "ReflectionPad", "ReplicationPad", "ZeroPad")
    yield from ((f"{pad}{d}d", _layer(f"{pad}{d}d", 1)) for pad in pads)
    pool = _layer(f"MaxPool{d}d", 2, return_indices=True)
    yield f"MaxUnpool{d}d", _within(Unpooled, pool, _layer(f"MaxUnpool{d}d", 2))


def _of_each_dimension() -> Iterator[Named]:
    for d, shape in SHAPES.items():
        for name, build in _of_dimension(d, shape[0]):
            yield name, Specimen(build, shape)


def _others() -> Iterator[Named]:
    for suffix, settings in {"": {}, ", no bias": {"bias": False}}.items():
        yield f"Linear{suffix}", Specimen(_layer("Linear", 6, 4, **settings), VECTOR)
        yield f"LayerNorm{suffix}", Specimen(_layer("LayerNorm", 6, **settings), VECTOR)
    yield "LayerNorm, two axes", Specimen(_layer("LayerNorm", (4, 6)), SEQUENCE)
    yield "RMSNorm", Specimen(_layer("RMSNorm", 6), VECTOR)
    yield (
        "AdaptiveLogSoftmaxWithLoss",
        Specimen(
            _within(LogProbabilities, _layer("AdaptiveLogSoftmaxWithLoss", 6, 5, [2])),
            VECTOR,
        ),
    )
    for pair in (
        _layer("Bilinear", 6, 6, 4),
        _layer("CosineSimilarity"),
        _layer("PairwiseDistance"),
    ):
        yield pair.func.__name__, Specimen(_within(Twice, pair), VECTOR)  # type: ignore[attr-defined]
    same = {"padding": "same", "padding_mode": "circular"}
    images = {
        "Conv2d, groups": _layer("Conv2d", 4, 4, 2, groups=2),
        "Conv2d, padding same": _layer("Conv2d", 4, 3, 3, **same),
        "SyncBatchNorm": _layer("SyncBatchNorm", 4, track_running_stats=False),
        "GroupNorm": _layer("GroupNorm", 2, 4),
        "LocalResponseNorm": _layer("LocalResponseNorm", 2),
        "CrossMapLRN2d": _layer("CrossMapLRN2d", 2),
        "FractionalMaxPool2d": _layer("FractionalMaxPool2d", 2, output_size=2),
        "ChannelShuffle": _layer("ChannelShuffle", 2),
        "PixelShuffle": _layer("PixelShuffle", 2),
        "PixelUnshuffle": _layer("PixelUnshuffle", 2),
        "Flatten": _layer("Flatten"),
        "Unfold": _layer("Unfold", 2),
        "Upsample": _layer("Upsample", scale_factor=2),
        "UpsamplingBilinear2d": _layer("UpsamplingBilinear2d", 8),
        "UpsamplingNearest2d": _layer("UpsamplingNearest2d", 8),
    }
    yield from ((name, Specimen(build, IMAGE)) for name, build in images.items())
    volume = _layer("FractionalMaxPool3d", 2, output_size=2)
    yield "FractionalMaxPool3d", Specimen(volume, VOLUME)
    yield "Unflatten", Specimen(_layer("Unflatten", 1, (2, 3)), VECTOR)
    yield "Fold", Specimen(_layer("Fold", 4, 2, stride=2), (8, 4))


def _of_symbols() -> Iterator[Named]:
    settings: dict[str, dict[str, Any]] = {
        "": {},
        ", padding_idx": {"padding_idx": 0},
        ", scale_grad_by_freq": {"scale_grad_by_freq": True},
        ", max_norm": {"max_norm": 1.0},
        ", sparse": {"sparse": True},
    }
    for suffix, options in settings.items():
        build = _within(Symbols, _layer("Embedding", 7, 4, **options))
        yield f"Embedding{suffix}", Specimen(build, (5,), symbols=7)
    for mode in ("mean", "sum", "max"):
        build = _within(Symbols, _layer("EmbeddingBag", 7, 4, mode=mode))
        yield f"EmbeddingBag, {mode}", Specimen(build, (5,), symbols=7)


def _of_sequences() -> Iterator[Named]:
    both: dict[str, Any] = {"num_layers": 2, "bidirectional": True}
    for name in ("RNN", "GRU", "LSTM"):
        for suffix, options in {"": {}, ", two layers, both ways": both}.items():
            layer = _layer(name, 6, 3, batch_first=True, **options)
            yield f"{name}{suffix}", Specimen(_within(LastState, layer), SEQUENCE)
        yield (
            f"{name}Cell",
            Specimen(
                _within(
                    LastState if name == "LSTM" else nn.Sequential,
                    _layer(f"{name}Cell", 6, 3),
                ),
                VECTOR,
            ),
        )
    projected = _layer("LSTM", 6, 3, batch_first=True, proj_size=2)
    yield "LSTM, projected", Specimen(_within(LastState, projected), SEQUENCE)


def _of_attention() -> Iterator[Named]:
    yield "MultiheadAttention", Specimen(SelfAttention, (3, 4))
    yield "MultiheadAttention, weights", Specimen(partial(SelfAttention, True), (3, 4))
    options: dict[str, Any] = {
        "d_model": 4,
        "nhead": 2,
        "dim_feedforward": 6,
        "dropout": 0.0,
        "batch_first": True,
    }
    encoder = _layer("TransformerEncoderLayer", **options)
    decoder = _layer("TransformerDecoderLayer", **options)
    whole = _layer("Transformer", num_encoder_layers=1, num_decoder_layers=1, **options)
    first = _layer("TransformerEncoderLayer", norm_first=True, **options)

    def stack() -> nn.Module:
        return nn.TransformerEncoder(
            cast(nn.TransformerEncoderLayer, encoder()), 2, enable_nested_tensor=False
        )

    def decoders() -> nn.Module:
        return nn.TransformerDecoder(cast(nn.TransformerDecoderLayer, decoder()), 1)

    builds = {
        "TransformerEncoderLayer": encoder,
        "TransformerEncoderLayer, norm first": first,
        "TransformerDecoderLayer": _within(Twice, decoder),
        "TransformerEncoder": stack,
        "TransformerDecoder": _within(Twice, decoders),
        "Transformer": _within(Twice, whole),
    }
    yield from ((name, Specimen(build, (3, 4))) for name, build in builds.items())


def layers() -> dict[str, Specimen]:
    """Every layer of torch.nn by name; "name, setting" where a setting matters."""
    return dict(
        [
            *_elementwise(),
            *_of_each_dimension(),
            *_others(),
            *_of_symbols(),
            *_of_sequences(),
            *_of_attention(),
        ]
    )


# Classes of torch.nn that no specimen is of, and why.
NO_LAYERS = {
    "Module": "the base of all",
    "Container": "a name of Module from long ago",
    "RNNBase": "the base of recurrent layers",
    "RNNCellBase": "the base of recurrent cells",
    "Sequential": "holds the layers of every specimen",
    "ModuleList": "holds modules, and is not called",
    "ModuleDict": "holds modules, and is not called",
    "ParameterList": "holds parameters, and is not called",
    "ParameterDict": "holds parameters, and is not called",
    "DataParallel": "copies a module to several GPUs",
} | {
    name: "has no parameters before its first call, and is refused until then"
    for name in dir(nn)
    if name.startswith("Lazy")
}


@dataclass(frozen=True)
class LossSpecimen:
    """A loss, with the predictions and targets that it takes.

    Attributes:
        build: makes the loss.
        targets: what its targets are.
        last: turns numbers into predictions of its kind.
        arguments: how many it takes; a loss of a learner takes two.
    """

    build: Build
    targets: Targets = "numbers"
    last: Build = nn.Identity
    arguments: int = 2

    def draw(self, tasks: int, examples: int, generator: torch.Generator) -> Tensor:
        """Targets of some tasks."""
        shape = (tasks, examples, CLASSES)
        draw = partial(torch.randint, generator=generator, device="cpu")
        numbers = torch.randn(shape, generator=generator, device="cpu")
        by_kind: dict[Targets, Callable[[], Tensor]] = {
            "numbers": lambda: numbers,
            "labels": lambda: draw(CLASSES, shape[:2]),
            "several labels": lambda: torch.full(shape, -1, device="cpu").index_fill(
                2, torch.tensor([0], device="cpu"), 1
            ),
            "probabilities": lambda: numbers.softmax(-1),
            "zeros and ones": lambda: draw(2, shape).to(numbers),
            "signs": lambda: 2 * draw(2, shape).to(numbers) - 1,
            "counts": lambda: draw(5, shape).to(numbers),
        }
        return by_kind[self.targets]()


def losses() -> dict[str, LossSpecimen]:
    """Every loss of torch.nn by name."""
    log_softmax, softplus = _layer("LogSoftmax", dim=-1), _layer("Softplus")
    found = {
        "BCELoss": LossSpecimen(_layer("BCELoss"), "zeros and ones", nn.Sigmoid),
        "BCEWithLogitsLoss": LossSpecimen(_layer("BCEWithLogitsLoss"), "zeros and ones"),
        "CrossEntropyLoss": LossSpecimen(_layer("CrossEntropyLoss"), "labels"),
        "CrossEntropyLoss, smoothed": LossSpecimen(
            _layer("CrossEntropyLoss", label_smoothing=0.1), "labels"
        ),
        "CrossEntropyLoss, probabilities": LossSpecimen(
            _layer("CrossEntropyLoss"), "probabilities"
        ),
        "HingeEmbeddingLoss": LossSpecimen(_layer("HingeEmbeddingLoss"), "signs"),
        "HuberLoss": LossSpecimen(_layer("HuberLoss")),
        "KLDivLoss": LossSpecimen(
            _layer("KLDivLoss", reduction="batchmean"), "probabilities", log_softmax
        ),
        "L1Loss": LossSpecimen(_layer("L1Loss")),
        "MSELoss": LossSpecimen(_layer("MSELoss")),
        "MultiLabelMarginLoss": LossSpecimen(
            _layer("MultiLabelMarginLoss"), "several labels"
        ),
        "MultiLabelSoftMarginLoss": LossSpecimen(
            _layer("MultiLabelSoftMarginLoss"), "zeros and ones"
        ),
        "MultiMarginLoss": LossSpecimen(_layer("MultiMarginLoss"), "labels"),
        "NLLLoss": LossSpecimen(_layer("NLLLoss"), "labels", log_softmax),
        "PoissonNLLLoss": LossSpecimen(_layer("PoissonNLLLoss"), "counts", softplus),
        "SmoothL1Loss": LossSpecimen(_layer("SmoothL1Loss")),
        "SoftMarginLoss": LossSpecimen(_layer("SoftMarginLoss"), "signs"),
    }
    for name in (
        "CosineEmbeddingLoss",
        "GaussianNLLLoss",
        "MarginRankingLoss",
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
    ):
        found[name] = LossSpecimen(_layer(name), arguments=3)
    if hasattr(nn, "LinearCrossEntropyLoss"):
        linear = _layer("LinearCrossEntropyLoss", CLASSES, CLASSES)
        found["LinearCrossEntropyLoss"] = LossSpecimen(linear, "labels")
    found["CTCLoss"] = LossSpecimen(_layer("CTCLoss"), arguments=4)
    return found


# Losses of torch.nn that no specimen is of, and why.
NO_LOSSES = {"NLLLoss2d": "a name of NLLLoss from long ago"}
