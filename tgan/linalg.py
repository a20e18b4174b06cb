"""Singular values of matrices: clipping them (TGAN, Saito et al. 2017)."""

import torch
from torch import Tensor

from tgan.lookup import look_up

# A float32 Gram matrix resolves singular values near the bound to rounding as long as the
# largest is of the same order; beyond this ratio its error shows (2e-5 at 50 times the bound).
_MILD_RATIO = 2.0


@torch.no_grad()
def clip_singular_values(matrix: Tensor, maximum: float = 1.0, *, method: str = "gram") -> Tensor:
    """The matrix nearest to `matrix` in Frobenius norm with singular values at most `maximum`.

    Args:
        matrix: (rows, columns), any floating dtype; computed in float32 at least, whatever
            autocast says.
        maximum: the bound, positive.
        method: `svd`, the reference (LAPACK), or `gram`, which takes the eigenvectors of the
            smaller Gram matrix and corrects only the directions above the bound: the same
            result, several times faster, and a matrix under the bound is returned as it is.

    Raises:
        ValueError: not a matrix, an entry is not finite, or no such method.

    Source: TGAN (Saito et al. 2017), Algorithm 1.
    """
    if matrix.ndim != 2:
        raise ValueError(f"singular values need a matrix, got shape {tuple(matrix.shape)}")
    if not torch.isfinite(matrix).all():
        raise ValueError("singular values of a matrix with entries that are not finite")
    clip = look_up(_CLIP_METHODS, method, kind="clipping method")
    working = matrix.float() if matrix.dtype in (torch.float16, torch.bfloat16) else matrix
    with torch.autocast(matrix.device.type, enabled=False):
        clipped = clip(working, maximum)
    return matrix if clipped is working else clipped.to(matrix.dtype)


def _clip_by_svd(matrix: Tensor, maximum: float) -> Tensor:
    u, sigma, vh = torch.linalg.svd(matrix, full_matrices=False)
    return (u * sigma.clamp(max=maximum)) @ vh


def _clip_by_gram(matrix: Tensor, maximum: float) -> Tensor:
    """W - U_k (1 - maximum / sigma_k) U_k^T W over the k directions with sigma_k > maximum."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    sigma, u = _left_singular_pairs(wide, maximum)
    above = sigma > maximum
    if not above.any():
        return matrix
    u, excess = u[:, above], 1 - maximum / sigma[above]
    clipped = wide - (u * excess).to(wide.dtype) @ (u.T.to(wide.dtype) @ wide)
    return clipped if wide is matrix else clipped.T


def _left_singular_pairs(wide: Tensor, maximum: float) -> tuple[Tensor, Tensor]:
    """All singular values (ascending) and left singular vectors, in float64, by W W^T."""
    eigenvalues, vectors = torch.linalg.eigh((wide @ wide.T).double())
    if wide.dtype != torch.float64 and eigenvalues[-1] > (_MILD_RATIO * maximum) ** 2:
        eigenvalues, vectors = torch.linalg.eigh(wide.double() @ wide.double().T)
    return eigenvalues.clamp(min=0).sqrt(), vectors


_CLIP_METHODS = {"svd": _clip_by_svd, "gram": _clip_by_gram}
