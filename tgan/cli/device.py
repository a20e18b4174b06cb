"""The device that a command runs on."""


def pick_device(name: str) -> str:
    """A device's name once it has held a number, which `meta`, say, cannot; `auto` for the best.

    Raises:
        ValueError: there is no such device, or it cannot be used.
    """
    import torch

    if name == "auto":
        available = torch.accelerator.is_available()
        return str(torch.accelerator.current_accelerator()) if available else "cpu"
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0].split(". ")[0]
        raise ValueError(f"--device {name} cannot be used: {reason}") from None
    return name
