"""Convolutions as explicit matrices, in float64."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def explicit_matrix(weight: Tensor, input_size, *, groups: int = 1, **geometry) -> Tensor:
    """The matrix of a convolution, column by column from basis inputs."""
    channels = weight.shape[1] * groups
    count = channels * math.prod(input_size)
    basis = torch.eye(count, dtype=torch.float64).reshape(count, channels, *input_size)
    convolve = CONVOLUTIONS[len(input_size)]
    return convolve(basis, weight.double(), groups=groups, **geometry).reshape(count, -1).T


def explicit_norm(weight: Tensor, input_size, **geometry) -> float:
    """The largest singular value of a convolution."""
    return torch.linalg.matrix_norm(explicit_matrix(weight, input_size, **geometry), 2).item()
