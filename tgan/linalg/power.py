"""Power iteration: norms of matrices from below, fast."""

import torch
from torch import Tensor


def norms_from_below(matrices: Tensor, *, iterations: int = 12) -> Tensor:
    """What the norms of (..., m, n) are about, and never above but for rounding, (...).

    |A x| for a unit vector x that power iterations have turned to the largest singular values,
    from a fixed start.
    """
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(matrices.shape[-1], 1, generator=generator).to(matrices)
    x = _normalised(start.expand(*matrices.shape[:-2], -1, -1))
    for _ in range(iterations):
        x = _normalised(matrices.mH @ (matrices @ x))
    return torch.linalg.vector_norm(matrices @ x, dim=(-2, -1))


def _normalised(x: Tensor) -> Tensor:
    tiny = torch.finfo(x.dtype).tiny
    return x / torch.linalg.vector_norm(x, dim=-2, keepdim=True).clamp(min=tiny)
