"""Which kernels run within the contexts, and that they are chosen for a moment only."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

import msr
from helpers import random_batch
from msr.vectorization import derivatives

CONTEXTS = [
    derivatives.twice_differentiable,
    derivatives.twice_differentiable_side_by_side,
]


def choice() -> dict[str, bool]:
    """What torch may choose at this moment."""
    return {
        "cudnn": torch.backends.cudnn.enabled,
        "mkldnn": torch.backends.mkldnn.enabled,
        "flash": torch.backends.cuda.flash_sdp_enabled(),
        "efficient": torch.backends.cuda.mem_efficient_sdp_enabled(),
        "math": torch.backends.cuda.math_sdp_enabled(),
    }


class Seeing(TorchFunctionMode):
    """Notes what torch may choose when functions are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[Any, dict[str, bool]] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen[func] = choice()
        return func(*args, **(kwargs or {}))


def attend(x: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(x, x, x)


def attend_with_weights(x: Tensor) -> Tensor:
    return nn.MultiheadAttention(4, 2, batch_first=True)(x, x, x, need_weights=False)[0]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    ("called", "run", "off"),
    [
        (F.scaled_dot_product_attention, attend, {"flash", "efficient"}),
        (F.multi_head_attention_forward, attend_with_weights, {"flash", "efficient"}),
        (torch.lstm, lambda x: nn.LSTM(4, 2)(x)[0], {"cudnn", "mkldnn"}),
        (torch.gru, lambda x: nn.GRU(4, 2)(x)[0], {"cudnn", "mkldnn"}),
        (torch.rnn_tanh, lambda x: nn.RNN(4, 2)(x)[0], {"cudnn", "mkldnn"}),
        (
            torch.rnn_relu,
            lambda x: nn.RNN(4, 2, nonlinearity="relu")(x)[0],
            {"cudnn", "mkldnn"},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_kernels_without_second_derivatives_are_off(context, called, run, off) -> None:
    before = choice()
    assert all(before.values())
    x = torch.ones(2, 3, 4)
    with Seeing() as within, context():
        run(x)
    assert {name for name, on in within.seen[called].items() if not on} == off
    assert choice() == before
    with Seeing() as outside:
        run(x)
    assert outside.seen[called] == before


def test_recurrence_in_single_precision_has_second_derivatives(generator) -> None:
    """oneDNN's kernels, which have none, are for single precision."""

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(4, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x)[0][:, -1]

    batch = random_batch(2, (3, 4), (2,), generator)
    learner = msr.MetaLearner(Last(), msr.GradientDescent(2))
    losses = learner(batch)
    losses.sum().backward()
    assert losses.dtype == torch.float32
    assert all(p.grad is not None and p.grad.any() for p in learner.model.parameters())


@pytest.mark.parametrize(
    "rule", [derivatives._with_math_attention, derivatives._without_fused_recurrence]
)
def test_one_thread_at_a_time_chooses(rule: Callable[..., Any]) -> None:
    """Else one would put back what the other has chosen."""
    inside, leave, entered = threading.Event(), threading.Event(), threading.Event()
    before = choice()

    def stay() -> None:
        inside.set()
        leave.wait(10)

    threads = [threading.Thread(target=rule, args=(f,)) for f in (stay, entered.set)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    assert not entered.wait(0.1)
    leave.set()
    for thread in threads:
        thread.join()
    assert entered.is_set()
    assert choice() == before
