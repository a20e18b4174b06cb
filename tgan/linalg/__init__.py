"""Matrices and convolutions as linear operators: clipping singular values, norms, bounds."""

from tgan.linalg.at_once import NormBoundsAtOnce
from tgan.linalg.clipping import clip_at_once, clip_singular_values, clip_to_share
from tgan.linalg.convolution import (
    ConvNormBounds,
    conv_norm,
    conv_norm_upper_bound,
)
from tgan.linalg.subspace import empty_basis

__all__ = [
    "ConvNormBounds",
    "NormBoundsAtOnce",
    "clip_at_once",
    "clip_singular_values",
    "clip_to_share",
    "conv_norm",
    "conv_norm_upper_bound",
    "empty_basis",
]
