"""The TadGAN task: four networks, three optimisers, one step."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.steps import Autoencoder, Networks, cycle_step
from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES
from tgan.rng import Stream, seed_of
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Critic, Learner, Terms

CRITICS = ("window_critic", "latent_critic")


def build_networks(
    settings: TadGANSettings, *, seed: int
) -> tuple[dict[str, nn.Module], tuple[Constraint, Constraint]]:
    """The four networks on the CPU, a function of settings and seed, their critics constrained.

    Returns:
        the networks by `encoder`, `decoder`, `window_critic`, `latent_critic`, in training mode;
        the constraints of the critics of windows and of latents.

    Raises:
        ValueError: a network cannot be built so, or a critic cannot be constrained so.
    """
    constraints = settings.make_constraint(), settings.make_constraint()
    examples = (
        torch.zeros(1, settings.channels, settings.window),
        torch.zeros(1, settings.latent_size),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(Stream.WEIGHTS, seed))
        networks = settings.networks()
        critics = networks["window_critic"], networks["latent_critic"]
        for constraint, critic, example in zip(constraints, critics, examples, strict=True):
            constraint.attach(critic, (example,))
    return networks, constraints


class TadGANTask:
    """Trains an encoder, a decoder and two critics; a function of settings, seed and step.

    Args:
        settings: what they are.
        seed: of weights, dropout and penalties.
        device: where they lie.
        variance: of the training windows; used where `settings.per_variance`.

    Attributes:
        encoder, decoder, window_critic, latent_critic: the networks, in training mode.

    Raises:
        ValueError: a network cannot be built so, or a critic cannot be constrained so.
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
            rate: what the learning rates are multiplied by.

        Returns:
            Detached scalars on the device; no one waits for them here.
        """
        for name in ("autoencoder", *CRITICS):
            for group in getattr(self._networks, name).optimizer.param_groups:
                group["lr"] = self.settings.learning_rate_of(name) * rate
        with self._seeded(step):
            return cycle_step(
                self._networks,
                reals=reals,
                latents=latents,
                noise=Noise(self.seed, step),
                update=step * self.settings.n_critic + 1,
                n_critic=self.settings.n_critic,
                reuses_last=self.settings.reuses_last,
            )

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""
        return {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "window_critic": self.window_critic,
            "latent_critic": self.latent_critic,
        }

    def _optimizer(self, name: str, network: nn.Module) -> torch.optim.Optimizer:
        trained = [p for p in network.parameters() if p.requires_grad]
        betas = self.settings.beta1, self.settings.beta2
        return torch.optim.Adam(trained, self.settings.learning_rate_of(name), betas)

    @contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        """Dropout takes the global generators, which are as they were afterwards."""
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(Stream.NOISE, self.seed, step))
            yield


class InBfloat16(nn.Module):
    """A network that computes in bfloat16 from float32 weights, and answers in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x).float()
