"""The random state of a device, which torch keeps apart from that of the CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def has_random_state(device: torch.device) -> bool:
    """Whether the device has a random state of its own."""
    return device.type not in ("cpu", "meta")


def random_state(device: torch.device) -> Tensor | None:
    """The device's own random state, if it has one; itself on the CPU."""
    if not has_random_state(device):
        return None
    state: Tensor = torch.get_device_module(device).get_rng_state(device)
    return state


def set_random_state(device: torch.device, state: Tensor | None) -> None:
    """Set the device's own random state; nothing where device or state is none."""
    if state is not None and has_random_state(device):
        torch.get_device_module(device).set_rng_state(state, device)


@contextmanager
def isolated_random_state(device: torch.device, seed: int) -> Iterator[None]:
    """Seed the global generators, for layers that use them, and restore them after.

    Those of devices other than this one and the CPU are left alone.
    """
    if not has_random_state(device):
        with torch.random.fork_rng([]):
            torch.default_generator.manual_seed(seed)
            yield
        return
    others = range(torch.get_device_module(device).device_count())
    with torch.random.fork_rng(others, device_type=device.type):
        torch.manual_seed(seed)
        yield
