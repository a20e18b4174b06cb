"""The device that a command runs on."""


def pick_device(name: str) -> str:
    """A device's name once it was found usable; `auto` for the best there is.

    Raises:
        ValueError: there is no such device, or it cannot be used.
    """
    import torch

    from tgan.system.device import usable_device

    if name == "auto":
        available = torch.accelerator.is_available()
        return str(torch.accelerator.current_accelerator()) if available else "cpu"
    usable_device(name)
    return name
