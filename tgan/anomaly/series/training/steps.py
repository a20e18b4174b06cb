"""TadGAN's updates: a critic of windows, a critic of latents, and an autoencoder against both.

The decoder G generates windows from the prior, the encoder E generates latents from windows: the
fakes of the two critics, which take the `critic_step` of every GAN here. Encoder and decoder share
an optimiser and one step, in which the reconstruction joins them. Any constraint may keep either
critic Lipschitz; on a recurrent critic none certifies it, see
`tgan.anomaly.series.networks.tables`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tgan.losses import l2
from tgan.rng.noise import Noise
from tgan.training.gradients import generator_loss
from tgan.training.steps import Batch, Critic, Learner, Terms, critic_step

# Geiger et al. 2020, as Orion has it: the weight of the mean squared error.
RECONSTRUCTION = 10.0


class Autoencoder(nn.Module):
    """Maps windows (N, C, W) to their reconstructions G(E(x)) of the same shape.

    Args:
        encoder: E, maps windows to latents (N, K).
        decoder: G, maps latents to windows.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, windows: Tensor) -> Tensor:
        return self.decoder(self.encoder(windows))


@dataclass(eq=False)
class Networks:
    """Learners of a TadGAN: an autoencoder and two critics.

    Attributes:
        autoencoder: its module is an `Autoencoder`; one optimiser updates both parts.
        window_critic, latent_critic: Cx and Cz.
        reconstruction: weight of the mean squared error in the loss of encoder and decoder.
    """

    autoencoder: Learner
    window_critic: Critic
    latent_critic: Critic
    reconstruction: float = RECONSTRUCTION

    def encode(self, windows: Tensor) -> Tensor:
        """Compute latents E(x), (N, K), of windows (N, C, W)."""
        return self.autoencoder.module.encoder(windows)

    def decode(self, latents: Tensor) -> Tensor:
        """Compute windows G(z), (N, C, W), of latents (N, K)."""
        return self.autoencoder.module.decoder(latents)


def cycle_step(
    networks: Networks,
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
        terms = critic_steps(networks, real=real, prior=prior, noise=noise, update=number)
    if not reuses_last:
        real, prior = next(reals), Batch(next(latents))
    return terms | joint_step(networks, real=real, prior=prior, noise=noise)


def critic_steps(
    networks: Networks, *, real: Batch, prior: Batch, noise: Noise, update: int
) -> Terms:
    """Update Cx on windows against G(z), and Cz on latents z of the prior against E(x), once."""
    with torch.no_grad():
        windows = networks.decode(prior.samples)
    found = critic_step(networks.window_critic, real=real, fake=windows, noise=noise, update=update)
    terms = {f"window_{name}": term for name, term in found.items()}
    with torch.no_grad():
        latents = networks.encode(real.samples)
    found = critic_step(
        networks.latent_critic, real=prior, fake=latents, noise=noise, update=update
    )
    return terms | {f"latent_{name}": term for name, term in found.items()}


def joint_step(networks: Networks, *, real: Batch, prior: Batch, noise: Noise) -> Terms:
    """Update encoder and decoder once, through the frozen critics.

    Under the Wasserstein objective they minimise
    -mean Cx(G(z)) - mean Cz(E(x)) + reconstruction * mean (x - G(E(x)))^2.

    Returns:
        Detached scalars: window_generator_loss, latent_generator_loss, and reconstruction, which
        is the third term with its weight.
    """
    latents = networks.encode(real.samples)
    windows = networks.decode(prior.samples)
    against = {
        "window": (networks.window_critic, windows, real),
        "latent": (networks.latent_critic, latents, prior),
    }
    losses = {
        f"{kind}_generator_loss": generator_loss(critic, fake=fake, real=reals, noise=noise)
        for kind, (critic, fake, reals) in against.items()
    }
    distance = l2(networks.decode(latents), real.samples)
    losses["reconstruction"] = networks.reconstruction * distance
    learner = networks.autoencoder
    learner.scaler.scale(sum(losses.values())).backward()
    learner.update()
    return {name: loss.detach() for name, loss in losses.items()}
