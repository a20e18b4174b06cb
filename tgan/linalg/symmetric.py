"""Functions of symmetric matrices by matrix products alone, as accelerators like them."""

from collections.abc import Iterator

import torch
from torch import Tensor

# Values are taken to 1 to within this.
_CONVERGED = 1e-9


def norm_bound(matrices: Tensor, *, squarings: int = 4) -> Tensor:
    """Bounds on the norms of symmetric matrices (..., n, n), which these exceed by rounding only.

    |A| <= |A^k|_F^(1/k) <= n^(1/2k) |A| with k = 2^squarings: 1.22 |A| at n = 512 after 4 of them,
    1.003 |A| after 10.

    Returns:
        (...), which nothing is read for.

    Source: Delattre et al. 2023 (Gram iteration).
    """
    tiny = torch.finfo(matrices.dtype).tiny
    log_norm = matrices.new_zeros(())
    for t in range(squarings + 1):
        norm = torch.linalg.matrix_norm(matrices, keepdim=True).clamp(min=tiny)
        log_norm = log_norm + norm[..., 0, 0].log() / 2**t
        if t < squarings:
            matrices = matrices / norm
            matrices = matrices @ matrices
    return log_norm.exp()


def sign(matrix: Tensor, low: float) -> Tensor:
    """The matrix sign (n, n) of a symmetric matrix of norm at most 1.

    Args:
        matrix: (n, n).
        low: eigenvalues of this size and more become -1 or 1; smaller ones fall between.

    Source: Chen and Chow 2014.
    """
    for a, b in _scaled_newton_schulz(low):
        matrix = a * matrix + b * matrix @ (matrix @ matrix)
    return matrix


def inverse_root(matrix: Tensor, low: float) -> Tensor:
    """A^(-1/2) (n, n) of a symmetric matrix A with eigenvalues on [low^2, 1].

    Source: Higham 2008, section 6.7 (coupled Newton-Schulz), with the scaling of `sign`.
    """
    root, inverse = matrix, torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    for a, b in _scaled_newton_schulz(low):
        step = b * inverse @ root
        step.diagonal().add_(a)
        root, inverse = root @ step, step @ inverse
    return inverse


def _scaled_newton_schulz(low: float) -> Iterator[tuple[float, float]]:
    """Coefficients (a, b) of x -> a x + b x^3, step by step, that take [low, 1] to 1.

    Each is the best cubic for the interval that its predecessor leaves: of all it has the smallest
    |1 - value| there, the same at both ends and, with the other sign, at its peak.

    Source: Chen and Chow 2014; Amsel et al. 2025 (Polar Express), section 3.
    """
    high = 1.0
    while high - low > _CONVERGED:
        peak = (3 / (high**2 + low * high + low**2)) ** 0.5
        scale = 4 / (2 + low * high * (low + high) * peak**3)
        a, b = 1.5 * scale * peak, -0.5 * scale * peak**3
        yield a, b
        low = a * low + b * low**3
        high = 2 - low
