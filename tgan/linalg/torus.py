"""Bounds on a convolution by Fourier analysis on tori in which it is embedded."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.cells import prove
from tgan.linalg.circles import Circle, at_frequencies, at_phases
from tgan.linalg.gram import Ceiling, are_below_at_once, provable_at_once
from tgan.linalg.lags import lag_grams, lag_grams_at_once, lag_rounding
from tgan.linalg.lanczos import largest_at_once, largest_from_below
from tgan.linalg.lattice import Axis

# What a guess from below is taken to miss of a largest squared singular value.
_MISSED = 2e-3


class Torus:
    """A torus in which a zero-padded convolution is embedded, and bounds on its norm.

    A stride splits into phases, taken as channels, which leaves stride 1 (see `Axis`). Zero
    padding embeds in a torus: on circles so long that nothing is read around their ends the
    convolution is a part of the circular one, whose norm is at most the largest spectral norm
    of the kernel's Fourier transform over the frequencies of the torus. Since nothing is read
    around the ends it may as well come back with the other sign: then the frequencies lie half
    way between. So each subset of axes gives another bound; the one computed changes the sign on
    the axes where the transform's Frobenius norm is largest at frequency 0, since a smooth
    kernel, whose spectral norm is largest there, has no such frequency on a short axis.

    Args:
        kernel: (C_out, C_in, *K), float32 or float64, without groups and with an axis at least.

    Source: Sedghi et al. 2019 (the circular convolution); the phases, the signs and the axes
    without a torus (see `Axis`) are ours.
    """

    def __init__(self, kernel: Tensor, axes: Sequence[Axis]) -> None:
        # The longest axis comes last, of which half a circle will do: G(-w) is the conjugate of
        # G(w).
        order = sorted(range(len(axes)), key=lambda i: axes[i].period)
        self._axes = [axes[i] for i in order]
        spread = _spread(kernel.permute(0, 1, *(2 + i for i in order)), self._axes)
        self._parts = spread if spread.shape[-2] <= spread.shape[-1] else spread.mT.contiguous()

    @cached_property
    def _single(self) -> Tensor:
        return lag_grams(self._parts.float())

    def guess(self) -> float:
        """What `bound` is about, and not above it but for rounding, in a fraction of its time.

        The spectral norm of the kernel's transform at one of the bound's frequencies, that of the
        largest Frobenius norm, from below.
        """
        gram = _at_strongest(self._single, _with_signs(self._axes, self._single))
        return largest_from_below(gram).sqrt().item()

    def bound(self, *, enough: float = 0.0, slack: float = 0.0) -> float:
        """A bound on the norm, up to rounding in float64.

        Args:
            enough: returned where the bound is not larger, which is faster to prove.
            slack: the share by which the bound may be too large, to save time.
        """
        # A half of the slack is left for each, sums and factorisations.
        rounding, reached = lag_rounding(self._parts).item(), enough or (slack and self.guess())
        if rounding <= slack * reached**2 / 2:
            lags = self._single
        else:
            lags, rounding = lag_grams(self._parts.double()), 0.0
        circles = _with_signs(self._axes, lags)
        ceiling = Ceiling(enough and enough**2 - rounding, slack)
        if not enough:
            ceiling.raise_over(_at_strongest(lags, circles))
        prove(lags.to(lags.dtype.to_complex()), circles, ceiling)
        return math.sqrt(ceiling.height + rounding)

    def is_below(self, bound: Tensor) -> Tensor:
        """Whether a bound on the norm is proved, (), without reading from a device.

        In single precision and at every frequency: a little less is proved than by `bound`, whose
        time on a CPU is shorter.
        """
        goal = bound.square() - lag_rounding(self._parts)
        return torch.stack([are_below_at_once(each, goal).all() for each in self._grams()]).all()

    def guess_at_once(self) -> Tensor:
        """The largest spectral norm at all frequencies, (), to a thousandth; nothing is read."""
        return self._largest.sqrt()

    def provable(self) -> Tensor:
        """A bound, (), that `is_below` proves where the guess is right; nothing is read."""
        largest = (1 + _MISSED) * self._largest
        bounds = [provable_at_once(each, largest) for each in self._grams()]
        return (torch.stack(bounds).max() + lag_rounding(self._parts)).sqrt()

    @cached_property
    def _lags(self) -> Tensor:
        return lag_grams_at_once(self._parts.float())

    @cached_property
    def _largest(self) -> Tensor:
        """The largest squared singular value at all frequencies, ()."""
        found = torch.stack([largest_at_once(each).max() for each in self._grams()])
        return found.max().double()

    def _grams(self) -> Iterator[Tensor]:
        """Gram matrices at the frequencies of the torus of `bound`, nothing being read."""
        return at_phases(self._lags.to(torch.complex64), self._phases)

    @cached_property
    def _phases(self) -> list[Tensor]:
        """The phases of each axis, as `_with_signs` chooses them, on a device that is not read."""
        straight, twisted = (
            _circles(self._axes, [sign] * len(self._axes)) for sign in (False, True)
        )
        energies = _energies(self._lags, straight)
        energies = energies.unflatten(0, [len(circle.angles) for circle in straight])
        phases = []
        for number, circles in enumerate(zip(straight, twisted, strict=True)):
            plain, other = (each.table(energies.device, torch.complex64) for each in circles)
            # Of a half circle there may be one angle less: the last one is taken twice.
            other = torch.cat([other, other[-1:].expand(len(plain) - len(other), -1)])
            is_strongest = energies.select(number, 0).amax() == energies.amax()
            phases.append(torch.where(is_strongest, other, plain))
        return phases


def _at_strongest(lags: Tensor, circles: Sequence[Circle]) -> Tensor:
    """G at the frequency where the transform's Frobenius norm is largest, (1, n, n)."""
    at_one = zip(circles, _strongest(lags, circles), strict=True)
    (gram,) = at_frequencies(lags, [replace(circle, angles=(angle,)) for circle, angle in at_one])
    return gram


def _with_signs(axes: Sequence[Axis], lags: Tensor) -> list[Circle]:
    """The axes of the torus, with the other sign where the strongest frequency is 0 without."""
    strongest = _strongest(lags, _circles(axes, [False] * len(axes)))
    return _circles(axes, [angle == 0 for angle in strongest])


def _strongest(lags: Tensor, circles: Sequence[Circle]) -> tuple[float, ...]:
    """The frequency at which the transform's Frobenius norm is largest."""
    at = _energies(lags, circles).argmax()
    return list(product(*(circle.angles for circle in circles)))[at]


def _energies(lags: Tensor, circles: Sequence[Circle]) -> Tensor:
    """The transform's squared Frobenius norm at all frequencies, (F,)."""
    traces = lags.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64)[..., None, None]
    return torch.cat([chunk.flatten().real for chunk in at_frequencies(traces, circles)])


def _circles(axes: Sequence[Axis], twisted: Sequence[bool]) -> list[Circle]:
    circles = []
    for number, (axis, twist) in enumerate(zip(axes, twisted, strict=True), 1):
        step, is_half = 2 * math.pi / axis.period, number == len(axes)
        angles = [(i + 0.5 * twist) * step for i in range(axis.period)]
        if is_half:
            angles = [angle for angle in angles if angle <= math.pi + 1e-9]
        circles.append(Circle(tuple(angles), step, axis.offsets, is_half))
    return circles


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
