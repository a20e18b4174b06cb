"""Bounds on a convolution by Fourier analysis on tori in which it is embedded."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.cells import Circle, unproved
from tgan.linalg.gram import largest_eigenvalue
from tgan.linalg.lattice import Axis
from tgan.linalg.power import norms_from_below

# Entries of Gram matrices that are held at a time: 256 MB of complex doubles.
_CHUNK = 2**24
# Columns that are added up at a time in single precision.
_BLOCK = 64


def torus_bound(
    kernel: Tensor, axes: Sequence[Axis], *, enough: float = 0.0, slack: float = 0.0
) -> float:
    """A bound on the norm of a zero-padded convolution, up to rounding.

    A stride splits into phases, taken as channels, which leaves stride 1 (see `Axis`). Zero
    padding embeds in a torus: on circles so long that nothing is read around their ends the
    convolution is a part of the circular one, whose norm is at most the largest spectral norm
    of the kernel's Fourier transform over the frequencies of the torus. Since nothing is read
    around the ends it may as well come back with the other sign: then the frequencies lie half
    way between. So each subset of axes gives another bound; the one computed changes the sign on
    the axes where the transform's Frobenius norm is largest at frequency 0, since a smooth
    kernel, whose spectral norm is largest there, has no such frequency on a short axis.

    Args:
        kernel: (C_out, C_in, *K), float64, without groups.
        enough: returned where the bound is not larger, which is faster to prove.
        slack: the share by which the bound may be too large, to save time.

    Source: Sedghi et al. 2019 (the circular convolution); the phases, the signs and the axes
    without a torus (see `Axis`) are ours.
    """
    parts, _, circles = _on_torus(kernel, axes)
    if not enough or kernel.device.type != "cpu":
        grams = _at_frequencies(_lag_grams(parts), circles)
        return math.sqrt(largest_eigenvalue(grams, enough=enough**2, slack=2 * slack))
    lags, rounding = _rounded_lag_grams(parts, most=slack * enough**2 / 2)
    goal = enough**2 - rounding
    grams = unproved(lags, circles, goal, slack)
    return math.sqrt(largest_eigenvalue(grams, enough=goal, slack=slack) + rounding)


def _rounded_lag_grams(parts: Tensor, most: float) -> tuple[Tensor, float]:
    """Lags, complex, and by how much G may be off that is summed from them for their rounding.

    In single precision if that is no more than `most`.
    """
    # Each term of an entry of G passes through these many roundings: two of factors, the sums over
    # and between blocks, and a phase and a sum over lags of complex numbers, which are twice as
    # many real ones (by sqrt(2)), over at most three axes in two steps.
    sums = 3 + _BLOCK + parts.shape[-1] // _BLOCK
    sums += 1.5 * (4 + 2 * math.prod(2 * span - 1 for span in parts.shape[:-2]))
    # Of the sum of all terms' moduli, a symmetric matrix of no negative entries, no eigenvalue is
    # larger than the largest sum of a row.
    moduli = parts.abs().flatten(0, -3).sum(0) if parts.ndim > 2 else parts.abs()
    rounding = sums * torch.finfo(torch.float32).eps / 2 * (moduli @ moduli.sum(0)).max().item()
    if rounding > most:
        return _lag_grams(parts.double()).to(torch.complex128), 0.0
    return _lag_grams(parts.float(), block=_BLOCK).to(torch.complex64), rounding


def torus_guess(kernel: Tensor, axes: Sequence[Axis]) -> float:
    """What `torus_bound` is about, and not above it but for rounding, in a fraction of its time.

    The spectral norm of the kernel's transform at one of the bound's frequencies, that of the
    largest Frobenius norm, from below.
    """
    parts, traces, circles = _on_torus(kernel, axes)
    transform = parts.to(parts.dtype.to_complex())
    for angle in _strongest(traces, circles):
        turns = angle * torch.arange(len(transform), dtype=parts.dtype, device=parts.device)
        transform = torch.tensordot(torch.polar(torch.ones_like(turns), turns), transform, 1)
    return norms_from_below(transform).item()


def _on_torus(kernel: Tensor, axes: Sequence[Axis]) -> tuple[Tensor, Tensor, list[Circle]]:
    """A kernel as matrices (*offsets, n, m), n <= m, traces of its lags, the axes of its torus.

    The longest axis comes last, of which half a circle will do: G(-w) is the conjugate of G(w).
    """
    order = sorted(range(len(axes)), key=lambda i: axes[i].period)
    axes = [axes[i] for i in order]
    spread = _spread(kernel.permute(0, 1, *(2 + i for i in order)), axes)
    parts = spread if spread.shape[-2] <= spread.shape[-1] else spread.mT.contiguous()
    # The trace of A B^T is the product of A and B as vectors.
    traces = _lag_grams(parts.flatten(-2)[..., None, :])
    strongest = _strongest(traces, _circles(axes, [False] * len(axes)))
    return parts, traces, _circles(axes, [angle == 0 for angle in strongest])


def _circles(axes: Sequence[Axis], twisted: Sequence[bool]) -> list[Circle]:
    circles = []
    for number, (axis, twist) in enumerate(zip(axes, twisted, strict=True), 1):
        step, is_half = 2 * math.pi / axis.period, number == len(axes)
        angles = [(i + 0.5 * twist) * step for i in range(axis.period)]
        if is_half:
            angles = [angle for angle in angles if angle <= math.pi + 1e-9]
        circles.append(Circle(angles, step, axis.offsets, is_half))
    return circles


def _strongest(traces: Tensor, circles: Sequence[Circle]) -> tuple[float, ...]:
    """The frequency at which the transform's Frobenius norm is largest, by traces of lags."""
    energies = torch.cat([chunk.flatten().real for chunk in _at_frequencies(traces, circles)])
    return list(product(*(circle.angles for circle in circles)))[energies.argmax()]


def _lag_grams(parts: Tensor, *, block: int | None = None) -> Tensor:
    """Matrices (*L, n, n) with G(w) = sum_l exp(i l w) lags[l], over lags l of either sign.

    G is the Gram matrix of the transform of parts (*K, n, m). L is 2 K - 1; negative lags count
    from the end, as Python counts.

    Args:
        block: add up so many columns at a time, which loses less to rounding.
    """
    blocks = parts.split(block or parts.shape[-1], -1)
    *spans, size, _ = parts.shape
    lags = parts.new_zeros(*(2 * span - 1 for span in spans), size, size)
    places = list(product(*map(range, spans)))
    for ahead, behind in product(places, places):
        # Half of the lags; the others are their transposes.
        if ahead >= behind:
            lag = tuple(x - y for x, y in zip(ahead, behind, strict=True))
            for columns in blocks:
                lags[lag].addmm_(columns[ahead], columns[behind].T)
    for lag in product(*(range(1 - span, span) for span in spans)):
        if lag > (0,) * len(lag):
            lags[tuple(-x for x in lag)] = lags[lag].T
    return lags


def _at_frequencies(lags: Tensor, circles: Sequence[Circle]) -> Iterator[Tensor]:
    """G at all frequencies, in the order of their product, (F, n, n) at a time.

    Axis by axis, since the sum over the lags of one axis is shared by all angles of the next ones.
    """
    size = lags.shape[-1]
    *outer, last = circles
    grams = lags.to(lags.dtype.to_complex())[None]
    for circle in outer:
        grams = circle.at(circle.angles, grams)
    step = max(_CHUNK // size**2, 1)
    for rows in grams.split(max(step // len(last.angles), 1)):
        for first in range(0, len(last.angles), step):
            yield last.at(last.angles[first : first + step], rows)


def _spread(kernel: Tensor, axes: Sequence[Axis]) -> Tensor:
    """What stride 1 over phases takes: matrices (*offsets, C_out * rows, phases * C_in)."""
    c_out, c_in = kernel.shape[:2]
    offsets, rows, phases = (
        [getattr(axis, kind) for axis in axes] for kind in ("offsets", "rows", "phases")
    )
    spread = kernel.new_zeros(*offsets, c_out, *rows, *phases, c_in)
    for entries in product(*(axis.entries for axis in axes)):
        row, tap, phase, offset = zip(*entries, strict=True)
        spread[(*offset, slice(None), *row, *phase)] = kernel[(slice(None), slice(None), *tap)]
    return spread.reshape(*offsets, c_out * math.prod(rows), math.prod(phases) * c_in)
