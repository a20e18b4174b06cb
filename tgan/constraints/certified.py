"""Singular value clipping that bounds the convolution itself, not the kernel as a matrix."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tgan.constraints.base import Constraint
from tgan.constraints.checks import refuse_mixing, refuse_unbounded
from tgan.linalg import ConvNormBounds, NormBoundsAtOnce, clip_singular_values, clip_to_share
from tgan.models.affine import AffineLayer, affine_layers
from tgan.system.device import waits_for_reads

# Kept free below the bound, since stored weights are rounded: a kernel scaled to norm 1 and
# rounded to float32 has a norm of at most 1 + 6e-8 sqrt(c n), with c overlapping patches and n the
# kernel's smaller side.
SLACK = 1e-5
# By so much a bound may exceed what could be proved of a layer, so that single precision serves.
_LOOSE = 1e-2
# What the norm exceeds its bound by is scaled away up to here; beyond, singular values are clipped.
_FAR = 1.05
# Up to so many times the bound a kernel is clipped without a look at what comes of it.
_NEAR = 10.0
# By so much what can be proved in single precision may exceed what is guessed.
_ROOM = 1.01


@dataclass(frozen=True)
class CertifiedSingularValueClip(Constraint):
    """Keeps every affine layer's operator norm at most `maximum`, as a theorem on its weights.

    The norm is that of the convolution with its stride and zero padding at the size of its real
    input, bounded by `tgan.linalg.conv_norm_upper_bound` to within one percent. Where that bound
    b is guessed to exceed `maximum`, the singular values of the kernel as a matrix W are clipped to
    |W| maximum / b, which leaves small ones as they are; then the bound is proved, and what it
    still exceeds is scaled away.

    A critic that is a chain of affine layers and of activations of slope at most 1 is then
    `maximum`^layers-Lipschitz: 1-Lipschitz at `maximum` 1. It holds from `attach` on, after every
    update that is projected, on inputs of the size of the example or smaller, for the stored
    weights in exact arithmetic; not for weights that autocast rounds, nor for what augmentation
    does before the critic. Parts of other kinds are refused as far as they can be seen: a sum of
    branches cannot.

    An accelerator is read once per update, and twice where layers are clipped; more often only
    where they are far above the bound.

    Attributes:
        interval: project after updates interval, 2 * interval, ...; above 1 nothing is certain in
            between.

    Source: ours; TGAN (Saito et al. 2017), Table 2, bounds the matrix alone.
    """

    maximum: float = 1.0
    interval: int = 1
    _sizes: dict[str, tuple[int, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        refuse_mixing(critic, "whose statistics of a batch nothing can be certified about")
        layers = affine_layers(critic, example)
        refuse_unbounded(critic, layers)
        for layer in layers:
            if layer.module.weight.dtype not in (torch.float32, torch.float64):
                kind = str(layer.module.weight.dtype).removeprefix("torch.")
                raise ValueError(
                    f"critic weight '{layer.name}.weight' is {kind}, too coarse to clip"
                )
        self._sizes.clear()
        self._sizes.update({layer.name: layer.input_size for layer in layers})
        self._clip_all(critic)

    def project(self, critic: nn.Module, updates: int) -> None:
        assert self._sizes, "attach comes before project: nothing is known of the critic yet"
        if self.is_due(updates):
            self._clip_all(critic)

    def _clip_all(self, critic: nn.Module) -> None:
        layers = [
            AffineLayer(name, critic.get_submodule(name), size)
            for name, size in self._sizes.items()
        ]
        if any(waits_for_reads(layer.module.weight) for layer in layers):
            layers = self._clip_at_once(layers)
        for layer in layers:
            try:
                self._clip(layer)
            except ValueError as error:
                raise ArithmeticError(f"critic weight '{layer.name}.weight': {error}") from None

    @torch.no_grad()
    def _clip(self, layer: AffineLayer) -> None:
        weight = kernel = layer.module.weight
        bounds = layer.norm_bounds()
        guess = bounds.guess()
        if guess > self.maximum * (1 + SLACK):
            kernel = self._clipped(weight, guess)
            bounds = layer.norm_bounds(kernel)
        bound = self._proved(bounds)
        if bound > _FAR * self.maximum:
            kernel = self._clipped(kernel, bound)
            bound = self._proved(layer.norm_bounds(kernel))
        self._store(weight, kernel, bound)

    def _store(self, weight: Tensor, kernel: Tensor, bound: float) -> None:
        """Take a kernel for the weight once what it exceeds the maximum by is scaled away."""
        if bound > self.maximum:
            kernel = kernel * (self.maximum * (1 - SLACK) / bound)
        if kernel is not weight:
            weight.copy_(kernel)

    def _clipped(self, weight: Tensor, norm: float) -> Tensor:
        """A kernel of about this norm, its singular values clipped so far as it is too large."""
        matrix = weight.flatten(1)
        largest = ConvNormBounds(matrix, ()).guess()
        return clip_singular_values(matrix, largest * self.maximum / norm).reshape(weight.shape)

    def _proved(self, bounds: ConvNormBounds) -> float:
        return bounds.upper(enough=self.maximum, slack=_LOOSE)

    @torch.no_grad()
    def _clip_at_once(self, layers: list[AffineLayer]) -> list[AffineLayer]:
        """Clip layers as `_clip` does, with two reads for all of them, on an accelerator.

        It waits where a number is read. One read tells which layers are proved to need nothing, and
        about how large the others are; one whether what was made of those is proved.

        Returns:
            The layers that are not, which are left as they are: far from the bound, or not finite.
        """
        seen = _read(self._whether_and_guess(layer.norm_bounds_at_once()) for layer in layers)
        near = [
            (layer, self._nearer(layer, guess))
            for layer, (is_proved, guess) in zip(layers, seen, strict=True)
            if not is_proved
        ]
        found = _read(self._proof(layer.norm_bounds_at_once(kernel)) for layer, kernel in near)
        left = []
        for (layer, kernel), (is_proved, bound) in zip(near, found, strict=True):
            if is_proved and bound <= _FAR * self.maximum:
                self._store(layer.module.weight, kernel, bound)
            else:
                left.append(layer)
        return left

    def _whether_and_guess(self, bounds: NormBoundsAtOnce) -> tuple[Tensor, Tensor]:
        return bounds.is_below(self.maximum), bounds.guess()

    def _proof(self, bounds: NormBoundsAtOnce) -> tuple[Tensor, Tensor]:
        """Whether a bound is proved that is likely to be, and that bound."""
        bound = bounds.provable().clamp(min=self.maximum)
        return bounds.is_below(bound), bound

    def _nearer(self, layer: AffineLayer, guess: float) -> Tensor:
        """The kernel of a layer clipped towards the bound, where it exceeds it by not too much."""
        weight = layer.module.weight
        if not self.maximum * (1 + SLACK) < guess <= self.maximum * _NEAR:
            return weight
        kernel = self._clipped_at_once(weight, guess, up_to=guess)
        if _ROOM * guess <= _FAR * self.maximum:
            return kernel
        left = layer.norm_bounds_at_once(kernel).guess()
        again = self._clipped_at_once(kernel, left, up_to=2 * self.maximum)
        return torch.where(_ROOM * left > _FAR * self.maximum, again, kernel)

    def _clipped_at_once(self, weight: Tensor, norm: float | Tensor, *, up_to: float) -> Tensor:
        """Do as `_clipped` for norms up to so much, without a read."""
        least = self.maximum / (_ROOM * up_to)
        clipped = clip_to_share(weight.flatten(1), self.maximum / norm, least=least)
        return clipped.reshape(weight.shape)


def _read(rows: Iterable[Iterable[Tensor]]) -> list[list[float]]:
    """The numbers (), in double precision, of tensors of one device, by one read."""
    tensors = [torch.stack([each.double() for each in row]) for row in rows]
    return torch.stack(tensors).tolist() if tensors else []
