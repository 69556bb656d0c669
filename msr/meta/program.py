"""A computation of a learner as a module."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from torch import Tensor, nn


class Program(nn.Module):
    """A computation of a learner as a module, to be called with other tensors."""

    def __init__(self, learner: nn.Module, run: Callable[..., Tensor] | None) -> None:
        super().__init__()
        self.learner, self.run = learner, run

    def forward(self, *args: Any) -> Tensor:
        """The losses."""
        return cast(Callable[..., Tensor], self.run)(*args)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers, by name."""
        yield from self.named_parameters()
        yield from self.named_buffers()
