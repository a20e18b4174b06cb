"""Matrices and convolutions as linear operators: clipping singular values, norms, bounds."""

from tgan.linalg.at_once import NormBoundsAtOnce
from tgan.linalg.clipping import clip_at_once, clip_roughly, clip_singular_values
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
    "clip_roughly",
    "clip_singular_values",
    "conv_norm",
    "conv_norm_upper_bound",
    "empty_basis",
]
