"""A device named ``emulated``, for machines without a GPU.

Its tensors hold CPU tensors, which do the arithmetic, but keep the rules of CUDA: a tensor
of another device is refused unless it is a single number, a random generator of another
device is refused, and NumPy cannot read the values. Global random numbers come from a state
of its own. Whatever runs here with the right results has no tensor on a wrong device.

Within ``rounding()`` results are off by about one rounding unit wherever another processor
may add in another order or approximate a function otherwise.

Built on torch's hooks for devices written in Python, which are experimental: `install`
returns None where this version of torch lacks them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

NAME = "emulated"
CPU = torch.device("cpu")
aten = torch.ops.aten

# CUDA has these read any device: they copy, or move some indices themselves.
COPIES = {aten.copy_, aten._to_copy, aten._foreach_copy_}
INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
# Even a single number must be on the device here.
STRICT = {aten.cat, aten.stack}
# Torch reaches these without looking for Python's tensors, or would make an empty tensor
# and enlarge it, which a wrapper cannot follow.
DIRECT = (
    "arange copy_ _local_scalar_dense _to_copy detach alias eye index lift_fresh linspace "
    "logspace rand randint randn randperm range tril_indices triu_indices"
)
INEXACT = (
    "addbmm addmm addmv addr baddbmm bmm convolution convolution_backward cos cumsum dot exp "
    "expm1 hypot atan2 log log1p linalg_solve linalg_svd linalg_vector_norm logsumexp mean mm "
    "mse_loss mv norm pow prod rsqrt sigmoid sin softmax _softmax _log_softmax std sum tan "
    "tanh var _linalg_solve_ex _linalg_svd linalg_lstsq linalg_inv_ex"
)
INEXACT_NAMES = frozenset(INEXACT.split())


class State:
    """What the device remembers."""

    random: Tensor = torch.Generator().get_state()
    rounding = False
    libraries: tuple[torch.library.Library, ...] = ()


class EmulatedTensor(torch.Tensor):
    """A tensor of the device, around a CPU tensor with its values."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> "EmulatedTensor":
        self: EmulatedTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            values.size(),
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            layout=values.layout,
            device=torch.device(NAME, 0),
        )
        self.values = values
        return self

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return _call(func, *args, **(kwargs or {}))

    @property
    def data(self) -> Tensor:  # type: ignore[override]
        return torch._C.TensorBase.data.__get__(self)

    @data.setter
    def data(self, new: "EmulatedTensor") -> None:
        torch._C.TensorBase.data.__set__(self, new)
        self.values = new.values

    def __reduce_ex__(self, protocol: Any) -> Any:
        rebuild = torch._utils._rebuild_device_tensor_from_cpu_tensor
        return rebuild, (
            self.detach().cpu(),
            self.dtype,
            str(self.device),
            self.requires_grad,
        )

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]
        return f"{repr(self.detach().cpu())[:-1]}, device='{self.device}')"

    def __format__(self, spec: str) -> str:
        return repr(self) if self.ndim else format(self.item(), spec)

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if force:
            return self.detach().cpu().numpy()
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
            f"copy the tensor to host memory first."
        )


def _call(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Run an operation with the values of its tensors."""
    if func is aten._efficientzerotensor.default:
        func = aten.zeros.default
    if func is aten.linalg_lstsq.default:
        kwargs["driver"] = "gels"  # CUDA has no other
    leaves = list(_leaves((args, *kwargs.values())))
    _check_devices(func, args, leaves)
    _check_generator(leaves)
    wanted = kwargs.get("device")
    if wanted is not None:
        if wanted.type == NAME and wanted.index:
            raise RuntimeError(f"{NAME} error: invalid device ordinal")
        kwargs["device"] = CPU if wanted.type == NAME else wanted
    with _own_randomness(func):
        result = func(
            *(_map(_values, arg) for arg in args),
            **{name: _map(_values, arg) for name, arg in kwargs.items()},
        )
    if State.rounding and func.overloadpacket.__name__.rstrip("_") in INEXACT_NAMES:
        result = _map(_round_otherwise, result)
    if wanted is not None and wanted.type != NAME:
        return result
    changed = _changed(func, args, kwargs)
    return _map(lambda t: changed[id(t)] if id(t) in changed else EmulatedTensor(t), result)


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, list | tuple):
        for branch in tree:
            yield from _leaves(branch)
    else:
        yield tree


def _map(function: Callable[[Tensor], Any], tree: Any) -> Any:
    """Apply a function to all tensors in lists and tuples."""
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, list | tuple):
        return type(tree)([_map(function, branch) for branch in tree])
    return tree


def _values(tensor: Tensor) -> Tensor:
    return tensor.values if isinstance(tensor, EmulatedTensor) else tensor


def _check_devices(func: Any, args: tuple[Any, ...], leaves: list[Any]) -> None:
    packet = func.overloadpacket
    if packet in COPIES:
        return
    if packet in INDEXING and isinstance(args[0], EmulatedTensor):
        leaves = [args[0], *args[2:]]
    for leaf in leaves:
        if not isinstance(leaf, Tensor) or isinstance(leaf, EmulatedTensor):
            continue
        if leaf.ndim or packet in STRICT or leaf.device != CPU:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two "
                f"devices, {NAME}:0 and {leaf.device}! ({func})"
            )


def _check_generator(leaves: list[Any]) -> None:
    for leaf in leaves:
        if isinstance(leaf, torch.Generator) and leaf.device.type != NAME:
            raise RuntimeError(
                f"Expected a '{NAME}' device type for generator but found '{leaf.device}'"
            )


@contextmanager
def _own_randomness(func: Any) -> Iterator[None]:
    if torch.Tag.nondeterministic_seeded not in func.tags:
        yield
        return
    before = torch.get_rng_state()
    torch.set_rng_state(State.random)
    try:
        yield
    finally:
        State.random = torch.get_rng_state()
        torch.set_rng_state(before)


def _changed(func: Any, args: tuple[Any, ...], kwargs: Any) -> dict[int, EmulatedTensor]:
    """The tensors that an operation wrote to, by the identity of their values."""
    found: dict[int, EmulatedTensor] = {}
    if not func._schema.is_mutable:
        return found
    for i, argument in enumerate(func._schema.arguments):
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        for leaf in _leaves(args[i] if i < len(args) else kwargs.get(argument.name)):
            if isinstance(leaf, EmulatedTensor):
                if leaf.shape != leaf.values.shape or leaf.stride() != leaf.values.stride():
                    _adopt_shape(leaf)
                found[id(leaf.values)] = leaf
    return found


def _adopt_shape(tensor: EmulatedTensor) -> None:
    """Give a tensor the shape that its values have now; it cannot grow."""
    new = tensor.values
    with torch._C._DisableTorchDispatch(), torch._C._AutoDispatchBelowAutograd():
        aten.as_strided_(tensor, new.size(), new.stride(), new.storage_offset())


def _round_otherwise(result: Tensor) -> Tensor:
    """One rounding unit up or down or none, as the value's own bits say.

    Numbers of few bits stay: another order of additions gives them, too.
    """
    integers = {torch.float32: torch.int32, torch.float64: torch.int64}.get(result.dtype)
    if integers is None:
        return result
    bits = result.contiguous().view(integers)
    shift = (bits * 40503 >> 7) % 3 - 1
    short = (bits & 0x3FF) == 0
    result.copy_((bits + shift.masked_fill(short, 0)).view(result.dtype))
    return result


@contextmanager
def rounding() -> Iterator[None]:
    """Round as another processor would."""
    State.rounding = True
    try:
        yield
    finally:
        State.rounding = False


class _Module:
    """What torch calls ``torch.emulated``."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        State.random = torch.Generator().manual_seed(seed).get_state()

    def get_rng_state(self, device: Any = None) -> Tensor:
        return State.random.clone()

    def set_rng_state(self, state: Tensor, device: Any = None) -> None:
        State.random = state.clone()


def install() -> torch.device | None:
    """Register the device, before autograd first runs; None where torch cannot."""
    if not hasattr(torch, NAME):
        try:
            from torch.utils.backend_registration import (
                _setup_privateuseone_for_python_backend as register,
            )
        except ImportError:
            return None
        register(NAME, _Module())
        everything = torch.library.Library("_", "IMPL", "PrivateUse1")
        everything.fallback(_call)
        direct = torch.library.Library("aten", "IMPL", "PrivateUse1")
        for packet in (getattr(aten, name) for name in DIRECT.split()):
            for op in (getattr(packet, name) for name in packet.overloads()):
                if "out" not in op._overloadname:
                    direct.impl(op, partial(_call, op))
        State.libraries = everything, direct
    return torch.device(NAME, 0)
