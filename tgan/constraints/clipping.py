"""Constraints that project the critic's weights after its updates."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tgan.constraints.base import Constraint
from tgan.linalg import clip_singular_values
from tgan.models.layers import BatchNorm

# The authors keep a batch norm's gain within this fraction of its bound, away from zero.
GAIN_FLOOR = 0.01


@dataclass(frozen=True)
class WeightClip(Constraint):
    """Clamps every parameter, gains and biases included, to [-maximum, maximum].

    Source: Arjovsky et al. 2017, Algorithm 1.
    """

    maximum: float = 0.01
    interval: int = 1

    @torch.no_grad()
    def project(self, critic: nn.Module, updates: int) -> None:
        if updates % self.interval == 0:
            for parameter in critic.parameters():
                parameter.clamp_(-self.maximum, self.maximum)


@dataclass(frozen=True)
class SingularValueClip(Constraint):
    """Clips the singular values of every kernel, and the gains of every batch norm.

    A kernel is seen as the matrix (out_channels, everything else). That bounds the layer's norm
    for a linear layer; for a strided, zero-padded convolution it does not (its norm can exceed
    the matrix's by sqrt(prod(ceil(kernel / stride))), 2.83 for TGAN's layers).

    Attributes:
        maximum: the bound on singular values.
        interval: clip after critic updates interval, 2 * interval, ...
        method: see `tgan.linalg.clip_singular_values`.
        clips_gains: whether a batch norm's gain is kept in [0.01 s, s], s the square root of its
            running variance, so that its affine map in inference mode has norm at most 1.

    Source: TGAN (Saito et al. 2017), Algorithm 1 and Table 2.
    """

    maximum: float = 1.0
    interval: int = 5
    method: str = "gram"
    clips_gains: bool = True

    @torch.no_grad()
    def project(self, critic: nn.Module, updates: int) -> None:
        if updates % self.interval:
            return
        for name, weight in critic.named_parameters():
            if weight.ndim >= 2:
                self._clip_kernel(name, weight)
        if self.clips_gains:
            for module in critic.modules():
                if isinstance(module, BatchNorm | _BatchNorm) and module.weight is not None:
                    bound = module.running_var.sqrt()
                    module.weight.clamp_(GAIN_FLOOR * bound, bound)

    def _clip_kernel(self, name: str, weight: Tensor) -> None:
        matrix = weight.flatten(1)
        try:
            clipped = clip_singular_values(matrix, self.maximum, method=self.method)
        except ValueError as error:
            raise ArithmeticError(f"critic weight '{name}': {error}") from None
        if clipped is not matrix:
            weight.copy_(clipped.reshape(weight.shape))
