"""Cost of clipping the kernels of TGAN's critic, method by method, and how exact it is."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tgan.linalg import clip_singular_values
from tgan.linalg.clipping import CLIP_METHODS, FOLLOWING_METHODS
from tgan.linalg.subspace import empty_basis
from tgan.rng import Stream, seed_of

# The kernels of the critic as matrices (Saito et al. 2017, Table 1).
SHAPES = [(64, 192), (128, 4096), (256, 8192), (512, 16384), (1, 8192)]
# Values above the bound: as after an update of a critic that is clipped, and as far from it.
SPECTRA = {"mild": (8, 1.03), "harsh": (256, 50.0)}
LAPACK = "torch.linalg.svd"
# How far a kernel moves between two clips, in the Frobenius norm.
_DRIFT = 0.05

Clip = Callable[[int, Tensor], Tensor | None]


def time_clips(spectrum: str, *, shapes: Sequence[tuple[int, int]], rounds: int) -> dict[str, Any]:
    """Clip kernels of a spectrum by every method, by turns, on one thread.

    Args:
        spectrum: a key of `SPECTRA`.

    Returns:
        By method, and for `LAPACK`'s decomposition alone: `seconds`, of this process' processor
        for all kernels together, one number per round; `error` and `excess`, the largest distance
        from the exact result and above the bound of any kernel, in the spectral norm.
    """
    torch.set_num_threads(1)
    before = [_kernel(spectrum, number, shape) for number, shape in enumerate(shapes)]
    kernels = [_moved(kernel, number) for number, kernel in enumerate(before)]
    clips = {LAPACK: _decompose} | {name: _clip_from(before, name) for name in CLIP_METHODS}
    seconds: dict[str, list[float]] = {name: [] for name in clips}
    for _ in range(rounds):
        for name, clip in clips.items():
            begin = time.process_time()
            for number, kernel in enumerate(kernels):
                clip(number, kernel)
            seconds[name].append(time.process_time() - begin)
    exact = [_exact(kernel) for kernel in kernels]
    found: dict[str, Any] = {LAPACK: {"seconds": seconds[LAPACK]}}
    for name in CLIP_METHODS:
        clipped = [clips[name](number, kernel).double() for number, kernel in enumerate(kernels)]
        errors = [_norm(a - b) for a, b in zip(clipped, exact, strict=True)]
        excess = max(_norm(kernel) - 1 for kernel in clipped)
        found[name] = {"seconds": seconds[name], "error": max(errors), "excess": excess}
    return found


def _decompose(number: int, kernel: Tensor) -> None:
    torch.linalg.svd(kernel, full_matrices=False)


def _clip_from(before: Sequence[Tensor], method: str) -> Clip:
    """Clip by a method which, where it follows directions, knows those of the kernels before."""
    if method not in FOLLOWING_METHODS:
        return lambda number, kernel: clip_singular_values(kernel, method=method)
    bases = [empty_basis(kernel) for kernel in before]
    for kernel, basis in zip(before, bases, strict=True):
        clip_singular_values(kernel, method=method, basis=basis)

    def clip(number: int, kernel: Tensor) -> Tensor:
        # Anew from the same start every time.
        return clip_singular_values(kernel, method=method, basis=bases[number].clone())

    return clip


def _kernel(spectrum: str, number: int, shape: tuple[int, int]) -> Tensor:
    """A matrix with some singular values above 1 and the others spread evenly below."""
    count, top = SPECTRA[spectrum]
    rows = min(shape)
    above = min(count, (rows + 1) // 2)
    sigma = torch.cat(
        [torch.linspace(top, 1 + (top - 1) / count, above), torch.linspace(0.99, 0, rows - above)]
    ).double()
    draw = partial(torch.randn, generator=_generator(number), dtype=torch.float64)
    u, v = (torch.linalg.qr(draw(size, rows))[0] for size in shape)
    return (u * sigma @ v.T).float()


def _moved(kernel: Tensor, number: int) -> Tensor:
    change = torch.randn(kernel.shape, generator=_generator(number, 1))
    return kernel + change * (_DRIFT / change.norm())


def _generator(*keys: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed_of(Stream.SAMPLES, *keys))


def _exact(kernel: Tensor) -> Tensor:
    """The clipped kernel by a decomposition in float64."""
    u, sigma, vh = torch.linalg.svd(kernel.double(), full_matrices=False)
    return (u * sigma.clamp(max=1)) @ vh


def _norm(matrix: Tensor) -> float:
    return torch.linalg.eigvalsh(matrix @ matrix.T)[-1].clamp(min=0).sqrt().item()
