"""Gap between the bounds on the norms of TGAN's layers, from below and from above."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tgan.benchmarks.clipping.cost.update_cost import Sizes
from tgan.benchmarks.toys.small import small_experiment
from tgan.linalg import clip_singular_values
from tgan.models.affine import AffineLayer, affine_layers
from tgan.rng.weights import seeded
from tgan.runs.build import build_critic, critic_example

# Enough for a clip to 1 to level most singular values of a kernel.
SCALE = 10.0
BINOMIAL = (1.0, 3.0, 3.0, 1.0)


def norm_gaps(sizes: Sizes) -> dict[str, Any]:
    """Bound every layer of a critic that was clipped to 1 as matrices.

    Returns:
        By kind of kernel, a key of `KERNELS`, the layers in order: `layer` (channels in and out
        and the input's size, in words), `lower` and `upper`.
    """
    config = small_experiment(sizes.settings() | {"critic.batch_norm": False})
    found: dict[str, Any] = {}
    for kind, shape in KERNELS.items():
        critic = seeded(lambda: build_critic(config), 0)
        found[kind] = [
            _bounds(layer, shape) for layer in affine_layers(critic, critic_example(config))
        ]
    return found


def _bounds(layer: AffineLayer, shape: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    weight = layer.module.weight
    with torch.no_grad():
        nn.init.kaiming_normal_(weight, generator=torch.Generator().manual_seed(0))
        kernel = shape(SCALE * weight)
        weight.copy_(clip_singular_values(kernel.flatten(1)).reshape(weight.shape))
    channels = f"{weight.shape[1]} → {weight.shape[0]}"
    size = "x".join(map(str, layer.input_size))
    bounds = {"lower": layer.norm(), "upper": layer.norm_upper_bound()}
    return {"layer": f"{channels} at {size}"} | bounds


def _as_drawn(kernel: Tensor) -> Tensor:
    return kernel


def _low_pass(kernel: Tensor) -> Tensor:
    """The same mean of every kernel over its taps, spread by a binomial along every axis of 4."""
    taps = kernel.flatten(2).mean(-1)
    for size in kernel.shape[2:]:
        profile = torch.tensor(BINOMIAL if size == len(BINOMIAL) else [1.0] * size)
        taps = taps[..., None] * profile
    return taps


KERNELS = {"He's kernels": _as_drawn, "low-pass kernels": _low_pass}
