"""Kernels whose second derivatives are right, for one task and for many.

Meta-gradients differentiate gradients. Some of torch's kernels have no second derivative,
and some lose it under ``torch.func.vmap`` (values and first derivatives stay right). Within
the contexts of this file calls to them are answered by others with the same values:

- attention by the kernel that is made of matrix products and a softmax (the fused ones
  have no second derivative; pytorch issue 116350);
- recurrent layers without cuDNN and oneDNN, whose kernels have none either;
- within ``vmap``, batch, layer and instance normalization in two parts, as it is defined:
  first normalize, then scale and shift (torch's rule for the joint kernel drops terms of
  the second derivative in scale and shift; functorch issue 534, pytorch issue 186256).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

Rule = Callable[..., Any]

# Which kernels torch may choose is one setting for the whole process.
_choosing_kernels = threading.RLock()


def _with_math_attention(function: Rule, *args: Any, **kwargs: Any) -> Any:
    with _choosing_kernels, sdpa_kernel(SDPBackend.MATH):
        return function(*args, **kwargs)


def _without_fused_recurrence(function: Rule, *args: Any, **kwargs: Any) -> Any:
    with _choosing_kernels:
        libraries: tuple[Any, ...] = torch.backends.cudnn, torch.backends.mkldnn
        before = [library.enabled for library in libraries]
        try:
            for library in libraries:
                library.enabled = False
            return function(*args, **kwargs)
        finally:
            for library, enabled in zip(libraries, before):
                library.enabled = enabled


def _layer_norm(
    function: Rule,
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> Tensor:
    normalized = function(input, normalized_shape, None, None, *args, **kwargs)
    return _scaled(normalized, weight, bias)


def _scaled(normalized: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is not None and bias is not None:
        return torch.addcmul(bias, normalized, weight)
    scaled = normalized if weight is None else normalized * weight
    return scaled if bias is None else scaled + bias


def _scaled_by_channel(
    normalized: Tensor, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    """With one number a channel, the second axis."""
    shape = (-1, *[1] * (normalized.ndim - 2))
    scale, shift = (None if p is None else p.reshape(shape) for p in (weight, bias))
    return _scaled(normalized, scale, shift)


def _batch_norm(
    function: Rule,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    *args: Any,
    **kwargs: Any,
) -> Tensor:
    if not training:  # an affine map of its input: nothing is lost
        fixed = (running_mean, running_var, weight, bias, training)
        result: Tensor = function(input, *fixed, *args, **kwargs)
        return result
    statistics = (running_mean, running_var, None, None, training)
    normalized = function(input, *statistics, *args, **kwargs)
    return _scaled_by_channel(normalized, weight, bias)


def _instance_norm(
    function: Rule,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> Tensor:
    normalized = function(input, running_mean, running_var, None, None, *args, **kwargs)
    return _scaled_by_channel(normalized, weight, bias)


def _elementary_layer_norm(
    function: Rule,
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    normalized = _normalized(input, range(-len(normalized_shape), 0), eps)
    if not torch.is_autocast_enabled(input.device.type):
        normalized = normalized.to(input.dtype)
    return _scaled(normalized, weight, bias)


def _elementary_batch_norm(
    function: Rule,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    statistics = running_mean, running_var
    if not training:
        result: Tensor = function(input, *statistics, weight, bias, training, momentum, eps)
        return result
    if running_mean is not None:  # they are updated, and torch checks what it is given
        function(input.detach(), *statistics, None, None, training, momentum, eps)
    normalized = _normalized(input, [0, *range(2, input.ndim)], eps).to(input.dtype)
    return _scaled_by_channel(normalized, weight, bias)


def _elementary_instance_norm(
    function: Rule,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    statistics = running_mean, running_var
    last = use_input_stats, momentum, eps
    if not use_input_stats:
        result: Tensor = function(input, *statistics, weight, bias, *last)
        return result
    if running_mean is not None:
        function(input.detach(), *statistics, None, None, *last)
    normalized = _normalized(input, range(2, input.ndim), eps).to(input.dtype)
    return _scaled_by_channel(normalized, weight, bias)


def _normalized(input: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    """The input without its mean over these axes, divided by its standard deviation."""
    x = input.to(torch.promote_types(input.dtype, torch.float32))
    centred = x - x.mean(tuple(axes), keepdim=True)
    variance = centred.square().mean(tuple(axes), keepdim=True)
    return centred * (variance + eps).rsqrt()


_KERNELS: dict[Any, Rule] = {
    F.scaled_dot_product_attention: _with_math_attention,
    F.multi_head_attention_forward: _with_math_attention,
    torch.lstm: _without_fused_recurrence,
    torch.gru: _without_fused_recurrence,
    torch.rnn_tanh: _without_fused_recurrence,
    torch.rnn_relu: _without_fused_recurrence,
}
_BATCHED: dict[Any, Rule] = _KERNELS | {
    F.layer_norm: _layer_norm,
    F.batch_norm: _batch_norm,
    F.instance_norm: _instance_norm,
}
_ELEMENTARY: dict[Any, Rule] = _KERNELS | {
    F.layer_norm: _elementary_layer_norm,
    F.batch_norm: _elementary_batch_norm,
    F.instance_norm: _elementary_instance_norm,
}


class _Answering(TorchFunctionMode):
    """Calls to some functions are answered by rules.

    While it is active torch's transformers leave out their fused forward pass, which takes
    neither substitutes for parameters nor batched tensors.
    """

    def __init__(self, rules: Mapping[Any, Rule]) -> None:
        super().__init__()
        self.rules = rules

    def __torch_function__(
        self, func: Rule, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        rule = self.rules.get(func)
        if rule is None:
            return func(*args, **(kwargs or {}))
        return rule(func, *args, **(kwargs or {}))


def twice_differentiable(third: bool = False) -> TorchFunctionMode:
    """A context with kernels that can be differentiated twice, for one task at a time.

    Args:
        third: whether a third time, too.
    """
    return _Answering(_ELEMENTARY if third else _KERNELS)


def twice_differentiable_side_by_side(third: bool = False) -> TorchFunctionMode:
    """The same, and right under ``torch.func.vmap``."""
    return _Answering(_ELEMENTARY if third else _BATCHED)
