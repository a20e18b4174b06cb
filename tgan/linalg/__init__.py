"""Matrices and convolutions as linear operators: clipping singular values, norms, bounds."""

from tgan.linalg.clipping import clip_at_once, clip_singular_values
from tgan.linalg.convolution import (
    ConvNormBounds,
    conv_norm,
    conv_norm_is_below,
    conv_norm_upper_bound,
)
from tgan.linalg.subspace import empty_basis

__all__ = [
    "ConvNormBounds",
    "clip_at_once",
    "clip_singular_values",
    "conv_norm",
    "conv_norm_is_below",
    "conv_norm_upper_bound",
    "empty_basis",
]
