"""Constraints that project the critic's weights after its updates."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tgan.constraints.base import Constraint
from tgan.linalg import clip_at_once, clip_singular_values
from tgan.linalg.clipping import CLIP_METHODS, FOLLOWING_METHODS
from tgan.linalg.subspace import empty_basis
from tgan.lookup import look_up
from tgan.models.layers import BatchNorm
from tgan.system.device import waits_for_reads

AUTO = "auto"
# Its path, its module, its name there, itself.
Kernel = tuple[str, nn.Module, str, nn.Parameter]
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
        if self.is_due(updates):
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
        method: one of `tgan.linalg.clipping.CLIP_METHODS`, or `auto`: `gram` on a CPU, and on
            accelerators `matmul`, which reads one number per clip there (`clip_at_once`). With
            `subspace` the critic gets a buffer `<weight>_basis` beside every kernel, so that a
            resumed run follows the same directions.
        clips_gains: whether a batch norm's gain is kept in [0.01 s, s], s the square root of its
            running variance, so that its affine map in inference mode has norm at most 1.

    Raises:
        ValueError: no such method, or a batch norm without the running variance that it needs.

    Source: TGAN (Saito et al. 2017), Algorithm 1 and Table 2.
    """

    maximum: float = 1.0
    interval: int = 5
    method: str = "auto"
    clips_gains: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        look_up({AUTO: None, **CLIP_METHODS}, self.method, kind="clipping method")

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        if self.clips_gains:
            for name, norm in _gained_norms(critic):
                if norm.running_var is None:
                    raise ValueError(
                        f"critic layer '{name}' is a batch norm without running statistics, which "
                        "gains are bounded by; set constraint.clips_gains false"
                    )
        if self.method in FOLLOWING_METHODS:
            for _, module, name, weight in _kernels(critic):
                module.register_buffer(_basis_of(name), empty_basis(weight.flatten(1)))

    @torch.no_grad()
    def project(self, critic: nn.Module, updates: int) -> None:
        if not self.is_due(updates):
            return
        kernels = _kernels(critic)
        if self.method == AUTO and any(waits_for_reads(weight) for *_, weight in kernels):
            self._clip_at_once(kernels)
        else:
            for kernel in kernels:
                self._clip_one(*kernel)
        if self.clips_gains:
            for _, norm in _gained_norms(critic):
                bound = norm.running_var.sqrt()
                norm.weight.clamp_(GAIN_FLOOR * bound, bound)

    def _clip_one(self, path: str, module: nn.Module, name: str, weight: Tensor) -> None:
        kernel = _in_order(weight)
        matrix, basis = kernel.flatten(1), getattr(module, _basis_of(name), None)
        method = "gram" if self.method == AUTO else self.method
        try:
            clipped = clip_singular_values(matrix, self.maximum, method=method, basis=basis)
        except ValueError as error:
            raise ArithmeticError(f"critic weight '{path}': {error}") from None
        if clipped is not matrix:
            kernel.copy_(clipped.reshape(kernel.shape))

    def _clip_at_once(self, kernels: list[Kernel]) -> None:
        ordered = [_in_order(weight) for *_, weight in kernels]
        try:
            clipped = clip_at_once([kernel.flatten(1) for kernel in ordered], self.maximum)
        except ValueError:
            # One by one it is named.
            for kernel in kernels:
                self._clip_one(*kernel)
            return
        for kernel, matrix in zip(ordered, clipped, strict=True):
            kernel.copy_(matrix.reshape(kernel.shape))


def _in_order(weight: Tensor) -> Tensor:
    """A kernel with its columns in the order in which they lie in memory.

    Their order changes no singular value, and with channels last another one would cost a copy.
    """
    order = sorted(range(1, weight.ndim), key=weight.stride, reverse=True)
    return weight.permute(0, *order)


def _gained_norms(critic: nn.Module) -> list[tuple[str, nn.Module]]:
    """Every batch norm, ours or PyTorch's, that has gains, by name."""
    return [
        (name, module)
        for name, module in critic.named_modules()
        if isinstance(module, BatchNorm | _BatchNorm) and module.weight is not None
    ]


def _kernels(critic: nn.Module) -> list[Kernel]:
    """Every parameter of two axes and more."""
    found = []
    for path, weight in critic.named_parameters():
        if weight.ndim >= 2:
            owner, _, name = path.rpartition(".")
            found.append((path, critic.get_submodule(owner), name, weight))
    return found


def _basis_of(name: str) -> str:
    return f"{name}_basis"
