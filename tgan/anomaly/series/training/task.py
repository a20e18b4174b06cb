"""Training state of a TadGAN: four networks, three optimisers, one step."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.steps import Autoencoder, Networks, cycle_step
from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES
from tgan.rng import Stream
from tgan.rng.noise import Noise
from tgan.rng.weights import seeded
from tgan.system.device import fuses
from tgan.training.steps import Batch, Critic, Learner, Terms

CRITICS = ("window_critic", "latent_critic")


def build_networks(
    settings: TadGANSettings, *, seed: int
) -> tuple[dict[str, nn.Module], tuple[Constraint, Constraint]]:
    """Build the four networks on the CPU, and constrain the critics; a function of the seed.

    Returns:
        the networks by `encoder`, `decoder`, `window_critic`, `latent_critic`, in training mode;
        the constraints of the critics of windows and of latents.

    Raises:
        ValueError: a network cannot be built, or a critic cannot be constrained.
    """
    constraints = settings.make_constraint(), settings.make_constraint()
    examples = (
        torch.zeros(1, settings.channels, settings.window),
        torch.zeros(1, settings.latent_size),
    )

    def build() -> dict[str, nn.Module]:
        networks = settings.networks()
        critics = (networks[name] for name in CRITICS)
        for constraint, critic, example in zip(constraints, critics, examples, strict=True):
            constraint.attach(critic, (example,))
        return networks

    return seeded(build, seed), constraints


class TadGANTask:
    """Trains an encoder, a decoder and two critics; a function of settings, seed and step.

    Args:
        settings: of networks and training.
        seed: of weights, dropout and penalties.
        device: of the networks.
        variance: of the training windows; used if `settings.per_variance`.

    Attributes:
        encoder, decoder, window_critic, latent_critic: the networks, in training mode.

    Raises:
        ValueError: a network cannot be built, or a critic cannot be constrained.

    Example:
        >>> task = TadGANTask(TadGANSettings(), seed=0)
        >>> terms = task.step(0, windows, latents)
    """

    def __init__(
        self,
        settings: TadGANSettings,
        *,
        seed: int,
        device: str | torch.device = "cpu",
        variance: float = 1.0,
    ) -> None:
        self.settings, self.seed, self.device = settings, seed, torch.device(device)
        networks, constraints = build_networks(settings, seed=seed)
        networks = {name: network.to(self.device) for name, network in networks.items()}
        self.encoder, self.decoder, self.window_critic, self.latent_critic = networks.values()

        called = {k: InBfloat16(n) if settings.bf16 else n for k, n in networks.items()}
        autoencoder = Autoencoder(called["encoder"], called["decoder"])
        window_critic, latent_critic = (
            Critic(
                called[name],
                self._optimizer(name, called[name]),
                objective=OBJECTIVES[settings.objective],
                constraint=constraint,
            )
            for name, constraint in zip(CRITICS, constraints, strict=True)
        )
        self._networks = Networks(
            Learner(autoencoder, self._optimizer("autoencoder", autoencoder)),
            window_critic,
            latent_critic,
            reconstruction=settings.reconstruction / (variance if settings.per_variance else 1.0),
        )

    def step(
        self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor], *, rate: float = 1.0
    ) -> Terms:
        """Take step number `step` (from 0): one update of encoder and decoder.

        Args:
            reals: yields windows (N, C, W) on the device.
            latents: yields latents (N, K) on the device.
            rate: share of the learning rates.

        Returns:
            detached scalars, on the device.
        """
        for name in ("autoencoder", *CRITICS):
            learner: Learner = getattr(self._networks, name)
            learner.set_rate(self.settings.learning_rate_of(name) * rate)
        take_step = partial(
            cycle_step,
            self._networks,
            reals=reals,
            latents=latents,
            noise=Noise(self.seed, step),
            update=step * self.settings.n_critic + 1,
            n_critic=self.settings.n_critic,
            reuses_last=self.settings.reuses_last,
        )
        # Dropout draws from the global generator of the device.
        device = next(self.encoder.parameters()).device
        return seeded(take_step, self.seed, step, stream=Stream.NOISE, device=device)

    def networks(self) -> dict[str, nn.Module]:
        """Return the networks by name."""
        return {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "window_critic": self.window_critic,
            "latent_critic": self.latent_critic,
        }

    def _optimizer(self, name: str, network: nn.Module) -> torch.optim.Optimizer:
        trained = [p for p in network.parameters() if p.requires_grad]
        betas = self.settings.beta1, self.settings.beta2
        rate = self.settings.learning_rate_of(name)
        return torch.optim.Adam(trained, rate, betas, fused=fuses(trained))


class InBfloat16(nn.Module):
    """Runs a network in bfloat16, from float32 weights to float32 outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x).float()
