"""A layer of torch.nn with what it is fed, and modules that do the feeding."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Build = Callable[[], nn.Module]
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


def layer(name: str, *args: Any, **settings: Any) -> Build:
    """A layer of torch.nn, yet to be made."""
    return partial(getattr(nn, name), *args, **settings)


def within(outer: Callable[..., nn.Module], *inner: Build) -> Build:
    """Layers within a module that feeds them."""
    return lambda: outer(*(build() for build in inner))
