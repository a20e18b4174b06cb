"""Times of single layers: PyTorch's own, and the form that our networks compute them in."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.timing import NUM_FRAMES, RESOLUTION, make_networks
from tgan.benchmarks.step.work import DTYPES
from tgan.models.images import ImageGenerator
from tgan.models.windows import deconv

_REPEATS = 3
Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class LayerTime:
    """Milliseconds of a layer, alone, over a batch.

    Attributes:
        name: of the layer in its network.
        shape: of its input.
        plain: forward and backward as PyTorch computes it, channels last.
        ours: the same numbers as our networks compute them.
    """

    name: str
    shape: tuple[int, ...]
    plain: tuple[float, float]
    ours: tuple[float, float]


class _Case(NamedTuple):
    """A layer in both forms, over inputs of a shape; gradients are of `parameters` and inputs."""

    name: str
    shape: tuple[int, ...]
    plain: Layer
    ours: Layer
    parameters: list[nn.Parameter]


def time_layers(sizes: Sizes, mixed_precision: str) -> list[LayerTime]:
    """Time all large layers of both networks, one after the other, plain and ours."""
    torch.set_num_threads(sizes.threads)
    generator, critic = make_networks(sizes)
    generator.to(memory_format=torch.channels_last)
    critic.to(memory_format=torch.channels_last_3d)
    found = []
    for case in (*_of_generator(generator.image, sizes.batch), *_of_critic(critic, sizes)):
        times = (
            _milliseconds(form, case.shape, case.parameters, mixed_precision)
            for form in (case.plain, case.ours)
        )
        found.append(LayerTime(case.name, case.shape, *times))
    return found


def table(layers: list[LayerTime]) -> str:
    """The times as lines for a person."""
    lines = [f"{'layer':18} {'input':24} {'plain':>15} {'ours':>15}   ms forward + backward"]
    for layer in layers:
        size = "x".join(map(str, layer.shape))
        plain, ours = (f"{a:7.1f} + {b:5.1f}" for a, b in (layer.plain, layer.ours))
        lines.append(f"{layer.name:18} {size:24} {plain:>15} {ours:>15}")
    totals = [sum(map(sum, (getattr(layer, key) for layer in layers))) for key in ("plain", "ours")]
    lines.append(f"{'sum':43} {totals[0]:15.1f} {totals[1]:15.1f}")
    return "\n".join(lines)


def _of_generator(image: ImageGenerator, batch: int) -> Iterator[_Case]:
    side = image.side
    for number, (layer, norm) in enumerate(zip(image.deconvs, image.norms, strict=True)):
        shape = (batch * NUM_FRAMES, layer.in_channels, side, side)
        ours = layer if number else _first_of(layer)
        yield _Case(f"deconvs.{number}", shape, layer, ours, [layer.weight])
        side *= 2
        shape = (batch * NUM_FRAMES, layer.out_channels, side, side)
        plain = nn.Sequential(nn.BatchNorm2d(layer.out_channels), nn.ReLU(inplace=True))
        ours = nn.Sequential(norm, nn.ReLU(inplace=True))
        yield _Case(f"norms.{number}", shape, plain, ours, [])
    shape = (batch * NUM_FRAMES, image.last.in_channels, side, side)
    yield _Case("last", shape, image.last, image.last, list(image.last.parameters()))


def _first_of(layer: nn.ConvTranspose2d) -> Layer:
    """The first deconvolution, of maps whose first half is the same in all frames of a video."""

    def deconvolve(maps: Tensor) -> Tensor:
        half = maps.shape[1] // 2
        still = deconv(_last(maps[::NUM_FRAMES, :half]), layer.weight[:half])
        moving = deconv(_last(maps[:, half:]), layer.weight[half:])
        return (moving.unflatten(0, (-1, NUM_FRAMES)) + still[:, None]).flatten(0, 1)

    return deconvolve


def _of_critic(critic: nn.Module, sizes: Sizes) -> Iterator[_Case]:
    size = (NUM_FRAMES, RESOLUTION, RESOLUTION)
    for number, layer in enumerate(critic.convs):
        plain = nn.Conv3d(layer.in_channels, layer.out_channels, 4, 2, 1)
        plain.weight, plain.bias = layer.weight, layer.bias
        shape = (sizes.batch, layer.in_channels, *size)
        yield _Case(f"critic.convs.{number}", shape, plain, layer, list(layer.parameters()))
        size = tuple(side // 2 for side in size)


def _milliseconds(
    layer: Layer, shape: tuple[int, ...], parameters: list[Tensor], mixed_precision: str
) -> tuple[float, float]:
    x = _last(torch.randn(shape).to(DTYPES[mixed_precision])).requires_grad_()
    times: list[tuple[float, float]] = []
    for _ in range(_REPEATS + 1):
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed_precision == "bf16"):
            out = layer(x)
        middle = time.perf_counter()
        gradient = torch.ones_like(out)
        ready = time.perf_counter()
        torch.autograd.grad(out, [x, *parameters], gradient)
        times.append((middle - begin, time.perf_counter() - ready))
    forward, backward = zip(*times[1:], strict=True)
    return 1e3 * median(forward), 1e3 * median(backward)


def _last(x: Tensor) -> Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return x.contiguous(memory_format=formats[x.ndim])
