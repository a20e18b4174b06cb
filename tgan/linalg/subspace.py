"""The leading eigenvectors of a matrix that changes little from one call to the next."""

import math

import torch
from torch import Tensor
from torch.linalg import vector_norm

# Directions that are followed: TGAN's kernels have up to 8 above the bound after an update, and
# what follows them is needed to tell that there are no more.
TRACKED = 24
_DEGREE, _ROUNDS = 8, 4
# A round that does not shrink the error so many times over is in a cluster, and gives up.
_SPEED = 8
# Relative to the bound's square.
_TOLERANCE = 1e-6


def empty_basis(matrix: Tensor) -> Tensor:
    """What `clip_singular_values` keeps its directions in from call to call; zeros at first.

    Args:
        matrix: (rows, columns).

    Returns:
        (min(rows, columns), k), k at most `TRACKED`, in float32 at least.
    """
    side = min(matrix.shape)
    dtype = torch.promote_types(matrix.dtype, torch.float32)
    return torch.zeros(side, min(side, TRACKED), dtype=dtype, device=matrix.device)


def pairs_above(gram: Tensor, bound: float, basis: Tensor) -> tuple[Tensor, Tensor] | None:
    """The eigenpairs of a positive semidefinite matrix above `bound`, or None if it cannot tell.

    Block iteration from `basis`, with a Chebyshev filter, until the pairs above the bound are
    eigenpairs; a Cholesky factorisation then proves that there are no others. It fails where the
    basis is not of this matrix, or where more values than it has columns exceed the bound.

    Args:
        gram: (n, n), float64, of which the lower triangle is read.
        bound: positive.
        basis: (n, k); it is replaced, in place, by what was found.

    Returns:
        Eigenvalues (m,), ascending, and eigenvectors (n, m).

    Source: Zhou and Saad 2007 (Chebyshev filter).
    """
    if basis.shape[1] == len(gram) or not basis.any():
        return None
    gram = gram.tril() + gram.tril(-1).T
    q, before = basis.double(), math.inf
    for _ in range(_ROUNDS):
        values, q = _rayleigh_ritz(gram, q)
        above = values > bound
        found = values[above], q[:, above]
        residual = vector_norm(gram @ found[1] - found[1] * found[0]).item()
        if residual <= _TOLERANCE * bound and _are_all(gram, bound, *found):
            basis.copy_(q)
            return found
        lowest = values[0].item()
        if not lowest < bound or residual > before / _SPEED:
            return None
        before = residual
        q = _filter(gram, q, max(lowest, bound / 2))
    return None


def _rayleigh_ritz(gram: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The best approximations to eigenpairs, ascending, in the span of q."""
    q, _ = torch.linalg.qr(q)
    values, rotation = torch.linalg.eigh(q.T @ (gram @ q))
    return values, q @ rotation


def _filter(gram: Tensor, q: Tensor, cut: float) -> Tensor:
    """A Chebyshev polynomial of the matrix times q, at most 1 on eigenvalues from 0 to `cut`."""
    half = cut / 2
    before, now = q, (gram @ q) / half - q
    for _ in range(_DEGREE - 1):
        before, now = now, 2 * ((gram @ now) / half - now) - before
    return now


def _are_all(gram: Tensor, bound: float, values: Tensor, vectors: Tensor) -> bool:
    """Whether no eigenvalue exceeds the bound, but by rounding, once these are brought down."""
    rest = gram - (vectors * (values - bound)) @ vectors.T
    room = -rest
    room.diagonal().add_((1 + 2 * _TOLERANCE) * bound)
    return torch.linalg.cholesky_ex(room).info.item() == 0
