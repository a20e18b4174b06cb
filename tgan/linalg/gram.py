"""Largest eigenvalues of many positive matrices, certified from above."""

import math

import torch
from torch import Tensor

from tgan.linalg.cholesky import doubt, factorises
from tgan.linalg.lanczos import largest_from_below

# Gram iteration exceeds the largest eigenvalue by this share at most, for want of squarings.
_SLACK = 2e-3
_TINY = 1e-300


class Ceiling:
    """A number that no eigenvalue of any matrix so far exceeds, up to the matrices' rounding.

    The matrices are positive and Hermitian, (F, n, n) at a time, on a CPU. A Cholesky
    factorisation of each proves that it has no eigenvalue above the number, which costs a seventh
    to a sixteenth of its eigenvalues.

    Attributes:
        height: the number; it starts with what would be low enough.
        slack: the share by which it may be too high, to save time.
    """

    def __init__(self, height: float, slack: float) -> None:
        self.height = height
        self.slack = slack

    def covers(self, grams: Tensor, shares: Tensor | float = 1.0) -> Tensor:
        """Whether each, (F,), is proved to lie below the ceiling, or below a share of it."""
        return are_below(grams, self.height * shares, self.slack)

    def raise_over(self, grams: Tensor) -> None:
        """Raise it over all eigenvalues of these, which it does not cover."""
        # What rounding leaves open of a matrix just at its bound, and of its eigenvalues.
        least = 4 * grams.shape[-1] * doubt(grams.shape[-1], torch.complex128)
        step = max(self.slack / 2, least)
        while len(grams):
            below = largest_from_below(grams)
            worst = below.max() if self.slack else torch.linalg.eigvalsh(grams[below.argmax()])[-1]
            if not worst:
                break
            self.height = max(self.height, worst.item()) * (1 + step)
            grams = grams[~are_below(grams, self.height, step)]


def are_below(grams: Tensor, bound: float | Tensor, slack: float) -> Tensor:
    """Whether positive matrices (F, n, n) provably have no eigenvalue above their bounds, (F,).

    Args:
        bound: one for all, or one each.
        slack: those that are above the bound over 1 + slack may fail.
    """
    size = grams.shape[-1]
    bounds = torch.as_tensor(bound, dtype=torch.float64).expand(len(grams))
    traces = grams.diagonal(dim1=1, dim2=2).real.sum(-1, dtype=torch.float64)
    left = (size * bounds - traces).clamp(min=0)
    for kind in (torch.complex64, torch.complex128):
        # Matrices are rounded to this type, too.
        doubts = doubt(size, kind) * left + torch.finfo(kind).eps * (traces + bounds)
        if bool((2 * doubts <= slack * bounds).all()):
            break
    rest = grams.to(kind, copy=True).neg_()
    rest.diagonal(dim1=1, dim2=2).T.add_(bounds - doubts)
    return factorises(rest)


def gram_iteration(grams: Tensor) -> float:
    """A bound on the eigenvalues of all of (F, n, n), positive and Hermitian, by squaring.

    |G| <= |G^m|_F^(1/m), from above and ever tighter as m doubles: at most n^(1/2m) too much.
    Matrices whose bound falls below what the largest reaches are squared no further.

    Source: Delattre et al. 2023 (Gram iteration).
    """
    size = grams.shape[1]
    logs = grams.new_zeros(len(grams), dtype=torch.float64)
    rows = torch.arange(len(grams), device=grams.device)
    squarings = max(math.ceil(math.log2(math.log(max(size, 2)) / _SLACK)) - 1, 0)
    for t in range(squarings + 1):
        norms = torch.linalg.vector_norm(grams, dim=(1, 2)).clamp(min=_TINY)
        logs[rows] += norms.log() / 2**t
        # |G^m|_F <= sqrt(n) |G|^m
        reached = logs[rows].max() - math.log(size) / 2 ** (t + 1)
        kept = logs[rows] >= reached
        rows, grams = rows[kept], grams[kept] / norms[kept, None, None]
        if t < squarings:
            grams = grams @ grams
    return logs[rows].max().exp().item()
