"""TadGAN's updates: two games, of windows and of latents, whose generators are trained as one.

In the game of windows the decoder G makes fakes from the prior, in that of latents the encoder E
makes them from windows. Critics take the `critic_step` of every GAN here; encoder and decoder
share an optimiser and one step, in which the reconstruction joins them. Any constraint may keep
either critic Lipschitz; on a recurrent critic none certifies it, see
`tgan.anomaly.series.networks.tables`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from tgan.constraints import Constraint
from tgan.losses import Objective, l2
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Game, Player, Terms, critic_step, generator_loss

# Geiger et al. 2020, as Orion has it: the weight of the mean squared error.
RECONSTRUCTION = 10.0


class Autoencoder(nn.Module):
    """Windows (N, C, W) to their reconstructions G(E(x)) of the same shape.

    Args:
        encoder: E, windows to latents (N, K).
        decoder: G, latents to windows.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, windows: Tensor) -> Tensor:
        return self.decoder(self.encoder(windows))


@dataclass(eq=False)
class CycleGame:
    """Encoder and decoder against a critic of windows and a critic of latents.

    Attributes:
        autoencoder: its module is an `Autoencoder`; one optimiser updates both parts.
        window_critic, latent_critic: Cx and Cz.
        objective: what all of them minimise.
        window_constraint, latent_constraint: what keep the critics Lipschitz.
        reconstruction: what encoder and decoder pay per unit of mean squared error.
        windows: the game of decoder and Cx.
        latents: the game of encoder and Cz.
    """

    autoencoder: Player
    window_critic: Player
    latent_critic: Player
    objective: Objective
    window_constraint: Constraint
    latent_constraint: Constraint
    reconstruction: float = RECONSTRUCTION
    windows: Game = field(init=False)
    latents: Game = field(init=False)

    def __post_init__(self) -> None:
        encoder, decoder = self.autoencoder.module.encoder, self.autoencoder.module.decoder
        self.windows = Game(
            replace(self.autoencoder, module=decoder, network=decoder),
            self.window_critic,
            self.objective,
            self.window_constraint,
        )
        self.latents = Game(
            replace(self.autoencoder, module=encoder, network=encoder),
            self.latent_critic,
            self.objective,
            self.latent_constraint,
        )


def cycle_step(
    game: CycleGame,
    *,
    reals: Iterator[Batch],
    latents: Iterator[Tensor],
    noise: Noise,
    update: int,
    n_critic: int,
    reuses_last: bool,
) -> Terms:
    """Update both critics `n_critic` times, then encoder and decoder once.

    Args:
        reals: yields windows (N, C, W).
        latents: yields as many latents (N, K) of the prior.
        noise: of this step.
        update: the number of the first of these critic updates, from 1.
        reuses_last: whether the joint step sees the last critics' windows and latents, as Orion's
            does, or takes fresh ones.

    Returns:
        Detached scalars: critic_loss, critic_gap and penalty of the last update of either critic,
        as `window_...` and `latent_...`, and those of `joint_step`.

    Source: Geiger et al. 2020, Algorithm 1.
    """
    for number in range(update, update + n_critic):
        real, prior = next(reals), Batch(next(latents))
        terms = critic_steps(game, real=real, prior=prior, noise=noise, update=number)
    if not reuses_last:
        real, prior = next(reals), Batch(next(latents))
    return terms | joint_step(game, real=real, prior=prior, noise=noise)


def critic_steps(game: CycleGame, *, real: Batch, prior: Batch, noise: Noise, update: int) -> Terms:
    """Update Cx on windows against G(z), and Cz on latents z of the prior against E(x), once."""
    steps = {
        "window": (game.windows, real, prior.samples),
        "latent": (game.latents, prior, real.samples),
    }
    terms = {}
    for kind, (rules, samples, source) in steps.items():
        found = critic_step(rules, real=samples, z=source, noise=noise, update=update)
        terms |= {f"{kind}_{name}": term for name, term in found.items()}
    return terms


def joint_step(game: CycleGame, *, real: Batch, prior: Batch, noise: Noise) -> Terms:
    """Update encoder and decoder once, through the frozen critics.

    Under the Wasserstein objective they minimise
    -mean Cx(G(z)) - mean Cz(E(x)) + reconstruction * mean (x - G(E(x)))^2.

    Returns:
        Detached scalars: window_generator_loss, latent_generator_loss, and reconstruction, which
        is the third term with its weight.
    """
    encode, decode = game.latents.generator.network, game.windows.generator.network
    latents = encode(real.samples)
    losses = {
        "window_generator_loss": generator_loss(
            game.windows, fake=decode(prior.samples), real=real, noise=noise
        ),
        "latent_generator_loss": generator_loss(
            game.latents, fake=latents, real=prior, noise=noise
        ),
        "reconstruction": game.reconstruction * l2(decode(latents), real.samples),
    }
    player = game.autoencoder
    player.scaler.scale(sum(losses.values())).backward()
    player.update()
    return {name: loss.detach() for name, loss in losses.items()}
