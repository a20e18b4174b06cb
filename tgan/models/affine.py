"""The affine layers of a network as operators on inputs of the size that they really see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tgan.linalg import ConvNormBounds, NormBoundsAtOnce, conv_norm
from tgan.models.modes import evaluating

AFFINE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class AffineLayer:
    """A linear layer or a convolution, and where it stands in its network.

    Attributes:
        name: of the module in the network, dotted.
        module: one of `AFFINE`.
        input_size: size of the axes that a convolution slides over, () for a linear layer.
    """

    name: str
    module: nn.Module
    input_size: tuple[int, ...]

    @property
    def geometry(self) -> dict[str, tuple[int, ...] | int]:
        """What `conv_norm` and `conv_norm_upper_bound` take beside weight and input size."""
        if isinstance(self.module, nn.Linear):
            return {}
        names = ("stride", "padding", "dilation", "groups")
        return {name: getattr(self.module, name) for name in names}

    def norm(self, **control) -> float:
        """The operator norm, from below; see `tgan.linalg.conv_norm`."""
        return conv_norm(self.module.weight, self.input_size, **self.geometry, **control)

    def norm_bounds(self, weight: Tensor | None = None) -> ConvNormBounds:
        """Bounds on the operator norm, with other weights if given."""
        weight = self.module.weight if weight is None else weight
        return ConvNormBounds(weight, self.input_size, **self.geometry)

    def norm_bounds_at_once(self, weight: Tensor | None = None) -> NormBoundsAtOnce:
        """Do as `norm_bounds`, reading nothing of an accelerator."""
        weight = self.module.weight if weight is None else weight
        return NormBoundsAtOnce(weight, self.input_size, **self.geometry)

    def norm_upper_bound(self) -> float:
        """A certified bound on the operator norm."""
        return self.norm_bounds().upper()


# Of slope 1 at most, and what moves values about.
_HARMLESS = (
    *(nn.Identity, nn.Flatten, nn.Unflatten, nn.ReLU, nn.ReLU6, nn.Hardtanh, nn.Tanh),
    *(nn.Sigmoid, nn.Softplus, nn.LogSigmoid),
)


def unbounded_part(network: nn.Module, layers: list[AffineLayer], *, bounded=()) -> str | None:
    """What of a network the norms of its affine layers do not bound, in words; None for nothing.

    Only modules and parameters are looked at: sums of branches and functions that are called
    without a module cannot be seen.

    Args:
        layers: from `affine_layers`.
        bounded: further types of modules that pass.
    """
    owners = {layer.name for layer in layers}
    for name, module in network.named_modules():
        if any(name == owner or name.startswith(f"{owner}.") for owner in owners):
            continue
        own = any(True for _ in module.parameters(recurse=False))
        is_container = any(True for _ in module.children())
        if isinstance(module, bounded) or (_is_harmless(module) and not own):
            continue
        if own or not is_container:
            return f"'{name}' ({type(module).__name__})"
    return None


def _is_harmless(module: nn.Module) -> bool:
    if isinstance(module, nn.LeakyReLU):
        return abs(module.negative_slope) <= 1
    return isinstance(module, _HARMLESS)


@torch.no_grad()
def affine_layers(network: nn.Module, example: tuple[Tensor, ...]) -> list[AffineLayer]:
    """The affine layers of a network, in the order in which it calls them.

    The network is called once, in inference mode, to see the sizes of their inputs.

    Args:
        example: what the network is called with, for one sample.

    Raises:
        ValueError: a layer is called twice, or pads otherwise than with zeros.
    """
    layers: list[AffineLayer] = []
    names = {module: name for name, module in network.named_modules()}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        layers.append(AffineLayer(names[module], module, _sliding_size(module, inputs[0])))

    with _hooked(network, note), evaluating(network):
        network(*example)
    for layer in layers:
        _check(layer, layers)
    return layers


def _sliding_size(module: nn.Module, x: Tensor) -> tuple[int, ...]:
    return () if isinstance(module, nn.Linear) else tuple(x.shape[2:])


def _check(layer: AffineLayer, layers: list[AffineLayer]) -> None:
    if sum(other.module is layer.module for other in layers) > 1:
        raise ValueError(f"layer '{layer.name}' is called more than once")
    mode, padding = (getattr(layer.module, name, None) for name in ("padding_mode", "padding"))
    if mode not in (None, "zeros"):
        raise ValueError(f"layer '{layer.name}' pads with '{mode}'; only zeros are understood")
    if isinstance(padding, str):
        raise ValueError(f"layer '{layer.name}' has padding '{padding}'; give its numbers")


@contextmanager
def _hooked(network: nn.Module, note) -> Iterator[None]:
    handles = [
        module.register_forward_pre_hook(note)
        for module in network.modules()
        if isinstance(module, AFFINE)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
