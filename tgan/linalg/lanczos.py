"""The largest eigenvalues of many matrices from below, fast."""

import torch
from torch import Tensor


def largest_from_below(grams: Tensor, *, steps: int = 24) -> Tensor:
    """What the largest eigenvalues of (..., n, n) are about, and never above but for rounding.

    Of matrices that are positive and Hermitian, by steps of Lanczos' iteration from a fixed start.
    Where a random matrix's eigenvalues crowd at the largest, so many steps come within a percent.
    Of matrices hardly larger than the number of steps it is computed outright.

    Returns:
        (...), real.
    """
    if grams.shape[-1] <= 2 * steps:
        return torch.linalg.eigvalsh(grams)[..., -1]
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(grams.shape[-1], 1, generator=generator).to(grams)
    before, x = torch.zeros_like(start), start / start.norm()
    x = x.expand(*grams.shape[:-2], -1, -1)
    beside = x.new_zeros(*grams.shape[:-2], 1, 1)
    tiny = torch.finfo(grams.dtype).tiny
    small = beside.real.new_zeros(*grams.shape[:-2], steps, steps)
    for step in range(steps):
        image = grams @ x - beside * before
        along = (x.mH @ image).real
        image = image - along * x
        beside = torch.linalg.vector_norm(image, dim=-2, keepdim=True)
        small[..., step, step] = along[..., 0, 0]
        if step + 1 < steps:
            small[..., step + 1, step] = beside[..., 0, 0]
        before, x = x, image / beside.clamp(min=tiny)
    return torch.linalg.eigvalsh(small)[..., -1]
