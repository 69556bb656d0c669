"""The random state of a device, which torch keeps apart from that of the CPU."""

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
