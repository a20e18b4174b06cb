"""Singular values of matrices: clipping them (TGAN, Saito et al. 2017)."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor
from torch.linalg import vector_norm

from tgan.linalg.precision import rounds_factors
from tgan.linalg.subspace import pairs_above
from tgan.linalg.symmetric import inverse_root, norm_bound, sign
from tgan.lookup import look_up
from tgan.system.device import where_float64_is

# Singular values near the bound are resolved to rounding in float32 as long as the largest is of
# the same order; beyond this ratio the error shows (2e-5 at 50 times the bound).
_MILD_RATIO = 2.0
# Even in float64, squares of values so far above the bound hide those near it; they are brought
# nearer first.
_FAR_RATIO = 1e3
# Squares of bounds beyond 2^20 or below 2^-20 come near the ends of float32.
_FAR_EXPONENT = 20
# Only the lower triangle of a Gram matrix is computed, in so many strips.
_STRIPS = 4
# What `matmul` may leave or take of a squared singular value, relative to the bound's, and how far
# above the bound it reaches in one pass.
_RESOLUTION, _REACH = 1e-6, 100.0
# What `clip_to_share` may leave or take of it, and squarings that tell the largest one to 2e-3.
_ROUGH_RESOLUTION, _ROUGH_SQUARINGS = 1e-4, 10


@torch.no_grad()
def clip_singular_values(
    matrix: Tensor, maximum: float = 1.0, *, method: str = "gram", basis: Tensor | None = None
) -> Tensor:
    """The matrix nearest to `matrix` in Frobenius norm with singular values at most `maximum`.

    Args:
        matrix: (rows, columns), any floating dtype; computed in float32 at least, whatever
            autocast says, and in float64 where the largest singular value is far above the bound.
            The result is rounded to that dtype.
        maximum: the bound, positive.
        method: one of `CLIP_METHODS`, whose results agree to 1e-6 of the bound:

            - `svd`: LAPACK's singular value decomposition, the reference;
            - `gram`: eigenvectors of the smaller Gram matrix, many times faster;
            - `subspace`: those eigenvectors followed from call to call in `basis`, and proved to
              be all that matter; where that fails, and without a basis, `gram`;
            - `matmul`: matrix products alone, for accelerators, those of the smaller side in
              float64; at TGAN's shapes its largest error was 4e-8, on spectra up to 1.03 and up
              to 50 times the bound alike.
        basis: of `subspace`, from `tgan.linalg.empty_basis`; it is updated in place.

    Returns:
        A new matrix, or `matrix` itself where nothing exceeds the bound.

    Raises:
        ValueError: not a matrix, an entry is not finite, the bound is not positive, or no such
            method.

    Source: TGAN (Saito et al. 2017), Algorithm 1.
    """
    clip = look_up(CLIP_METHODS, method, kind="clipping method")
    _check(matrix, maximum, basis)
    if not matrix.numel():
        return matrix
    if where_float64_is(matrix) is not matrix:
        return _on_the_cpu(matrix, maximum, method, basis)
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    longest = _longest_row(wide)
    again = partial(clip_singular_values, method=method, basis=basis)
    mantissa, exponent = math.frexp(maximum)
    if abs(exponent) > _FAR_EXPONENT:
        scaled = matrix.double() * 2.0**-exponent
        clipped = again(scaled, mantissa)
        return matrix if clipped is scaled else (clipped * 2.0**exponent).to(matrix.dtype)
    if longest > _FAR_RATIO * maximum:
        # With room for rounding, or the nearer one would be as far again.
        nearer = again(matrix.double(), 2 * longest / _FAR_RATIO)
        return again(nearer, maximum).to(matrix.dtype)
    precise = longest > _MILD_RATIO * maximum or rounds_factors(matrix.device)
    least = torch.float64 if precise else torch.float32
    with torch.autocast(matrix.device.type, enabled=False):
        clipped = clip(wide.to(torch.promote_types(matrix.dtype, least)), maximum, basis)
    if clipped is None:
        return matrix
    return (clipped if wide is matrix else clipped.T).to(matrix.dtype)


def _on_the_cpu(matrix: Tensor, maximum: float, method: str, basis: Tensor | None) -> Tensor:
    """`clip_singular_values` for a device that has no double precision."""
    here, directions = matrix.cpu(), None if basis is None else basis.cpu()
    clipped = clip_singular_values(here, maximum, method=method, basis=directions)
    if basis is not None and directions is not None:
        basis.copy_(directions)
    return matrix if clipped is here else clipped.to(matrix.device)


def _check(matrix: Tensor, maximum: float, basis: Tensor | None) -> None:
    if matrix.ndim != 2:
        raise ValueError(f"singular values need a matrix, got shape {tuple(matrix.shape)}")
    if not 0 < maximum < math.inf:
        raise ValueError(f"bound on singular values {maximum} is not a positive number")
    if basis is not None and len(basis) != min(matrix.shape):
        raise ValueError(
            f"a basis of {len(basis)} rows for a matrix of shape {tuple(matrix.shape)}"
        )


def _longest_row(wide: Tensor) -> float:
    """The largest norm of a row, which the largest singular value is not below."""
    for least in (torch.float32, torch.float64):
        working = wide.to(torch.promote_types(wide.dtype, least))
        longest = torch.linalg.vector_norm(working, dim=1).max().item()
        if math.isfinite(longest):
            return longest
    raise ValueError("singular values of a matrix with entries that are not finite")


def _needs_float64(wide: Tensor, squares: Tensor, maximum: float) -> bool:
    """Whether squared singular values (n,), found in the precision of W, are too large for it."""
    return wide.dtype != torch.float64 and bool((squares > (_MILD_RATIO * maximum) ** 2).any())


def _by_svd(wide: Tensor, maximum: float, basis: Tensor | None) -> Tensor | None:
    u, sigma, _ = torch.linalg.svd(wide, full_matrices=False)
    if _needs_float64(wide, sigma**2, maximum):
        return _by_svd(wide.double(), maximum, basis)
    return _shrink(wide, maximum, sigma, u)


def _by_gram(wide: Tensor, maximum: float, basis: Tensor | None) -> Tensor | None:
    return _by_subspace(wide, maximum, None)


def _by_subspace(wide: Tensor, maximum: float, basis: Tensor | None) -> Tensor | None:
    gram = _lower_gram(wide)
    followed = None if basis is None else pairs_above(gram, maximum**2, basis)
    squares, u = followed or torch.linalg.eigh(gram)
    if _needs_float64(wide, squares, maximum):
        return _by_subspace(wide.double(), maximum, basis)
    if basis is not None and followed is None:
        basis.copy_(u[:, -basis.shape[1] :])
    return _shrink(wide, maximum, squares.clamp(min=0).sqrt(), u)


def _lower_gram(wide: Tensor) -> Tensor:
    """W W^T in float64, with the precision of W; above the diagonal it is not all there."""
    rows = len(wide)
    gram = wide.new_zeros(rows, rows)
    strip = math.ceil(rows / _STRIPS)
    for start in range(0, rows, strip):
        end = min(start + strip, rows)
        gram[start:end, :end] = wide[start:end] @ wide[:end].T
    return gram.double()


def _shrink(wide: Tensor, maximum: float, sigma: Tensor, u: Tensor) -> Tensor | None:
    """W - U (1 - maximum / sigma) U^T W over the directions with sigma above the maximum."""
    above = sigma > maximum
    if not above.any():
        return None
    u, sigma = u[:, above].to(wide.dtype), sigma[above].to(wide.dtype)
    return wide.addmm(u * (maximum / sigma - 1), u.T @ wide)


def _by_matmul(wide: Tensor, maximum: float, basis: Tensor | None) -> Tensor | None:
    """H^(-1/2) W with H = max(G, 1), eigenvalue by eigenvalue, and G = W W^T / maximum^2."""
    # In float32 this side would be off by 2e-4 where many values lie at the bound.
    gram = (wide @ wide.T).double() / maximum**2
    largest = norm_bound(gram).item()
    if largest <= 1:
        return None
    if wide.dtype != torch.float64 and largest > _MILD_RATIO**2:
        return _by_matmul(wide.double(), maximum, basis)
    if largest > 2 * _REACH**2:
        nearer = _by_matmul(wide, largest**0.5 / _REACH * maximum, basis)
        return _by_matmul(nearer, maximum, basis)
    clipped, excess = _by_products(wide, gram, largest)
    return None if excess <= _RESOLUTION else clipped


def _by_products(
    wide: Tensor, gram: Tensor, largest: float, resolution: float = _RESOLUTION
) -> tuple[Tensor, Tensor]:
    """Clip W by G = W W^T / maximum^2, of norm at most `largest`; and how far G exceeds 1, ().

    Nothing is read of a device. Eigenvalues of G are right to within `resolution`.
    """
    unit = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    # With room for rounding: Newton-Schulz sends what exceeds 1 to where it converges last.
    excess, room = gram - unit, max(largest - 1, 1) * 1.00001
    # max(x, 0) = x (1 + sign x) / 2
    excess = (excess + excess @ sign(excess / room, resolution / room)) / 2
    scale = largest + resolution
    root = inverse_root((unit + excess) / scale, (1 - resolution) * scale**-0.5) * scale**-0.5
    return wide.addmm((root - unit).to(wide.dtype), wide), vector_norm(excess)


@torch.no_grad()
def clip_at_once(matrices: Sequence[Tensor], maximum: float = 1.0) -> list[Tensor]:
    """Clip many matrices as `clip_singular_values` by `matmul` does, with one read for all.

    An accelerator waits for all that was asked for before wherever a number is read. Matrices far
    from the bound are clipped one by one, with further reads. Arguments and errors as there.

    Returns:
        As many matrices, on their device; those that do not exceed the bound have its bits.
    """
    wides = [each if each.shape[0] <= each.shape[1] else each.T for each in matrices]
    with torch.autocast(matrices[0].device.type, enabled=False):
        grams = [(wide @ wide.T).double() / maximum**2 for wide in wides]
        bounds = torch.stack([norm_bound(gram) for gram in grams]).tolist()
        return [_near(*each, maximum) for each in zip(matrices, wides, grams, bounds, strict=True)]


def _near(matrix: Tensor, wide: Tensor, gram: Tensor, bound: float, maximum: float) -> Tensor:
    is_near = bound <= _MILD_RATIO**2 and matrix.dtype.itemsize >= 4
    if not is_near or rounds_factors(matrix.device):
        return clip_singular_values(matrix, maximum, method="matmul")
    clipped, excess = _by_products(wide, gram, bound)
    return torch.where(excess <= _RESOLUTION, matrix, clipped if wide is matrix else clipped.T)


@torch.no_grad()
def clip_to_share(matrix: Tensor, share: float | Tensor, *, least: float) -> Tensor:
    """Clip singular values to a share of the largest one, to a few thousandths, reading nothing.

    For accelerators: by matrix products alone, those of the smaller side in single precision.

    Args:
        matrix: (rows, columns), float32 or float64.
        share: up to 1; a tensor is (), on the matrix's device.
        least: what the share is at least, from 0.01 on; at a lower one anything may come out.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    with torch.autocast(matrix.device.type, enabled=False):
        scale = wide.abs().amax().clamp(min=torch.finfo(wide.dtype).tiny)
        scaled = (wide / scale).float()
        gram = scaled @ scaled.T
        # Of a largest entry 1 the norm is not below 1, but where all are 0.
        largest = norm_bound(gram, squarings=_ROUGH_SQUARINGS).clamp(min=1)
        gram = gram / (largest * share**2)
        clipped, _ = _by_products(wide, gram, least**-2, _ROUGH_RESOLUTION)
    return clipped if wide is matrix else clipped.T


CLIP_METHODS = {"svd": _by_svd, "gram": _by_gram, "subspace": _by_subspace, "matmul": _by_matmul}
# Those that keep a basis from call to call.
FOLLOWING_METHODS = {"subspace"}
