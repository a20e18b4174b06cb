"""Norms, clips and batch norms on a GPU, against a CPU in double precision."""

import pytest
import torch

from tgan.linalg import (
    ConvNormBounds,
    NormBoundsAtOnce,
    clip_singular_values,
    conv_norm_upper_bound,
    empty_basis,
)
from tgan.linalg.clipping import CLIP_METHODS
from tgan.models.layers import BatchNorm
from tgan.rng.noise import Noise


@pytest.mark.parametrize("tf32", [False, True])
@pytest.mark.parametrize("largest", [1.03, 50.0])
@pytest.mark.parametrize("method", CLIP_METHODS)
def test_clips_are_those_of_a_cpu(gpu, method, largest, tf32):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(128, 500, generator=generator, dtype=torch.float64)
    matrix = (matrix * largest / torch.linalg.matrix_norm(matrix, 2)).float()
    u, s, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    exact = (u * s.clamp(max=1)) @ v
    basis = empty_basis(matrix.to(gpu)) if method == "subspace" else None
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    try:
        clipped = clip_singular_values(matrix.to(gpu), method=method, basis=basis)
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.linalg.matrix_norm(clipped.cpu().double() - exact, 2) < 1e-6


@pytest.mark.parametrize(
    "shape, size", [((64, 3, 4, 4, 4), (16, 64, 64)), ((256, 128, 4, 4), (8, 8))]
)
def test_bounds_are_those_of_a_cpu(gpu, shape, size):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    geometry = {"stride": 2, "padding": 1}
    bound = conv_norm_upper_bound(weight, size, **geometry)
    there = weight.to(gpu)
    assert conv_norm_upper_bound(there, size, **geometry) == pytest.approx(bound, rel=1e-8)
    for share in (0.99, 0.9999):
        found = ConvNormBounds(there, size, **geometry).upper(enough=share * bound, slack=0.01)
        assert bound * (1 - 1e-7) <= found <= 1.01 * bound
    at_once = NormBoundsAtOnce(there, size, **geometry)
    assert not at_once.is_below(0.9999 * bound) and at_once.is_below(at_once.provable())
    assert bound <= at_once.provable() <= 1.01 * bound
    assert at_once.guess().item() == pytest.approx(bound, rel=1e-3)


@pytest.mark.parametrize("dtype, close", [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("shape", [(64, 8), (6, 8, 5), (6, 8, 7, 7), (4, 8, 3, 9, 9)])
@pytest.mark.parametrize("shift", [True, False])
def test_batch_norms_are_those_of_a_cpu_in_double_precision(gpu, shape, shift, dtype, close):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 3 + 1
    direction = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    results = []
    for device, kind in ((torch.device("cpu"), torch.float64), (gpu, dtype)):
        norm = BatchNorm(8, shift=shift).to(device, torch.promote_types(kind, torch.float32))
        given = x.to(device, kind).requires_grad_()
        out = norm(given)
        out.backward(direction.to(device, out.dtype))
        results.append(
            [each.detach().double().cpu() for each in (out, given.grad, norm.weight.grad)]
        )
    for exact, found in zip(*results, strict=True):
        assert (exact - found).norm() < close * exact.norm() + close


def test_noise_is_that_of_a_cpu(gpu):
    for shape in ((4, 1), (4, 3, 5)):
        here = Noise(1, 2).uniform(shape, torch.zeros(1))
        assert torch.equal(here, Noise(1, 2).uniform(shape, torch.zeros(1, device=gpu)).cpu())
