"""Devices by name, and the names of devices."""

import platform
from pathlib import Path

import torch

from .arguments import shown


def named_device(device: torch.device | str | None) -> torch.device:
    """The device of this name, torch's default for None, wherever it is to be found.

    Raises:
        TypeError: it is neither a device nor a name.
        ValueError: there is no such name.
    """
    if device is not None and not isinstance(device, torch.device | str):
        raise TypeError(
            f"expected device to be a torch.device or a name, got {shown(device)}"
        )
    try:
        return torch.get_default_device() if device is None else torch.device(device)
    except RuntimeError:
        raise ValueError(
            f"expected a device such as cpu, cuda or cuda:1, got {shown(str(device))}"
        ) from None


def usable_device(device: torch.device | str | None) -> torch.device | None:
    """The device of this name, if it is there; None is none.

    Raises:
        TypeError: it is neither a device nor a name.
        ValueError: there is no such name or no such device.
    """
    if device is None:
        return None
    found = named_device(device)
    check_available(found)
    return found


def check_available(device: torch.device) -> None:
    """Raise a ValueError unless the device is there."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"expected a device that is available, such as cpu, got {shown(str(device))}: "
            f"{str(error).splitlines()[0]}"
        ) from None


def available_device_name(device: torch.device) -> str:
    """The name of a device that is there.

    Raises:
        ValueError: it is not.
    """
    check_available(device)
    return device_name(device)


def device_name(device: torch.device | str) -> str:
    """The name of a GPU, or the model of the CPU."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line for line in lines if line.startswith("model name"))
        return model.partition(":")[2].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
