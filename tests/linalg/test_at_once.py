import math

import numpy as np
import pytest
import torch

from tests.linalg.test_convolution import CASES, case, kernel
from tests.made.fake_gpu import fake_gpu
from tests.made.reads import noted_reads
from tests.truths.operators import explicit_norm
from tgan.linalg import NormBoundsAtOnce, conv_norm_upper_bound

KINDS = ["random", "positive", "constant"]
WIDE = {
    "two axes": ((64, 32, 4, 4), (16, 16)),
    "three axes": ((64, 8, 4, 4, 4), (4, 8, 8)),
    "many columns": ((96, 64, 4, 4), (4, 4)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_what_is_proved_holds_and_is_within_a_percent_of_the_least_bound(name, kind):
    weight, size, geometry = case(name, kind)
    true = explicit_norm(weight, size, **geometry)
    least = conv_norm_upper_bound(weight, size, **geometry)
    bounds = NormBoundsAtOnce(weight, size, **geometry)
    assert not bounds.is_below(true * (1 - 1e-4))
    assert not bounds.is_below(least * (1 - 1e-4))
    assert bounds.is_below(bounds.provable()) and bounds.is_below(1.01 * least)
    assert true <= bounds.provable() <= 1.01 * least
    assert bounds.guess().item() == pytest.approx(least, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WIDE)
def test_sums_and_factorisations_in_several_blocks_are_close_enough_too(name, kind):
    (shape, size), geometry = WIDE[name], {"stride": 2, "padding": 1}
    weight = kernel(shape, kind)
    least = conv_norm_upper_bound(weight, size, **geometry)
    bounds = NormBoundsAtOnce(weight, size, **geometry)
    assert not bounds.is_below(least * (1 - 1e-6))
    assert bounds.is_below(bounds.provable())
    assert least <= bounds.provable() <= 1.01 * least
    assert bounds.guess().item() == pytest.approx(least, rel=1e-3)


def test_where_few_patches_overlap_the_bound_is_theirs():
    """Four taps two apart read five positions: each is read by two outputs at most."""
    bounds = NormBoundsAtOnce(torch.ones(1, 1, 4), (5,), padding=2, dilation=2)
    least = 2 * math.sqrt(2)
    assert bounds.guess().item() == pytest.approx(least, rel=1e-3)
    assert least <= bounds.provable() <= 1.01 * least and bounds.is_below(bounds.provable())


@pytest.mark.parametrize("scale", [1e-30, 1e-19, 1e19, 1e30, 1e160])
def test_kernels_and_bounds_of_any_size(scale):
    weight, size, geometry = case("tgan", "random")
    least = conv_norm_upper_bound(weight, size, **geometry)
    kind = torch.float64 if scale > 1e38 else torch.float32
    bounds = NormBoundsAtOnce((weight.double() * scale).to(kind), size, **geometry)
    assert least <= bounds.provable() / scale <= 1.01 * least
    assert bounds.guess().item() == pytest.approx(least * scale, rel=1e-3)
    for far in (1e-30, 1e-10, 0.999 * least, 1.01 * least, 1e10, 1e30):
        assert bool(bounds.is_below(far * scale)) == (far > least)


def test_nothing_is_proved_of_what_is_not_finite():
    weight, size, geometry = case("tgan", "random")
    for bad in (math.nan, math.inf):
        weight.flatten()[-1] = bad
        bounds = NormBoundsAtOnce(weight, size, **geometry)
        assert not bounds.is_below(1e3) and not bounds.is_below(bounds.provable())
        assert not bounds.guess().isfinite()


def test_kernels_of_zeros_and_those_that_read_nothing_have_no_norm():
    unread = NormBoundsAtOnce(torch.ones(2, 2, 1), (3,), stride=9, padding=2)
    assert unread.guess() == unread.provable() == 0 and unread.is_below(1e-30)
    zeros = NormBoundsAtOnce(torch.zeros(2, 2, 3), (5,))
    assert zeros.is_below(1e-30) and zeros.provable() < 1e-30


def test_a_matrix_is_a_convolution_over_no_axes():
    matrix = kernel((5, 70), "random")
    true = np.linalg.svd(matrix.double().numpy(), compute_uv=False).max()
    bounds = NormBoundsAtOnce(matrix, ())
    assert bounds.is_below(true * (1 + 1e-3)) and not bounds.is_below(true * (1 - 1e-6))
    assert bounds.guess().item() == pytest.approx(true, rel=1e-3)


def test_nothing_is_proved_by_products_of_rounded_factors():
    weight, size, geometry = case("tgan", "random")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert not NormBoundsAtOnce(weight, size, **geometry).is_below(1e3)
    finally:
        torch.set_float32_matmul_precision(before)


def test_autocast_does_not_reach_inside():
    weight, size, geometry = case("tgan", "random")
    plain = NormBoundsAtOnce(weight, size, **geometry).provable()
    with torch.autocast("cpu", torch.bfloat16):
        assert NormBoundsAtOnce(weight, size, **geometry).provable() == plain


@pytest.mark.parametrize("shape, size, stride", [((64, 3, 4, 4), (16, 16), 2), ((5, 70), (), 1)])
def test_nothing_is_read(monkeypatch, shape, size, stride):
    def ask(weight):
        bounds = NormBoundsAtOnce(weight, size, stride=stride)
        return [bounds.guess(), bounds.provable(), bounds.is_below(bounds.provable())]

    with noted_reads(monkeypatch) as reads:
        ask(torch.ones(shape))
    assert reads == []
    with fake_gpu() as device:
        for found in ask(torch.empty(shape, device=device)):
            assert found.device.type == "cuda" and found.shape == ()
        with pytest.raises(RuntimeError, match="_local_scalar_dense"):
            conv_norm_upper_bound(torch.empty(shape, device=device), size, stride=stride)


@pytest.mark.parametrize(
    "weight, size, message",
    [(torch.ones(2, 2, 3), (4, 4), "it needs 1 axes"), (torch.ones(2, 2, 5), (3,), "does not fit")],
)
def test_sizes_that_do_not_fit_are_named(weight, size, message):
    with pytest.raises(ValueError, match=message):
        NormBoundsAtOnce(weight, size)
