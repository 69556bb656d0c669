"""Every module and every loss of torch.nn as a small example, to try things out on.

The tests and the book's page of modules walk through these. Classes are listed by name, so
that a class that is new in torch, and not here, is noticed.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

from torch import nn

from .specimens import (
    CLASSES as CLASSES,
)
from .specimens import (
    Build,
    LastState,
    LogProbabilities,
    SelfAttention,
    Specimen,
    Symbols,
    Twice,
    Unpooled,
    layer,
    within,
)
from .zoo_losses import NO_LOSSES as NO_LOSSES
from .zoo_losses import losses as losses

VECTOR, SEQUENCE, IMAGE, VOLUME = (6,), (4, 6), (4, 4, 4), (2, 4, 4, 4)
SHAPES = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}
Named = tuple[str, Specimen]


def _elementwise() -> Iterator[Named]:
    names = (
        "CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU "
        "LogSigmoid Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink "
        "Softsign Tanh Tanhshrink Dropout AlphaDropout FeatureAlphaDropout GLU"
    )
    for name in names.split():
        yield name, Specimen(layer(name), VECTOR)
    yield "Threshold", Specimen(layer("Threshold", 0.1, 0.2), VECTOR)
    for name in ("LogSoftmax", "Softmax", "Softmin"):
        yield name, Specimen(layer(name, dim=-1), VECTOR)
    yield "Softmax2d", Specimen(layer("Softmax2d"), IMAGE)


def _of_dimension(d: int, channels: int) -> Iterator[tuple[str, Build]]:
    batch, instance = f"BatchNorm{d}d", f"InstanceNorm{d}d"
    free: dict[str, Any] = {"track_running_stats": False}
    yield f"Conv{d}d", layer(f"Conv{d}d", channels, 3, 2)
    yield f"ConvTranspose{d}d", layer(f"ConvTranspose{d}d", channels, 3, 2)
    yield batch, layer(batch, channels, **free)
    yield f"{batch}, tracking", layer(batch, channels)
    yield f"{batch}, evaluating", lambda: layer(batch, channels)().eval()
    yield f"{batch}, not affine", layer(batch, channels, affine=False, **free)
    yield instance, layer(instance, channels, affine=True)
    yield f"{instance}, not affine", layer(instance, channels)
    pools = ("AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "MaxPool")
    yield from ((f"{pool}{d}d", layer(f"{pool}{d}d", 2)) for pool in pools)
    yield f"LPPool{d}d", layer(f"LPPool{d}d", 2, 2)
    yield f"Dropout{d}d", layer(f"Dropout{d}d")
    yield f"ConstantPad{d}d", layer(f"ConstantPad{d}d", 1, 0.5)
    pads = ("CircularPad", "ReflectionPad", "ReplicationPad", "ZeroPad")
    yield from ((f"{pad}{d}d", layer(f"{pad}{d}d", 1)) for pad in pads)
    pool = layer(f"MaxPool{d}d", 2, return_indices=True)
    yield f"MaxUnpool{d}d", within(Unpooled, pool, layer(f"MaxUnpool{d}d", 2))


def _of_each_dimension() -> Iterator[Named]:
    for d, shape in SHAPES.items():
        for name, build in _of_dimension(d, shape[0]):
            yield name, Specimen(build, shape)


def _others() -> Iterator[Named]:
    for suffix, settings in {"": {}, ", no bias": {"bias": False}}.items():
        yield f"Linear{suffix}", Specimen(layer("Linear", 6, 4, **settings), VECTOR)
        yield f"LayerNorm{suffix}", Specimen(layer("LayerNorm", 6, **settings), VECTOR)
    yield "LayerNorm, two axes", Specimen(layer("LayerNorm", (4, 6)), SEQUENCE)
    yield "RMSNorm", Specimen(layer("RMSNorm", 6), VECTOR)
    yield (
        "AdaptiveLogSoftmaxWithLoss",
        Specimen(
            within(LogProbabilities, layer("AdaptiveLogSoftmaxWithLoss", 6, 5, [2])),
            VECTOR,
        ),
    )
    for pair in (
        layer("Bilinear", 6, 6, 4),
        layer("CosineSimilarity"),
        layer("PairwiseDistance"),
    ):
        yield pair.func.__name__, Specimen(within(Twice, pair), VECTOR)  # type: ignore[attr-defined]
    same = {"padding": "same", "padding_mode": "circular"}
    images = {
        "Conv2d, groups": layer("Conv2d", 4, 4, 2, groups=2),
        "Conv2d, padding same": layer("Conv2d", 4, 3, 3, **same),
        "SyncBatchNorm": layer("SyncBatchNorm", 4, track_running_stats=False),
        "GroupNorm": layer("GroupNorm", 2, 4),
        "LocalResponseNorm": layer("LocalResponseNorm", 2),
        "CrossMapLRN2d": layer("CrossMapLRN2d", 2),
        "FractionalMaxPool2d": layer("FractionalMaxPool2d", 2, output_size=2),
        "ChannelShuffle": layer("ChannelShuffle", 2),
        "PixelShuffle": layer("PixelShuffle", 2),
        "PixelUnshuffle": layer("PixelUnshuffle", 2),
        "Flatten": layer("Flatten"),
        "Unfold": layer("Unfold", 2),
        "Upsample": layer("Upsample", scale_factor=2),
        "UpsamplingBilinear2d": layer("UpsamplingBilinear2d", 8),
        "UpsamplingNearest2d": layer("UpsamplingNearest2d", 8),
    }
    yield from ((name, Specimen(build, IMAGE)) for name, build in images.items())
    volume = layer("FractionalMaxPool3d", 2, output_size=2)
    yield "FractionalMaxPool3d", Specimen(volume, VOLUME)
    yield "Unflatten", Specimen(layer("Unflatten", 1, (2, 3)), VECTOR)
    yield "Fold", Specimen(layer("Fold", 4, 2, stride=2), (8, 4))


def _of_symbols() -> Iterator[Named]:
    settings: dict[str, dict[str, Any]] = {
        "": {},
        ", padding_idx": {"padding_idx": 0},
        ", scale_grad_by_freq": {"scale_grad_by_freq": True},
        ", max_norm": {"max_norm": 1.0},
        ", sparse": {"sparse": True},
    }
    for suffix, options in settings.items():
        build = within(Symbols, layer("Embedding", 7, 4, **options))
        yield f"Embedding{suffix}", Specimen(build, (5,), symbols=7)
    for mode in ("mean", "sum", "max"):
        build = within(Symbols, layer("EmbeddingBag", 7, 4, mode=mode))
        yield f"EmbeddingBag, {mode}", Specimen(build, (5,), symbols=7)


def _of_sequences() -> Iterator[Named]:
    both: dict[str, Any] = {"num_layers": 2, "bidirectional": True}
    for name in ("RNN", "GRU", "LSTM"):
        for suffix, options in {"": {}, ", two layers, both ways": both}.items():
            made = layer(name, 6, 3, batch_first=True, **options)
            yield f"{name}{suffix}", Specimen(within(LastState, made), SEQUENCE)
        yield (
            f"{name}Cell",
            Specimen(
                within(
                    LastState if name == "LSTM" else nn.Sequential,
                    layer(f"{name}Cell", 6, 3),
                ),
                VECTOR,
            ),
        )
    projected = layer("LSTM", 6, 3, batch_first=True, proj_size=2)
    yield "LSTM, projected", Specimen(within(LastState, projected), SEQUENCE)


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
    encoder = layer("TransformerEncoderLayer", **options)
    decoder = layer("TransformerDecoderLayer", **options)
    whole = layer("Transformer", num_encoder_layers=1, num_decoder_layers=1, **options)
    first = layer("TransformerEncoderLayer", norm_first=True, **options)

    def stack() -> nn.Module:
        return nn.TransformerEncoder(
            cast(nn.TransformerEncoderLayer, encoder()), 2, enable_nested_tensor=False
        )

    def decoders() -> nn.Module:
        return nn.TransformerDecoder(cast(nn.TransformerDecoderLayer, decoder()), 1)

    builds = {
        "TransformerEncoderLayer": encoder,
        "TransformerEncoderLayer, norm first": first,
        "TransformerDecoderLayer": within(Twice, decoder),
        "TransformerEncoder": stack,
        "TransformerDecoder": within(Twice, decoders),
        "Transformer": within(Twice, whole),
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
