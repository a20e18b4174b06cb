"""The TadGAN task: four networks, three optimisers, one step."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.steps import Autoencoder, CycleGame, cycle_step
from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES
from tgan.rng import Stream, seed_of
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Player, Terms


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
        self._players = {
            name: self._player(name, network)
            for name, network in {
                "autoencoder": Autoencoder(called["encoder"], called["decoder"]),
                "window_critic": called["window_critic"],
                "latent_critic": called["latent_critic"],
            }.items()
        }
        self._game = CycleGame(
            **self._players,
            objective=OBJECTIVES[settings.objective],
            window_constraint=constraints[0],
            latent_constraint=constraints[1],
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
        for name, player in self._players.items():
            for group in player.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate_of(name) * rate
        with self._seeded(step):
            return cycle_step(
                self._game,
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

    def _player(self, name: str, network: nn.Module) -> Player:
        settings = self.settings
        trained = [p for p in network.parameters() if p.requires_grad]
        betas = settings.beta1, settings.beta2
        optimizer = torch.optim.Adam(trained, settings.learning_rate_of(name), betas)
        scaler = torch.amp.GradScaler(self.device.type, enabled=False)
        return Player(network, network, optimizer, scaler)

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
