"""Memory that a run can have, and what takes less of it."""

import torch

from tgan.config import Config
from tgan.system.memory import free_memory, most_memory
from tgan.training.launcher import launched_here
from tgan.training.run import Run

# Who holds this part of what there is has no room for previews, reports and checkpoints.
ALL_BUT = 0.9


def memory_of(device: torch.device) -> tuple[int | None, int | None]:
    """Bytes that can be had on a device at most, and now; None where nothing says."""
    if device.type == "cuda":
        free, most = torch.cuda.mem_get_info(device)
        return most, free
    return most_memory(), free_memory()


def lack_of_memory(run: Run, held: float | None) -> str | None:
    """A line where the processes of a run hold about all the memory that there is; else None.

    Args:
        held: the most bytes that this process held; others on this machine are taken to hold as
            much, but each has a GPU of its own.
    """
    device = run.accelerator.device
    most, _ = memory_of(device)
    sharing = 1 if device.type == "cuda" else launched_here()
    if held is None or most is None or held * sharing <= ALL_BUT * most:
        return None
    processes = f" in each of {sharing} processes" if sharing > 1 else ""
    half = run.accelerator.mixed_precision != "no"
    return (
        f"a run of these sizes takes {gigabytes(held)} of memory{processes}, and there are "
        f"{gigabytes(most)}: {what_helps(run.config, half=half)}"
    )


def what_helps(config: Config, *, half: bool) -> str:
    """What to change so that a step takes less memory.

    Args:
        half: whether the networks compute in bf16 or fp16.
    """
    frames = config.data.num_frames
    sizes = [f"train.batch_size ({config.train.batch_size})"]
    sizes += [f"data.num_frames ({frames})"] if frames > 16 else []
    sizes += [f"data.resolution ({config.data.resolution})"]
    less = f"lower {' or '.join([', '.join(sizes[:-1]), sizes[-1]])}"
    if not half:
        less += ", set train.mixed_precision bf16"
    if not config.train.checkpoint_activations:
        less += ", or set train.checkpoint_activations true"
    return less


def gigabytes(num_bytes: float) -> str:
    """A number of bytes in words."""
    return f"{num_bytes / 1e9:,.1f} GB"
