"""Devices that networks are on, and where what they cannot compute is computed."""

from collections.abc import Iterable

import torch
from torch import Tensor

# Kinds of devices without double precision: Apple's GPUs.
_WITHOUT_FLOAT64 = ("mps",)
# Kinds of devices that fetch pinned memory of the host by themselves, while it goes on.
_FETCHING = ("cuda",)
# Kinds of devices on which Adam updates all parameters by one operator; RMSProp has none.
_FUSING = ("cuda",)


def pick_device(name: str) -> str:
    """The name of a device once it was found usable; `auto` takes an accelerator or the CPU.

    Raises:
        ValueError: there is no such device, or it cannot be used.
    """
    if name == "auto":
        available = torch.accelerator.is_available()
        return str(torch.accelerator.current_accelerator()) if available else "cpu"
    usable_device(name)
    return name


def usable_device(device: str | torch.device) -> torch.device:
    """A device once it has held a number, which `meta`, say, cannot.

    Raises:
        ValueError: there is no such device, or it cannot be used.
    """
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"unknown device '{device}'; choose cpu, cuda, cuda:1, mps, ..."
        ) from error
    try:
        torch.zeros(1, device=found).item()
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].split(". ")[0]
        raise ValueError(f"device '{device}' cannot be used: {reason}") from error
    return found


def where_float64_is(tensor: Tensor) -> Tensor:
    """Return a tensor on a device that computes in double precision: its own, or else the CPU."""
    return tensor.cpu() if tensor.device.type in _WITHOUT_FLOAT64 else tensor


def waits_for_reads(tensor: Tensor) -> bool:
    """Whether reading a number of a tensor waits for all that its device was asked for before.

    Not where what is computed in double precision goes to the CPU anyway.
    """
    return tensor.device.type not in {"cpu", *_WITHOUT_FLOAT64}


def wait_for(device: torch.device) -> None:
    """Wait until a device has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor of the host to a device; nobody waits for it where the device can fetch it."""
    fetches = device.type in _FETCHING
    return (tensor.pin_memory() if fetches else tensor).to(device, non_blocking=fetches)


def fuses(parameters: Iterable[Tensor]) -> bool | None:
    """Tell whether Adam has one operator for all of these; None, its default, where it has not.

    Example:
        >>> Adam(parameters, fused=fuses(parameters))
    """
    return all(parameter.device.type in _FUSING for parameter in parameters) or None
