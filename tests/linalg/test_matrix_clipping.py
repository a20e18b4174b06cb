import numpy as np
import pytest
import torch

from tests.made.fake_gpu import fake_gpu
from tgan.linalg import clip_at_once, clip_singular_values, clip_to_share, clipping
from tgan.linalg.clipping import CLIP_METHODS
from tgan.linalg.subspace import TRACKED, empty_basis, pairs_above

SHAPES = [(6, 40), (40, 6), (12, 12), (1, 30), (30, 1), (64, 192)]
# Most singular values of a critic's kernel lie below the bound, some at it, a few above.
MILD = [1.03, 1.01, 1.000001, 1, 1, 1, 0.999999, 0.99, 0.5, 0.1, 1e-4, 0]
HARSH = [50, 49, 20, 3, 1.0001, 1, 1, 0.9, 1e-3, 0, 0, 0]


def reference(matrix: torch.Tensor, maximum: float = 1.0) -> np.ndarray:
    u, s, vh = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    return (u * s.clip(max=maximum)) @ vh


def distance(clipped: torch.Tensor, expected: np.ndarray) -> float:
    """In the spectral norm."""
    return np.linalg.norm(clipped.double().numpy() - expected, 2)


def largest(matrix: torch.Tensor) -> float:
    return np.linalg.norm(matrix.double().numpy(), 2)


def with_spectrum(sigmas, rows: int, columns: int, *, dtype=torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows * 1000 + columns)
    k = len(sigmas)
    u, _ = torch.linalg.qr(torch.randn(rows, k, generator=generator, dtype=torch.float64))
    v, _ = torch.linalg.qr(torch.randn(columns, k, generator=generator, dtype=torch.float64))
    return (u * torch.tensor(sigmas, dtype=torch.float64) @ v.T).to(dtype)


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("maximum", [1.0, 0.3, 3e-5, 7e3])
def test_clip_matches_numpy(method, shape, maximum):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * maximum / 2
    assert largest(matrix) > maximum
    clipped = clip_singular_values(matrix, maximum, method=method)
    assert clipped.shape == matrix.shape
    assert distance(clipped, reference(matrix, maximum)) < 2e-6 * maximum


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("spectrum", [MILD, HARSH], ids=["mild", "harsh"])
@pytest.mark.parametrize("shape", [(12, 64), (64, 12), (40, 64)])
def test_error_is_at_most_a_millionth_of_the_bound(method, spectrum, shape):
    matrix = with_spectrum(spectrum, *shape)
    clipped = clip_singular_values(matrix, method=method)
    assert distance(clipped, reference(matrix)) < 1e-6
    assert largest(clipped) < 1 + 1e-6


@pytest.mark.parametrize("spectrum", [MILD, HARSH, [1.9, 1.2, 0.3], [0.4, 0.1]])
def test_many_are_clipped_at_once(spectrum):
    """Near the bound, far from it, below; wide, tall, and in other precisions."""
    shapes = [(12, 64), (64, 12), (40, 64)]
    given = [with_spectrum(spectrum, *shape) for shape in shapes]
    given += [given[0].double(), given[0].bfloat16()]
    clipped = clip_at_once(given)
    for matrix, found in zip(given, clipped, strict=True):
        assert found.dtype == matrix.dtype
        close = 1e-6 if matrix.dtype != torch.bfloat16 else 0.1
        assert distance(found, reference(matrix)) < close
        if max(spectrum) < 1:
            assert torch.equal(found, matrix)
    for maximum in (0.3, 7e3):
        scaled = clip_at_once([maximum * each for each in given[:3]], maximum)
        for matrix, found in zip(given, scaled, strict=False):
            assert distance(found, maximum * reference(matrix)) < 1e-6 * maximum


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(12, 64), (64, 12), (40, 64)])
@pytest.mark.parametrize("spectrum", [MILD, HARSH], ids=["mild", "harsh"])
def test_clips_to_a_share_are_close_for_all_that_is_read(spectrum, shape, dtype):
    for share, least in ((0.99, 0.9), (0.99, 0.1), (0.5, 0.4), (0.02, 0.018)):
        maximum = share * max(spectrum)
        for scale in (1.0, 1e-20, 1e20):
            matrix = scale * with_spectrum(spectrum, *shape, dtype=dtype)
            found = clip_to_share(matrix, share, least=least)
            assert found.dtype == dtype and found.shape == matrix.shape
            exact = reference(matrix, maximum * scale) / scale
            assert distance(found.double() / scale, exact) < 3e-3 * maximum
            on_device = clip_to_share(matrix, torch.tensor(share).double(), least=least)
            assert distance(on_device, found.double().numpy()) < 1e-4 * maximum * scale


def test_a_share_of_nothing_is_nothing():
    assert not clip_to_share(torch.zeros(3, 5), 0.5, least=0.4).any()


def test_a_clip_to_a_share_reads_nothing():
    with fake_gpu() as device:
        matrix, share = torch.empty(12, 64, device=device), torch.empty((), device=device)
        assert clip_to_share(matrix, share, least=0.5).device == matrix.device


def test_clips_at_once_read_bounds_alone():
    """Under fake tensors the first read of a number raises; what follows is given it."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        matrix = torch.empty(12, 64, device="cuda")
        with pytest.raises(RuntimeError, match="_local_scalar_dense"):
            clip_at_once([matrix])
        gram = torch.empty(12, 12, device="cuda", dtype=torch.float64)
        clipped, excess = clipping._by_products(matrix, gram, 1.5)
        assert clipped.shape == (12, 64) and clipped.device == excess.device == matrix.device


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("ratio", [200, 1e4, 1e8])
def test_values_far_above_the_bound_do_not_hide_those_near_it(method, ratio):
    near = [1 + 1e-3, 1 + 1e-5, 1, 1 - 1e-5]
    matrix = with_spectrum([ratio, *near], 5, 40, dtype=torch.float64)
    clipped = clip_singular_values(matrix, method=method)
    # What float64 itself keeps of values near 1 beside such large ones.
    assert distance(clipped, reference(matrix)) < 1e-6 + 1e-15 * ratio


@pytest.mark.parametrize("method", ["svd", "gram", "subspace"])
def test_clip_in_float64_is_exact_to_rounding(method):
    matrix = with_spectrum([50, 3, 0.5], 8, 64, dtype=torch.float64)
    clipped = clip_singular_values(matrix, method=method)
    assert clipped.dtype == torch.float64
    assert distance(clipped, reference(matrix)) < 1e-12


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("spectrum", [MILD, HARSH], ids=["mild", "harsh"])
def test_clip_is_idempotent(method, spectrum):
    once = clip_singular_values(with_spectrum(spectrum, 12, 64), method=method)
    assert distance(clip_singular_values(once, method=method), once.double().numpy()) < 1e-6


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("shape", [(8, 64), (64, 8)])
def test_a_matrix_under_the_bound_is_returned_itself(method, shape):
    matrix = with_spectrum([0.9999, 0.9999, 0.5, 0], *shape)
    assert clip_singular_values(matrix, method=method) is matrix
    assert clip_singular_values(matrix, 0.9998, method=method) is not matrix


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (0, 4)])
def test_a_matrix_of_zeros_is_returned_itself(method, shape):
    matrix = torch.zeros(shape)
    assert clip_singular_values(matrix, method=method) is matrix


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("maximum", [1e-30, 1e-12, 1e12, 1e30])
def test_bounds_whose_squares_float32_does_not_hold(method, maximum):
    matrix = with_spectrum([1.5, 1.001, 0.9], 6, 20) * maximum
    clipped = clip_singular_values(matrix, maximum, method=method)
    assert distance(clipped, reference(matrix, maximum)) < 1e-6 * maximum
    small = matrix * 0.6
    assert clip_singular_values(small, maximum, method=method) is small


@pytest.mark.parametrize("method", CLIP_METHODS)
def test_entries_whose_squares_float32_does_not_hold(method):
    matrix = with_spectrum([1e25, 0.5], 6, 20)
    assert largest(clip_singular_values(matrix, method=method)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("method", CLIP_METHODS)
def test_autocast_does_not_reach_inside(method):
    matrix = with_spectrum(MILD, 12, 64)
    plain = clip_singular_values(matrix, method=method)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(clip_singular_values(matrix, method=method), plain)


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_clipped_in_float32(method, dtype):
    matrix = with_spectrum([9, 2, 0.1], 8, 64).to(dtype)
    clipped = clip_singular_values(matrix, method=method)
    assert clipped.dtype == dtype
    assert torch.equal(clipped, clip_singular_values(matrix.float(), method=method).to(dtype))


@pytest.mark.parametrize("method", CLIP_METHODS)
def test_products_that_may_round_their_factors_are_not_used(method):
    matrix = with_spectrum(MILD, 256, 300)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        clipped = clip_singular_values(matrix, method=method)
    finally:
        torch.set_float32_matmul_precision(before)
    # The float64 path leaves only the rounding of the result.
    assert distance(clipped, reference(matrix)) < 5e-8 + 2.5e-7 * (method == "matmul")


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_entries_that_are_not_finite_are_refused(method, bad, dtype):
    matrix = torch.ones(3, 4, dtype=dtype)
    matrix[1, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        clip_singular_values(matrix, method=method)


@pytest.mark.parametrize("maximum", [0, -1.0, float("nan"), float("inf")])
def test_bounds_are_checked(maximum):
    with pytest.raises(ValueError, match=f"bound .* {maximum}"):
        clip_singular_values(torch.ones(3, 3), maximum)


def test_shape_method_and_basis_are_checked():
    with pytest.raises(ValueError, match="shape"):
        clip_singular_values(torch.ones(3))
    with pytest.raises(ValueError, match="did you mean 'gram'"):
        clip_singular_values(torch.ones(3, 3), method="grams")
    with pytest.raises(ValueError, match="basis of 5 rows"):
        basis = empty_basis(torch.ones(5, 5))
        clip_singular_values(torch.ones(3, 5), method="subspace", basis=basis)


def spread(above: int, *, size: int = 128) -> list[float]:
    """Evenly spread values below the bound and some above it."""
    return [1 + 0.03 * (i + 1) / above for i in range(above)] + [
        0.99 * i / size for i in range(size - above)
    ]


@pytest.fixture
def count_eigh(monkeypatch):
    """Sizes of the matrices whose eigenvectors were all computed."""
    sizes, eigh = [], torch.linalg.eigh

    def counted(matrix):
        sizes.append(len(matrix))
        return eigh(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", counted)
    return sizes


def drifting(count: int):
    """Matrices that change as weights do from one update to the next, up to 8 values above 1."""
    generator = torch.Generator().manual_seed(0)
    matrix = with_spectrum(spread(8), 128, 300)
    for _ in range(count):
        change = torch.randn(matrix.shape, generator=generator)
        yield matrix
        matrix = clip_singular_values(matrix) + 0.01 * change / change.norm() + 1e-3 * matrix


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "tall"])
def test_followed_directions_give_the_same_without_eigenvectors_of_all(count_eigh, wide):
    basis = empty_basis(torch.ones(128, 300))
    for matrix in drifting(5):
        matrix = matrix if wide else matrix.T
        clipped = clip_singular_values(matrix, method="subspace", basis=basis)
        assert largest(matrix) > 1.0005
        assert distance(clipped, reference(matrix)) < 1e-6
    # One in `drifting` per matrix, and the very first of ours.
    assert count_eigh.count(128) == 5 + 1


@pytest.mark.parametrize("case", ["more than tracked", "others", "cluster"])
def test_where_following_fails_all_eigenvectors_are_computed(count_eigh, case):
    first = with_spectrum(spread(8), 128, 300)
    matrix = {
        "more than tracked": with_spectrum(spread(TRACKED + 1), 128, 300),
        # The same values, of other singular vectors.
        "others": with_spectrum(spread(8), 128, 301)[:, :300] * 1.01,
        "cluster": with_spectrum([1 + 1e-5 * i for i in range(-64, 64)], 128, 300),
    }[case]
    basis = empty_basis(first)
    clip_singular_values(first, method="subspace", basis=basis)
    count_eigh.clear()
    clipped = clip_singular_values(matrix, method="subspace", basis=basis)
    assert count_eigh.count(128) == 1
    assert distance(clipped, reference(matrix)) < 1e-6
    # It starts from the right directions next time.
    top = np.linalg.svd(matrix.double().numpy())[0][:, :TRACKED]
    assert np.linalg.norm(top.T @ basis.double().numpy(), 2) == pytest.approx(1, abs=1e-5)


def test_a_direction_that_the_basis_does_not_see_is_noticed():
    """Block iteration alone never leaves an invariant subspace; the proof does not hold there."""
    sigma = torch.tensor(spread(8), dtype=torch.float64)
    gram = torch.diag(sigma**2)
    seen = torch.eye(128, dtype=torch.float64)[:, 1 : TRACKED + 1].clone()
    assert pairs_above(gram, 1.0, seen) is None
    values, vectors = pairs_above(gram, 1.0, torch.eye(128).double()[:, :TRACKED].clone())
    torch.testing.assert_close(values, sigma[:8].flip(0).sort().values ** 2)
    torch.testing.assert_close(vectors[8:], torch.zeros(120, 8).double(), atol=1e-9, rtol=0)


def test_following_depends_on_matrix_and_basis_alone():
    *before, last = drifting(3)
    basis = empty_basis(last)
    for matrix in before:
        clip_singular_values(matrix, method="subspace", basis=basis)
    stored = basis.clone()
    once = clip_singular_values(last, method="subspace", basis=basis)
    again = clip_singular_values(last, method="subspace", basis=stored)
    assert torch.equal(once, again) and torch.equal(basis, stored)


@pytest.mark.slow
@pytest.mark.parametrize("spectrum", ["mild", "harsh"])
@pytest.mark.parametrize("method", CLIP_METHODS)
def test_accuracy_at_the_largest_kernel_of_the_paper(method, spectrum):
    below = [0.999 * i / 512 for i in range(512)]
    above = {
        "mild": [1 + 0.03 * i / 8 for i in range(8)],
        "harsh": [1 + 49 * i / 255 for i in range(256)],
    }[spectrum]
    matrix = with_spectrum(above + below[: 512 - len(above)], 512, 16384)
    clipped = clip_singular_values(matrix, method=method).double()
    wide = matrix.double()
    squares, u = torch.linalg.eigh(wide @ wide.T)
    shrink = (1 / squares.clamp(min=0).sqrt()).clamp(max=1)
    error = clipped - (u * shrink) @ (u.T @ wide)
    assert torch.linalg.eigvalsh(error @ error.T)[-1].sqrt() < 1e-6
    assert torch.linalg.eigvalsh(clipped @ clipped.T)[-1].sqrt() < 1 + 1e-6


def test_values_far_above_the_bound_are_brought_down_whatever_their_rounding():
    for seed in range(300):
        generator = torch.Generator().manual_seed(seed)
        matrix = torch.randn(4, 6, generator=generator) * 1e7
        assert torch.linalg.matrix_norm(clip_singular_values(matrix), 2) < 1 + 1e-5
