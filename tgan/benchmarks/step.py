"""The training step against a baseline script: seconds, and whether both compute the same.

A baseline is a program that prints one JSON line with `step_seconds`, `clip_seconds` and
`seconds_per_step_with_clip`, takes the options that `Sizes` names, and defines `VideoGenerator`,
`VideoCritic` and `clip_singular_values` as TGAN's authors have them.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import RMSprop

from tgan.constraints import Constraint, SingularValueClip
from tgan.losses import OBJECTIVES
from tgan.models import VideoCritic, VideoGenerator
from tgan.pixels import normalise
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator, make_player

Z_SIZE, NUM_FRAMES, RESOLUTION = 100, 16, 64
# PyTorch's own batch norm epsilon, which a plain port has.
PLAIN_EPS = 1e-5


@dataclass(frozen=True)
class Sizes:
    """What both programs are run with; option names are the fields' with dashes."""

    batch: int = 32
    generator_width: int = 512
    critic_width: int = 64
    channels: int = 3
    steps: int = 3
    svc_every: int = 5
    threads: int = 1

    def options(self) -> list[str]:
        """As command line options."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in asdict(self).items()]


def time_step(sizes: Sizes, *, mixed_precision: str = "no") -> dict[str, Any]:
    """Time our step and our clipping in this process, after one step that is not timed.

    Returns:
        `step_seconds` and `clip_seconds` (medians), `seconds_per_step_with_clip`, `all_steps`.
    """
    torch.manual_seed(0)
    torch.set_num_threads(sizes.threads)
    task = make_task(*make_networks(sizes), mixed_precision=mixed_precision)
    clip = SingularValueClip(interval=1)
    shape = (sizes.batch, NUM_FRAMES, RESOLUTION, RESOLUTION, sizes.channels)
    videos = torch.randint(0, 256, shape, dtype=torch.uint8)
    seconds, clip_seconds = [], []
    for step in range(sizes.steps + 1):
        begin = time.perf_counter()
        task.step(
            step, _stream(normalise(videos)), _stream(torch.rand(sizes.batch, Z_SIZE) * 2 - 1)
        )
        middle = time.perf_counter()
        if step % sizes.svc_every == 0:
            clip.project(task.critic.module, step)
            clip_seconds.append(time.perf_counter() - middle)
        if step:
            seconds.append(middle - begin)
    step_s, clip_s = float(np.median(seconds)), float(np.median(clip_seconds))
    return {
        "step_seconds": step_s,
        "clip_seconds": clip_s,
        "seconds_per_step_with_clip": step_s + clip_s / sizes.svc_every,
        "all_steps": seconds,
    }


def run_program(command: list[str]) -> dict[str, Any]:
    """Run a timing program as a process of its own and read the JSON line it ends with.

    Raises:
        ValueError: it fails, or prints no such line.
    """
    result = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    try:
        if result.returncode == 0:
            return json.loads(result.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        pass
    reason = (result.stderr.strip().splitlines() or ["it printed no JSON line"])[-1]
    raise ValueError(f"'{command[0]}' did not measure anything: {reason}")


def compare(baseline: ModuleType, sizes: Sizes) -> dict[str, float]:
    """How far the first step's losses (float32) and gradients (float64) are from the baseline's.

    Both start from the baseline's weights and see the same clips and latents.

    Returns:
        `loss_difference`, the larger of the two losses' absolute differences, relative to 1 or
        their size if that is larger; `gradient_difference`, the largest over all parameters of
        |difference| / |gradient| in the Euclidean norm. Parameters whose gradient is zero but
        for rounding (a bias before a batch norm, say) are measured against the largest gradient.
    """
    losses32, _ = _both_first_steps(baseline, sizes, torch.float32)
    _, gradients64 = _both_first_steps(baseline, sizes, torch.float64)
    loss = max(abs(a - b) / max(1.0, abs(a)) for a, b in zip(*losses32, strict=True))
    largest = max(float(g.norm()) for g in gradients64[0].values())
    gradient = max(
        float((g - gradients64[1][name]).norm()) / max(float(g.norm()), 1e-6 * largest)
        for name, g in gradients64[0].items()
    )
    return {"loss_difference": loss, "gradient_difference": gradient}


def load_baseline(path: Path) -> ModuleType:
    """The baseline script as a module.

    Raises:
        ValueError: no such file, or it does not define what a baseline has to.
    """
    if not path.is_file():
        raise ValueError(f"no baseline script at '{path}'")
    spec = importlib.util.spec_from_file_location("baseline", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("VideoGenerator", "VideoCritic", "clip_singular_values"):
        if not hasattr(module, name):
            raise ValueError(f"'{path}' is no baseline: it does not define {name}")
    return module


def make_networks(sizes: Sizes) -> tuple[nn.Module, nn.Module]:
    """Our networks with the settings of a plain port: a shift and eps 1e-5 in all batch norms."""
    generator = VideoGenerator(
        z_slow=Z_SIZE,
        channels=sizes.channels,
        width=sizes.generator_width,
        temporal_shift=True,
        eps=PLAIN_EPS,
    )
    critic = VideoCritic(
        channels=sizes.channels, width=sizes.critic_width, shift=True, eps=PLAIN_EPS
    )
    return generator, critic


def make_task(generator: nn.Module, critic: nn.Module, *, mixed_precision: str = "no") -> GANTask:
    """The task that training would make of these networks, without a constraint."""
    accelerator = make_accelerator(mixed_precision=mixed_precision)
    generator.to(accelerator.device, memory_format=torch.channels_last)
    critic.to(accelerator.device, memory_format=torch.channels_last_3d)
    players = (
        make_player(accelerator, network, RMSprop(network.parameters(), lr=5e-5))
        for network in (generator, critic)
    )
    return GANTask(*players, objective=OBJECTIVES["wasserstein"], constraint=Constraint())


def _both_first_steps(
    baseline: ModuleType, sizes: Sizes, dtype: torch.dtype
) -> tuple[list[list[float]], list[dict[str, Tensor]]]:
    """Losses and gradients of the baseline and of ours, in that order."""
    torch.manual_seed(0)
    plain = (
        baseline.VideoGenerator(Z_SIZE, sizes.generator_width, sizes.channels).to(dtype),
        baseline.VideoCritic(sizes.critic_width, sizes.channels).to(dtype),
    )
    ours = tuple(network.to(dtype) for network in make_networks(sizes))
    for network, other, rename in zip(ours, plain, (_generator_name, _critic_name), strict=True):
        network.load_state_dict(_renamed(other.state_dict(), rename))
    shape = (sizes.batch, NUM_FRAMES, RESOLUTION, RESOLUTION, sizes.channels)
    real = normalise(torch.randint(0, 256, shape, dtype=torch.uint8), dtype)
    z = torch.rand(sizes.batch, Z_SIZE, dtype=dtype) * 2 - 1

    fake = plain[0](z)
    fake_scores, real_scores = plain[1](fake), plain[1](real)
    plain_losses = [-fake_scores.mean(), fake_scores.mean() - real_scores.mean()]
    plain_gradients = {}
    for network, loss, rename in zip(
        plain, plain_losses, (_generator_name, _critic_name), strict=True
    ):
        names, parameters = zip(*network.named_parameters(), strict=True)
        grads = torch.autograd.grad(loss, parameters, retain_graph=True)
        table = _renamed(dict(zip(names, grads, strict=True)), rename)
        plain_gradients |= {f"{type(network).__name__}.{k}": v for k, v in table.items()}

    task = make_task(*ours)
    kept: dict[str, Tensor] = {}
    for player in (task.generator, task.critic):
        _keep_gradients(player.module, player.optimizer, kept)
    terms = task.step(0, _stream(real), _stream(z))
    our_losses = [terms["generator_loss"].item(), terms["critic_loss"].item()]
    return [[loss.item() for loss in plain_losses], our_losses], [plain_gradients, kept]


def _keep_gradients(module: nn.Module, optimizer: RMSprop, kept: dict[str, Tensor]) -> None:
    """Have the optimiser note its gradients instead of stepping."""

    def note() -> None:
        for name, parameter in module.named_parameters():
            kept[f"{type(module).__name__}.{name}"] = parameter.grad.clone()

    optimizer.step = note


def _renamed(table: dict[str, Tensor], rename) -> dict[str, Tensor]:
    pairs = (rename(k, v) for k, v in table.items() if not k.endswith("num_batches_tracked"))
    return dict(pairs)


def _generator_name(name: str, value: Tensor) -> tuple[str, Tensor]:
    return name, value


def _critic_name(name: str, value: Tensor) -> tuple[str, Tensor]:
    """The baseline numbers norms from 0 and ends with a 2-D convolution."""
    if name.startswith("norms."):
        _, number, rest = name.split(".")
        return f"norms.{int(number) + 1}.{rest}", value
    return name, value[:, :, None] if name == "last.weight" else value


def _stream(value: Tensor) -> Iterator[Tensor]:
    return repeat(value)
