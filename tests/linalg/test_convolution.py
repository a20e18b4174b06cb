import math

import numpy as np
import pytest
import torch

from tests.made.fake_gpu import fake_gpu
from tests.truths.operators import explicit_norm
from tgan.linalg import (
    ConvNormBounds,
    conv_norm,
    conv_norm_upper_bound,
    gram,
)
from tgan.linalg.lattice import make_axes

# Kernel, input size, stride, padding, dilation, groups.
CASES = {
    "tgan": ((4, 2, 4, 4, 4), (4, 8, 8), 2, 1, 1, 1),
    "tgan_two_frames": ((3, 2, 4, 4, 4), (2, 4, 4), 2, 1, 1, 1),
    "one_frame": ((3, 2, 1, 4, 4), (1, 8, 8), (1, 2, 2), (0, 1, 1), 1, 1),
    "whole_input": ((2, 3, 2, 4, 4), (2, 4, 4), 1, 0, 1, 1),
    "no_padding": ((3, 2, 3, 3), (7, 9), 1, 0, 1, 1),
    "same_padding": ((3, 3, 3, 3), (8, 8), 1, 1, 1, 1),
    "wide_padding": ((2, 2, 3, 3), (4, 5), 2, 3, 1, 1),
    "stride_beyond_kernel": ((3, 2, 2), (11,), 3, 0, 1, 1),
    "dilated": ((3, 2, 3), (16,), 1, 2, 2, 1),
    "dilated_stride_coprime": ((3, 2, 4), (19,), 2, 3, 3, 1),
    "dilated_stride_common": ((3, 2, 4), (19,), 2, 3, 2, 1),
    "groups": ((6, 2, 3, 3), (6, 7), 2, 1, 1, 3),
    "depthwise": ((4, 1, 3, 3, 3), (4, 4, 4), 1, 1, 1, 4),
    "many_outputs": ((20, 1, 4, 4), (8, 8), 2, 1, 1, 1),
    "dead_taps": ((2, 2, 5), (3,), 3, 4, 2, 1),
}


def guess_of(weight, size, **geometry) -> float:
    return ConvNormBounds(weight, size, **geometry).guess()


def kernel(shape, kind: str) -> torch.Tensor:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))
    return {"random": weight, "positive": weight.abs(), "constant": torch.ones(shape)}[kind]


def case(name, kind):
    shape, size, stride, padding, dilation, groups = CASES[name]
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return kernel(shape, kind), size, geometry


@pytest.mark.parametrize("kind", ["random", "positive", "constant"])
@pytest.mark.parametrize("name", CASES)
def test_bounds_enclose_the_norm_of_the_explicit_matrix(name, kind):
    weight, size, geometry = case(name, kind)
    true = explicit_norm(weight, size, **geometry)
    assert true <= conv_norm_upper_bound(weight, size, **geometry) <= 1.35 * true
    lower = conv_norm(weight, size, **geometry)
    assert 0.99 * true <= lower <= true * (1 + 1e-6)


@pytest.mark.parametrize("kind", ["random", "constant"])
@pytest.mark.parametrize("name", CASES)
def test_what_saves_time_costs_no_more_than_it_says(name, kind):
    weight, size, geometry = case(name, kind)
    bound = conv_norm_upper_bound(weight, size, **geometry)
    for slack in (0.0, 0.005, 0.05):
        loose = conv_norm_upper_bound(weight, size, **geometry, slack=slack)
        assert bound * (1 - 1e-6) <= loose <= bound * (1 + slack) * (1 + 1e-6)
        # Provable, with room for what single precision leaves open.
        above = bound * (1 + slack + 1e-6)
        assert conv_norm_upper_bound(weight, size, **geometry, enough=above, slack=slack) <= above
        below = bound * (1 - 1e-4)
        found = conv_norm_upper_bound(weight, size, **geometry, enough=below, slack=slack)
        assert bound * (1 - 1e-6) <= found <= bound * (1 + slack) * (1 + 1e-6)


@pytest.fixture
def on_a_gpu():
    with fake_gpu() as device:
        yield device


WIDE_AND_FLAT = [((64, 3, 4, 4), (16, 16), 2), ((5, 70), (), 1)]


@pytest.mark.parametrize("slack", [0.0, 0.01])
@pytest.mark.parametrize("enough", [0.0, 1.0])
@pytest.mark.parametrize("shape, size, stride", WIDE_AND_FLAT)
def test_a_gpu_has_its_tensors_by_itself(on_a_gpu, monkeypatch, shape, size, stride, enough, slack):
    """Whatever is read: operations on tensors of two devices would raise."""
    weight = torch.empty(shape, device=on_a_gpu)

    def read(tensor):
        return 0.5 if tensor.is_floating_point() else tensor.dtype == torch.bool

    monkeypatch.setattr(torch.Tensor, "item", read)
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda tensor: True)
    monkeypatch.setattr(torch.Tensor, "__index__", lambda tensor: 0)
    monkeypatch.setattr(torch.Tensor, "nonzero", lambda tensor: torch.zeros(0, 1, dtype=torch.long))
    monkeypatch.setattr(gram.Ceiling, "raise_over", lambda ceiling, grams: None)
    bounds = ConvNormBounds(weight, size, stride=stride)
    assert bounds.guess() > 0
    bounds.upper(enough=enough, slack=slack)


@pytest.mark.parametrize("precision", ["highest", "medium"])
@pytest.mark.parametrize("shape, size", [((64, 32, 4, 4), (16, 16)), ((64, 8, 4, 4, 4), (4, 8, 8))])
def test_single_precision_proves_no_bound_that_does_not_hold(shape, size, precision):
    """Wide enough for sums and factorisations in several blocks."""
    weight, geometry = kernel(shape, "random"), {"stride": 2, "padding": 1}
    bound = conv_norm_upper_bound(weight, size, **geometry)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        for enough in (1 - 1e-6, 1 - 1e-3, 0.9, 0.5):
            bounds = ConvNormBounds(weight, size, **geometry)
            found = bounds.upper(enough=enough * bound, slack=0.01)
            assert bound * (1 - 1e-7) <= found <= bound * 1.01
            assert 0.9 * bound <= bounds.guess() <= bound * (1 + 1e-3)
        assert bounds.upper(enough=1.01 * bound, slack=0.01) <= 1.01 * bound * (1 + 1e-7)
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("kind", ["random", "positive", "constant"])
@pytest.mark.parametrize("name", CASES)
def test_a_guess_is_not_above_the_bound_and_near_it_for_smooth_kernels(name, kind):
    weight, size, geometry = case(name, kind)
    guess = guess_of(weight, size, **geometry)
    bound = conv_norm_upper_bound(weight, size, **geometry)
    least = 0.6 if kind == "random" else 0.98
    assert least * bound <= guess <= bound * (1 + 1e-5)


def test_random_geometries_are_enclosed():
    rng = np.random.default_rng(0)
    looked_at = 0
    while looked_at < 60:
        axes, groups = int(rng.integers(1, 4)), int(rng.integers(1, 3))
        taps, stride, dilation = (rng.integers(1, high, axes).tolist() for high in (5, 4, 4))
        padding = rng.integers(0, 4, axes).tolist()
        size = rng.integers(1, [20, 9, 6][axes - 1], axes).tolist()
        channels = rng.integers(1, 4, 2).tolist()
        weight = torch.from_numpy(rng.normal(size=(groups * channels[0], channels[1], *taps)))
        geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        try:
            true = explicit_norm(weight, size, **geometry)
        except RuntimeError:
            with pytest.raises(ValueError, match="does not fit"):
                conv_norm_upper_bound(weight, size, **geometry)
            continue
        looked_at += 1
        assert true <= conv_norm_upper_bound(weight, size, **geometry)
        assert conv_norm(weight, size, **geometry) <= true * (1 + 1e-9)


@pytest.mark.parametrize("frames, expected", [(16, 8**0.5), (2, 2**0.5)])
def test_a_constant_kernel_nearly_reaches_the_overlap_factor(frames, expected):
    """The norm is near the matrix's times sqrt(8); half of the taps see nothing of two frames."""
    weight = torch.full((1, 1, 4, 4, 4), 1 / 8)
    geometry = {"stride": 2, "padding": 1}
    upper = conv_norm_upper_bound(weight, (frames, 64, 64), **geometry)
    assert 0.95 * expected < conv_norm(weight, (frames, 64, 64), **geometry) <= upper <= expected


def test_the_sign_of_the_torus_makes_short_smooth_axes_exact():
    """k = 4, s = 2, p = 1 on 8 positions: A A^T is tridiagonal with entries 4 and 2, the corners 3.

    Its norm is at most that of the Toeplitz matrix, 4 + 4 cos(pi / 5).
    """
    bound = conv_norm_upper_bound(torch.ones(1, 1, 4), (8,), stride=2, padding=1)
    assert bound == pytest.approx(math.sqrt(4 + 4 * math.cos(math.pi / 5)), rel=1e-6)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 7)])
def test_a_matrix_is_a_convolution_over_no_axes(shape):
    matrix = kernel(shape, "random")
    true = np.linalg.svd(matrix.double().numpy(), compute_uv=False).max()
    for norm in (conv_norm(matrix, ()), conv_norm_upper_bound(matrix, ())):
        assert norm == pytest.approx(true, rel=1e-6)
    assert conv_norm_upper_bound(matrix, ()) >= true


def test_bounds_are_homogeneous_and_zero_for_zero():
    weight, size, geometry = case("tgan", "random")
    one = conv_norm_upper_bound(weight, size, **geometry)
    assert conv_norm_upper_bound(3 * weight, size, **geometry) == pytest.approx(3 * one)
    assert conv_norm_upper_bound(0 * weight, size, **geometry) < 1e-6
    assert conv_norm(0 * weight, size, **geometry) == 0


def test_autocast_does_not_reach_inside():
    weight, size, geometry = case("tgan", "random")
    plain = [f(weight, size, **geometry) for f in (conv_norm, guess_of, conv_norm_upper_bound)]
    with torch.autocast("cpu", torch.bfloat16):
        assert plain == [
            f(weight, size, **geometry) for f in (conv_norm, guess_of, conv_norm_upper_bound)
        ]


def test_power_iteration_ends_when_it_has_converged_or_is_told_to():
    weight, size, geometry = case("tgan", "random")
    true = explicit_norm(weight, size, **geometry)
    rough = conv_norm(weight, size, **geometry, max_iterations=2)
    fine = conv_norm(weight.double(), size, **geometry, tolerance=1e-8, max_iterations=5000)
    assert rough < fine <= true * (1 + 1e-12)
    assert fine == pytest.approx(true, rel=1e-9)


def test_overlap_is_the_known_factor_on_large_inputs_and_less_on_small_ones():
    for taps, stride, dilation in [(4, 2, 1), (5, 2, 1), (4, 2, 2), (3, 2, 3), (2, 3, 1)]:
        (axis,) = make_axes([taps], [64], stride=stride, padding=0, dilation=dilation)
        assert axis.overlap == math.ceil(taps * math.gcd(dilation, stride) / stride)
    (axis,) = make_axes([4], [2], stride=2, padding=1, dilation=1)
    assert axis.overlap == 1


@pytest.mark.parametrize(
    "weight, size, geometry, message",
    [
        (torch.ones(2, 2, 3), (4, 4), {}, "it needs 1 axes"),
        (torch.ones(2, 2, 5), (3,), {}, "does not fit"),
        (torch.ones(3, 2, 3), (4,), {"groups": 2}, "do not split into 2 groups"),
        (torch.ones(2, 2, 3), (4,), {"stride": 0}, "stride 0, below 1"),
        (torch.ones(2, 2, 3), (4,), {"padding": -1}, "padding -1, below 0"),
        (torch.ones(2, 2, 3), (4,), {"dilation": (1, 1)}, "over 1 axes"),
        (torch.full((2, 2, 3), math.nan), (4,), {}, "not finite"),
    ],
)
@pytest.mark.parametrize("function", [conv_norm, ConvNormBounds, conv_norm_upper_bound])
def test_sizes_that_do_not_fit_are_named(function, weight, size, geometry, message):
    with pytest.raises(ValueError, match=message):
        function(weight, size, **geometry)


@pytest.mark.parametrize("scale", [1e-170, 1e-25, 1e30, 1e160])
def test_kernels_of_any_size_are_enclosed(scale):
    weight, size, geometry = case("tgan", "random")
    true = explicit_norm(weight, size, **geometry)
    large = weight.double() * scale
    assert true <= conv_norm_upper_bound(large, size, **geometry) / scale <= 1.35 * true
    assert conv_norm(large, size, **geometry) / scale == pytest.approx(true, rel=1e-2)
    assert conv_norm(large, size, **geometry) <= conv_norm_upper_bound(large, size, **geometry)


def test_one_float64_vector_is_of_norm_one():
    weight = torch.ones(2, 1, 1, dtype=torch.float64)
    assert conv_norm(weight, (9,)) <= conv_norm_upper_bound(weight, (9,))
