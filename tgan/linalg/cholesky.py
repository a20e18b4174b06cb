"""Proofs that Hermitian matrices are positive, by Cholesky factorisations in blocks."""

import torch
from torch import Tensor

# Sums over more columns than these are put together from sums over blocks: the fewer numbers are
# added up in a row, the less is lost to rounding, so that single precision goes a long way.
_BLOCK = 64


def factorises(matrices: Tensor) -> Tensor:
    """Whether a Cholesky factorisation of Hermitian matrices (F, n, n) runs to its end, (F,).

    Block by block, in place: what was in the matrices is lost. See `doubt` for what it proves.
    """
    runs = torch.ones(len(matrices), dtype=torch.bool, device=matrices.device)
    for _ in range(0, matrices.shape[-1], _BLOCK):
        factors, info = torch.linalg.cholesky_ex(matrices[:, :_BLOCK, :_BLOCK])
        # Not every device's library minds what is not a number.
        runs &= (info == 0) & (factors.diagonal(dim1=1, dim2=2).real > 0).all(-1)
        below, matrices = matrices[:, _BLOCK:, :_BLOCK], matrices[:, _BLOCK:, _BLOCK:]
        columns = torch.linalg.solve_triangular(factors.mH, below, upper=True, left=False)
        # The lower half is wanted alone: of the upper one a quarter is left out.
        half = (columns.shape[1] + 1) // 2
        for part in (slice(None, half), slice(half, None)):
            until = part.stop or columns.shape[1]
            matrices[:, part, :until].baddbmm_(columns[:, part], columns[:, :until].mH, alpha=-1)
    return runs


def doubt(size: int, kind: torch.dtype) -> float:
    """By which share of its trace a matrix (n, n) may fail to be positive though it factorises.

    A factorisation A = L L* that runs to its end is that of a matrix nearby, A + E, with
    |E| <= c u |L| |L*| entry by entry, where u is half of the precision and c counts the roundings
    that a term of a sum passes through: those of a block, and one for each block. So
    |E| <= c u |L|_F^2 = c u tr(A), but for terms in u^2. A sum over complex terms is a sum of
    twice as many real ones, and the modulus of what is lost sqrt(2) times what its parts lose.

    Source: Rump 2006 (verification of positive definiteness); Higham 2002, sections 3.6 and 10.1.
    """
    return 3 * (_BLOCK + -(-size // _BLOCK) + 3) * torch.finfo(kind).eps / 2
