"""Largest eigenvalues of many positive matrices, certified from above."""

import torch
from torch import Tensor

from tgan.linalg.cholesky import doubt, factorises
from tgan.linalg.lanczos import largest_from_below


class Ceiling:
    """A number that no eigenvalue of any matrix so far exceeds, up to the matrices' rounding.

    The matrices are positive and Hermitian, (F, n, n) at a time. A Cholesky factorisation of each
    proves that it has no eigenvalue above the number, which costs a seventh to a sixteenth of its
    eigenvalues.

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
    bounds = torch.as_tensor(bound, dtype=torch.float64, device=grams.device).expand(len(grams))
    for kind in (torch.complex64, torch.complex128):
        doubts = _doubts(grams, bounds, kind)
        if bool((2 * doubts <= slack * bounds).all()):
            break
    return _factorise_below(grams, bounds - doubts, kind)


def are_below_at_once(grams: Tensor, bound: Tensor) -> Tensor:
    """Do as `are_below` in single precision alone, without reading anything from a device.

    Args:
        bound: (), one for all.
    """
    bounds = bound.expand(len(grams))
    doubts = _doubts(grams, bounds, torch.complex64)
    return _factorise_below(grams, bounds - doubts, torch.complex64)


def provable_at_once(grams: Tensor, largest: Tensor) -> Tensor:
    """A bound (), above the largest eigenvalue of (F, n, n), that `are_below_at_once` can prove."""
    return largest + 2 * _doubts(grams, largest.expand(len(grams)), torch.complex64).max()


def _doubts(grams: Tensor, bounds: Tensor, kind: torch.dtype) -> Tensor:
    """How far rounding may be in the way of a proof that eigenvalues are below bounds, (F,)."""
    size = grams.shape[-1]
    traces = grams.diagonal(dim1=1, dim2=2).real.sum(-1, dtype=bounds.dtype)
    left = (size * bounds - traces).clamp(min=0)
    # The matrices are rounded to this type, too.
    return doubt(size, kind) * left + torch.finfo(kind).eps * (traces + bounds)


def _factorise_below(grams: Tensor, heights: Tensor, kind: torch.dtype) -> Tensor:
    rest = grams.to(kind, copy=True).neg_()
    rest.diagonal(dim1=1, dim2=2).T.add_(heights)
    return factorises(rest)
