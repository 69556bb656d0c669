"""All tasks at once, by ``torch.func``."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from torch import Tensor
from torch.func import vmap

from .._utils.inputs import Inputs
from .._utils.transforms import QuietVmap
from ..inner_loops.base import SupportLoss
from .derivatives import twice_differentiable_side_by_side
from .plain_loop import PlainLoop, Result


@dataclass(frozen=True)
class SideBySide(PlainLoop):
    """The plain loop with ``vmap`` in its place: quicker, and not exact for every model.

    Args:
        rules: whether the model needs kernels that are right under ``vmap``; without
            them each call costs less.
    """

    rules: bool = True

    def loss_on(self, x: Inputs, y: Tensor) -> SupportLoss:
        """The loss on these examples of one task, differentiated by ``torch.func``."""
        return SupportLoss(partial(self.model, x=x), y, self.loss, self.highest)

    def for_each_task(self, function: Callable[..., Result], *args: Inputs) -> Result:
        """Apply a function of one task to every task, at once."""
        with self.kernels(), QuietVmap():
            result: Result = vmap(function, randomness="different")(*args)
        return result

    def kernels(self) -> AbstractContextManager[object]:
        """The context in which tasks run side by side."""
        third = self.third_derivatives
        if third or self.rules:
            return twice_differentiable_side_by_side(third)
        return nullcontext()
