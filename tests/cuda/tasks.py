"""Small GANs on a device, and batches for them."""

from itertools import repeat

import torch

from tgan.config.reading import make_config
from tgan.runs.build import build_task
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator
from tgan.training.steps import Batch

SMALL = {
    "data.resolution": 32,
    "data.channels": 3,
    "generator.width": 16,
    "generator.temporal_width": 16,
    "generator.z_slow": 8,
    "generator.z_fast": 8,
    "critic.width": 4,
    "train.batch_size": 4,
    # What no update would follow: projections wait for the device.
    "constraint.name": "none",
}


def make_task(device: torch.device, **settings) -> GANTask:
    """A task of `SMALL` and other settings, dots written as two underscores."""
    named = {name.replace("__", "."): value for name, value in settings.items()}
    config = make_config(None, SMALL | named)
    kernels = {name: getattr(config.train, name) for name in ("tf32", "deterministic")}
    precision = config.train.mixed_precision
    accelerator = make_accelerator(mixed_precision=precision, device=str(device), **kernels)
    with_classes = config.conditional or config.classifies
    return build_task(config, accelerator, classes=["a", "b"] if with_classes else [])


class Batches:
    """The same batches at every step, on a device."""

    def __init__(self, device: torch.device, condition: tuple[torch.Tensor, ...] = ()) -> None:
        generator = torch.Generator().manual_seed(0)
        clips = torch.rand(4, 3, 16, 32, 32, generator=generator) * 2 - 1
        # What a critic that learns classes is told.
        labelled = clips.flip(0).to(device), torch.tensor([1, 0, 1, 1], device=device)
        condition = tuple(each.to(device) for each in condition)
        self.real = Batch(clips.to(device), condition, labelled)
        self.z = (torch.rand(4, 8, generator=generator) * 2 - 1).to(device)

    def step(self, task: GANTask, number: int) -> dict[str, torch.Tensor]:
        """Take a step; its terms."""
        return task.step(number, repeat(self.real), repeat(self.z))


def numbers(task: GANTask) -> list[torch.Tensor]:
    """Every weight and buffer, on the CPU."""
    modules = (task.generator.module, task.critic.module)
    return [value.cpu() for module in modules for value in module.state_dict().values()]
