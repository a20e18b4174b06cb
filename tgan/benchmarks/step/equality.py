"""Equality of what a baseline script and our step compute.

A baseline is a program that prints one JSON line with `seconds_per_step_with_clip`, takes the
options of `tgan.benchmarks.step.sizes.Sizes`, and defines `VideoGenerator`, `VideoCritic` and
`clip_singular_values` as TGAN's authors have them.
"""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.optim import RMSprop

from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.timing import (
    Z_SIZE,
    make_networks,
    make_task,
    random_latents,
    random_videos,
)
from tgan.data.pixels import normalise
from tgan.training.steps import Batch

# A gradient below this share of the largest one is zero but for rounding.
_VANISHING = 1e-9


@dataclass(frozen=True)
class FirstStep:
    """Losses and gradients of a training step, before it changes a weight.

    Attributes:
        losses: the generator's and the critic's.
        gradients: by parameter, under our names.
    """

    losses: list[float]
    gradients: dict[str, Tensor]


def load_baseline(path: Path) -> SimpleNamespace:
    """Load the names that a baseline script defines.

    Raises:
        ValueError: no such file, it fails, or it does not define what a baseline has to.
    """
    if not path.is_file():
        raise ValueError(f"no baseline script at '{path}'")
    with _blaming(path):
        baseline = SimpleNamespace(**runpy.run_path(str(path), run_name="baseline"))
    for name in ("VideoGenerator", "VideoCritic", "clip_singular_values"):
        if not hasattr(baseline, name):
            raise ValueError(f"'{path}' is no baseline: it does not define {name}")
    return baseline


def compare(baseline: SimpleNamespace, sizes: Sizes) -> dict[str, float]:
    """Compare the first step's losses (float32) and gradients (float64) with the baseline's.

    Both start from the baseline's weights and see the same clips and latents.

    Returns:
        `loss_difference`, the larger of the two losses' absolute differences, relative to 1 or
        their size if that is larger; `gradient_difference`, the largest over all parameters of
        |difference| / |gradient| in the Euclidean norm. Parameters whose gradient is zero but
        for rounding (a bias before a batch norm, say) are measured against the largest gradient.

    Raises:
        ValueError: our networks do not take the sizes, or the baseline's networks fail.
    """
    plain, ours = _first_steps(baseline, sizes, torch.float32)
    loss = max(
        abs(a - b) / max(1.0, abs(a)) for a, b in zip(plain.losses, ours.losses, strict=True)
    )
    plain, ours = _first_steps(baseline, sizes, torch.float64)
    norms = {name: float(gradient.norm()) for name, gradient in plain.gradients.items()}
    largest = max(norms.values())
    gradient = max(
        float((plain.gradients[name] - ours.gradients[name]).norm())
        / (norm if norm > _VANISHING * largest else largest)
        for name, norm in norms.items()
    )
    return {"loss_difference": loss, "gradient_difference": gradient}


@contextmanager
def _blaming(path: str | Path) -> Iterator[None]:
    """Turn whatever a baseline raises into a ValueError that names the file."""
    try:
        yield
    except (Exception, SystemExit) as error:
        raise ValueError(f"baseline '{path}' fails: {type(error).__name__}: {error}") from None


def _first_steps(
    baseline: SimpleNamespace, sizes: Sizes, dtype: torch.dtype
) -> tuple[FirstStep, FirstStep]:
    """The baseline's first step and ours."""
    ours = [network.to(dtype) for network in make_networks(sizes)]
    torch.manual_seed(0)
    real, z = normalise(random_videos(sizes), dtype), random_latents(sizes, dtype)
    with _blaming(baseline.__file__):
        plain = [
            baseline.VideoGenerator(Z_SIZE, sizes.generator_width, sizes.channels).to(dtype),
            baseline.VideoCritic(sizes.critic_width, sizes.channels).to(dtype),
        ]
        for network, other in zip(ours, plain, strict=True):
            network.load_state_dict(_under_our_names(other.state_dict()))
        plain_step = _plain_first_step(*plain, real, z)
    return plain_step, _our_first_step(*ours, real, z)


def _plain_first_step(
    generator: nn.Module, critic: nn.Module, real: Tensor, z: Tensor
) -> FirstStep:
    fake = generator(z)
    fake_scores, real_scores = critic(fake), critic(real)
    losses = [-fake_scores.mean(), fake_scores.mean() - real_scores.mean()]
    gradients = {}
    for player, network, loss in zip(
        ("generator", "critic"), (generator, critic), losses, strict=True
    ):
        names, parameters = zip(*network.named_parameters(), strict=True)
        values = torch.autograd.grad(loss, parameters, retain_graph=True)
        table = _under_our_names(dict(zip(names, values, strict=True)))
        gradients |= {f"{player}.{name}": value for name, value in table.items()}
    return FirstStep([loss.item() for loss in losses], gradients)


def _our_first_step(generator: nn.Module, critic: nn.Module, real: Tensor, z: Tensor) -> FirstStep:
    task = make_task(generator, critic)
    gradients: dict[str, Tensor] = {}
    for name, learner in (("generator", task.generator), ("critic", task.critic)):
        _note_gradients(name, learner.module, learner.optimizer, gradients)
    terms = task.step(0, repeat(Batch(real)), repeat(z))
    return FirstStep([terms[f"{name}_loss"].item() for name in ("generator", "critic")], gradients)


def _note_gradients(
    player: str, module: nn.Module, optimizer: RMSprop, gradients: dict[str, Tensor]
) -> None:
    """Have the optimiser note its gradients instead of stepping."""

    def note() -> None:
        for name, parameter in module.named_parameters():
            gradients[f"{player}.{name}"] = parameter.grad.clone()

    optimizer.step = note


def _under_our_names(table: dict[str, Tensor]) -> dict[str, Tensor]:
    """A plain network's values as ours has them.

    The generators agree; the plain critic numbers norms from 0 and ends with a 2-D convolution.
    """
    ours = {}
    for name, value in table.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name.startswith("norms."):
            _, number, rest = name.split(".")
            name = f"norms.{int(number) + 1}.{rest}"
        ours[name] = value[:, :, None] if name == "last.weight" else value
    return ours
