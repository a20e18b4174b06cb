"""How Lipschitz a critic is: layer by layer, as a whole, and as far as a search finds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tgan.linalg import conv_norm_upper_bound
from tgan.models.affine import AFFINE, affine_layers, unbounded_part
from tgan.models.batch_view import BatchView
from tgan.models.layers import BatchNorm
from tgan.models.modes import evaluating, frozen
from tgan.models.packs import in_packs, out_of_packs, packs_of

Mode = Literal["running", "batch"]
BATCH_NORMS = (BatchNorm, _BatchNorm)
# Lengths of the steps of the search, in units of a sample's norm.
_STRIDES = (0.1, 1.0, 10.0)


@dataclass(frozen=True)
class LayerReport:
    """An affine layer and, in inference mode, the batch norm that follows it.

    Attributes:
        matrix_norm: of the kernel as a matrix (C_out, rest), what SVC and spectral norm bound.
        norm: of the operator, from below (power iteration).
        upper_bound: of the operator, certified.
        gain: largest factor of the batch norm behind it, 1 without one, None under batch
            statistics, which have no such factor.
        gradient: mean over samples of the norm of the score's gradient at the layer's input.
    """

    name: str
    matrix_norm: float
    norm: float
    upper_bound: float
    gain: float | None
    gradient: float


@dataclass(frozen=True)
class CriticReport:
    """What is known of a critic's Lipschitz constant.

    Attributes:
        statistics: what batch norms normalise by: `running`, `batch`, or `none` without any; also
            `batch` where the critic sees its batch otherwise.
        layers: in the order of the critic's calls.
        gradient_real, gradient_fake, gradient_between: largest norm of the score's gradient at
            real samples, at fakes, and on lines between them.
        gradient_searched: the largest that a search over all of space found.
        unbounded: a part of the critic that no norm here bounds, in words, or None.
        mixed_precision: under which the critic trains: `no`, or what autocast rounds weights and
            activations to, which no bound here covers.
    """

    statistics: str
    layers: list[LayerReport]
    gradient_real: float
    gradient_fake: float
    gradient_between: float
    gradient_searched: float
    unbounded: str | None = None
    mixed_precision: str = "no"

    @property
    def empirical(self) -> float:
        """The Lipschitz constant is at least this."""
        return max(
            self.gradient_real, self.gradient_fake, self.gradient_between, self.gradient_searched
        )

    @property
    def product(self) -> float | None:
        """The product of layers' norms from below; None where there is no certificate.

        It bounds the critic's constant from neither side; it tells how far the certificate can be
        off for want of tighter bounds.
        """
        return self._product("norm")

    @property
    def certificate(self) -> float | None:
        """The Lipschitz constant is at most this; None under batch statistics or for other parts.

        It holds for a chain of the layers and of activations of slope at most 1, on samples of
        the size of the given ones.
        """
        return self._product("upper_bound")

    def scalars(self) -> dict[str, float]:
        """For a log: `lipschitz/...` and `gradient/<layer>`."""
        found = {"empirical": self.empirical, "product": self.product}
        found["certificate"] = self.certificate
        named = {f"lipschitz/{name}": value for name, value in found.items() if value is not None}
        return named | {f"gradient/{layer.name}": layer.gradient for layer in self.layers}

    def _product(self, name: str) -> float | None:
        if self.statistics == "batch" or self.unbounded is not None:
            return None
        return prod(getattr(layer, name) * layer.gain for layer in self.layers)


def critic_report(
    critic: nn.Module,
    real: Tensor,
    fake: Tensor,
    *,
    condition: tuple[Tensor, ...] = (),
    mode: Mode = "running",
    mixed_precision: str = "no",
    steps: int = 20,
) -> CriticReport:
    """Measure norms and gradients of a critic; it is left as it was.

    Under batch statistics a sample's score depends on the others of its batch: the gradient is
    then that of the sum of scores, which has no bound.

    Args:
        real, fake: (N, ...) samples, as many of each; a pack of a critic of packs counts as one
            sample.
        condition: further arguments (N, ...) of a conditional critic, for both.
        mode: which statistics batch norms normalise by.
        mixed_precision: for the record; norms are of the stored weights.
        steps: of the search from each sample, for each of its strides.

    Raises:
        ValueError: numbers of samples differ or are no multiple of the critic's packs, no such
            mode, or a layer is called more than once.
    """
    if real.shape != fake.shape:
        raise ValueError(f"real {tuple(real.shape)} and fake {tuple(fake.shape)} samples differ")
    if mode not in get_args(Mode):
        choices = ", ".join(get_args(Mode))
        raise ValueError(f"no mode '{mode}' of batch norms; choose from {choices}")
    packs = packs_of(critic)
    real, fake = in_packs(real, packs), in_packs(fake, packs)
    example = (out_of_packs(real[:1], packs), *(c[:1] for c in condition))
    with _measuring(critic, mode) as statistics:

        def gradient(samples: Tensor) -> Tensor:
            samples = samples.detach().requires_grad_()
            scores = critic(out_of_packs(samples, packs), *condition)
            return torch.autograd.grad(scores.sum(), samples)[0]

        weights = torch.linspace(0, 1, len(real), device=real.device, dtype=real.dtype)
        between = torch.lerp(real, fake, weights.view(-1, *[1] * (real.ndim - 1)))
        return CriticReport(
            statistics,
            _layers(
                critic,
                (out_of_packs(real, packs), *condition),
                example,
                bounded=statistics != "batch",
            ),
            *(_norms(gradient(samples)).max().item() for samples in (real, fake, between)),
            max(_search(gradient, samples, steps) for samples in (real, fake)),
            unbounded_part(critic, affine_layers(critic, example), bounded=BATCH_NORMS),
            mixed_precision,
        )


def describe(report: CriticReport) -> str:
    """The report as a table, and what may be concluded from it."""
    lines = [f"{'layer':12} {'matrix':>8} {'norm':>8} {'bound':>8} {'gain':>8} {'gradient':>10}"]
    for layer in report.layers:
        gain = "-" if layer.gain is None else f"{layer.gain:.4g}"
        lines.append(
            f"{layer.name:12} {layer.matrix_norm:8.4g} {layer.norm:8.4g} {layer.upper_bound:8.4g} "
            f"{gain:>8} {layer.gradient:10.3g}"
        )
    found = f"largest gradient found: {report.empirical:.4g}"
    if report.certificate is None:
        what = "statistics of a batch" if report.unbounded is None else report.unbounded
        lines.append(f"{found}; nothing bounds it, for {what}")
        return "\n".join(lines)
    by = " (batch norms by running statistics)" if report.statistics == "running" else ""
    lines.append(f"{found}; certified bound if the critic is a chain: {report.certificate:.4g}{by}")
    if report.mixed_precision != "no":
        lines.append(f"weights rounded to {report.mixed_precision} by autocast are not covered")
    return "\n".join(lines)


@contextmanager
def _measuring(critic: nn.Module, mode: Mode) -> Iterator[str]:
    """Statistics as asked for and parameters without gradients inside; all as it was after."""
    batch_norms = [m for m in critic.modules() if isinstance(m, BATCH_NORMS)]
    sees_batch = any(isinstance(m, BatchView) for m in critic.modules())
    buffers = [(buffer, buffer.clone()) for buffer in critic.buffers()]
    with evaluating(critic), frozen(critic):
        # Batch norms alone: parametrised weights would change from call to call.
        for norm in batch_norms:
            norm.train(mode == "batch")
        try:
            yield "batch" if sees_batch else mode if batch_norms else "none"
        finally:
            for buffer, before in buffers:
                buffer.copy_(before)


def _layers(
    critic: nn.Module, inputs: tuple[Tensor, ...], example: tuple[Tensor, ...], *, bounded: bool
) -> list[LayerReport]:
    gradients, gains = _by_depth(critic, *inputs)
    return [
        LayerReport(
            name=layer.name,
            matrix_norm=conv_norm_upper_bound(layer.module.weight.flatten(1), ()),
            norm=layer.norm(),
            upper_bound=layer.norm_upper_bound(),
            gain=gains[layer.module] if bounded else None,
            gradient=gradients[layer.module],
        )
        for layer in affine_layers(critic, example)
    ]


def _by_depth(
    critic: nn.Module, samples: Tensor, *condition: Tensor
) -> tuple[dict[nn.Module, float], dict[nn.Module, float]]:
    """Gradients at the inputs of affine layers, and gains of the batch norms behind them."""
    inputs: dict[nn.Module, Tensor] = {}
    gains: dict[nn.Module | None, float] = {}

    def note(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if isinstance(module, AFFINE):
            inputs[module] = arguments[0]
            gains[module] = gains.pop(None, 1.0)
        elif isinstance(module, BATCH_NORMS):
            # One in front of all layers counts for the first.
            before = list(inputs)[-1] if inputs else None
            gains[before] = gains.get(before, 1.0) * _gain(module)

    handles = [module.register_forward_pre_hook(note) for module in critic.modules()]
    try:
        scores = critic(samples.detach().requires_grad_(), *condition)
    finally:
        for handle in handles:
            handle.remove()
    reached = {module: x for module, x in inputs.items() if x.requires_grad}
    found = torch.autograd.grad(scores.sum(), list(reached.values()))
    means = (_norms(gradient).mean().item() for gradient in found)
    return dict.fromkeys(inputs, 0.0) | dict(zip(reached, means, strict=True)), gains


def _gain(norm: nn.Module) -> float:
    """The largest factor of a batch norm in inference mode."""
    factor = (norm.running_var + norm.eps).rsqrt()
    return (factor if norm.weight is None else factor * norm.weight.abs()).max().item()


def _search(gradient: Callable[[Tensor], Tensor], samples: Tensor, steps: int) -> float:
    """The largest gradient on walks from samples, each step along the gradient or against it.

    Activations are piecewise linear, so the gradient's norm has no gradient of its own; far along
    a direction that lifts scores most units are where their slope is steepest.
    """
    largest = 0.0
    size = _norms(samples).mean().clamp(min=1).item()
    for direction in (1, -1):
        for stride in _STRIDES:
            x = samples
            for _ in range(steps):
                slope = gradient(x)
                norms = _norms(slope)
                largest = max(largest, norms.max().item())
                unit = slope / norms.clamp(min=1e-30).view(-1, *[1] * (x.ndim - 1))
                x = x + direction * stride * size / steps * unit
    return largest


def _norms(x: Tensor) -> Tensor:
    """(N,) norms over all axes but the first."""
    return torch.linalg.vector_norm(x.float().flatten(1), dim=1)
