"""Gram matrices of a kernel's transform at all frequencies, as a sum over few lags."""

import math
from collections import defaultdict
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.precision import rounds_factors

# Columns that are added up at a time in single precision.
_BLOCK = 64


def lag_grams(parts: Tensor) -> Tensor:
    """Matrices (*L, n, n) with G(w) = sum_l exp(i l w) lags[l], over lags l of either sign.

    G is the Gram matrix of the transform of parts (*K, n, m). L is 2 K - 1; negative lags count
    from the end, as Python counts. Single precision is added up in blocks of columns, which loses
    less to rounding.
    """
    blocks = parts.split(_BLOCK if parts.dtype == torch.float32 else parts.shape[-1], -1)
    *spans, size, _ = parts.shape
    lags = parts.new_zeros(*(2 * span - 1 for span in spans), size, size)
    places = list(product(*map(range, spans)))
    for ahead, behind in product(places, places):
        # Half of the lags; the others are their transposes.
        if ahead >= behind:
            lag = tuple(x - y for x, y in zip(ahead, behind, strict=True))
            # By itself first: added to what is there, each block would be one rounding more for
            # all pairs of this lag.
            pair = parts.new_zeros(size, size)
            for columns in blocks:
                pair.addmm_(columns[ahead], columns[behind].T)
            lags[lag] += pair
    for lag in product(*(range(1 - span, span) for span in spans)):
        if lag > (0,) * len(lag):
            lags[tuple(-x for x in lag)] = lags[lag].T
    return lags


def lag_grams_at_once(parts: Tensor) -> Tensor:
    """Do as `lag_grams` in fewer and larger steps, as accelerators like them."""
    spans = parts.shape[:-2]
    pairs = defaultdict(list)
    places = list(product(*map(range, spans)))
    for ahead, behind in product(places, places):
        if ahead >= behind:
            lag = tuple(x - y for x, y in zip(ahead, behind, strict=True))
            pairs[lag].append((parts[ahead], parts[behind]))
    sides = zip(*(pair for group in pairs.values() for pair in group), strict=True)
    ahead, behind = (torch.stack(side).split(_BLOCK, -1) for side in sides)
    products = parts.new_zeros(sum(map(len, pairs.values())), *[parts.shape[-2]] * 2)
    for columns, others in zip(ahead, behind, strict=True):
        products.baddbmm_(columns, others.mT)
    lags = parts.new_zeros(*(2 * span - 1 for span in spans), *products.shape[1:])
    for lag, some in zip(pairs, products.split([*map(len, pairs.values())]), strict=True):
        lags[lag] = some.sum(0)
        if any(lag):
            lags[tuple(-x for x in lag)] = lags[lag].T
    return lags


def lag_rounding(parts: Tensor) -> Tensor:
    """By how much the norm of G may be off, (), that is summed in single precision and rounded.

    G is the sum of `lag_grams`, over one axis or all, or over one and then all others.
    """
    if rounds_factors(parts.device):
        return parts.new_full((), math.inf, dtype=torch.float64)
    # Each term of an entry of G passes through these many roundings: two of factors, the sums over
    # and between blocks and over pairs of one lag, and in two steps a phase and a sum over lags of
    # complex numbers, which are twice as many real ones (by sqrt(2)); two to spare.
    spans = parts.shape[:-2]
    lags = math.prod(2 * span - 1 for span in spans)
    sums = 4 + _BLOCK + -(-parts.shape[-1] // _BLOCK) + math.prod(spans) + 1.5 * (4 + 2 * lags)
    # Of the sums of all terms' moduli, a symmetric matrix of no negative entries, no eigenvalue is
    # larger than the largest sum of a row.
    moduli = parts.abs().flatten(0, -3).sum(0)
    largest = (moduli @ moduli.sum(0)).max().double()
    return sums * torch.finfo(torch.float32).eps / 2 * largest
