"""One update of critic and generator: the two schedules that every GAN here is trained by.

No process, device or precision is mentioned: a `Player` carries the network as it has to be
called, and its own optimiser and loss scaler. A constraint that computes the critic's weights from
others does so once per update: all its scores are of the same weights.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached
from torch.optim import Optimizer

from tgan.constraints import Constraint
from tgan.losses import Objective, l1
from tgan.rng.noise import Noise

Terms = dict[str, Tensor]
Augment = Callable[[Tensor, Noise], Tensor]


class Batch(NamedTuple):
    """Real samples, and what is told of them where the GAN is conditional.

    The same is told of fakes, so that the critic compares like with like.

    Attributes:
        samples: (N, ...), normalised.
        told: (N, ...) of `tgan.models.conditions`, or None.
    """

    samples: Tensor
    told: Tensor | None = None

    @property
    def condition(self) -> tuple[Tensor, ...]:
        """What networks take after their first argument: nothing, or what is told."""
        return () if self.told is None else (self.told,)


@dataclass(eq=False)
class Player:
    """A network and what updates it.

    Attributes:
        module: the network itself, called where no gradient of its own is wanted.
        network: the network as its own loss calls it, wrapped for several processes if need be.
        optimizer: of the module's parameters.
        scaler: of its losses, on its own: one that is shared by two networks skips and scales the
            wrong steps. Disabled but for fp16.
    """

    module: nn.Module
    network: nn.Module
    optimizer: Optimizer
    scaler: torch.amp.GradScaler

    def update(self) -> bool:
        """Step the optimiser and forget the gradients; False if fp16 overflowed and it did not."""
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return self.scaler.get_scale() >= scale


@dataclass(eq=False)
class Game:
    """Two players, and the rules that they play by.

    Attributes:
        objective: what they minimise.
        constraint: what keeps the critic Lipschitz.
        augment: what the critic sees of samples (N, ...), real or not, instead of them; it has to
            be differentiable. None shows them as they are.
        reconstruction: what the generator pays per unit of mean absolute difference between its
            fakes and the real samples that it is told of.
    """

    generator: Player
    critic: Player
    objective: Objective
    constraint: Constraint
    augment: Augment | None = None
    reconstruction: float = 0.0

    def score(self, network: nn.Module, samples: Tensor, of: Batch, noise: Noise) -> Tensor:
        """Scores (N,) of samples of which the same is told as of the batch `of`."""
        seen = samples if self.augment is None else self.augment(samples, noise)
        return network(seen, *of.condition)

    def distance(self, fake: Tensor, real: Batch) -> Tensor:
        """What the generator pays for fakes that differ from real samples; 0 where it does not.

        Source: Isola et al. 2017, equation 3.
        """
        if not self.reconstruction:
            return torch.zeros((), device=fake.device, requires_grad=True)
        return self.reconstruction * l1(fake, real.samples)

    def penalty(self, real: Batch, fake: Tensor, noise: Noise) -> Tensor:
        """What the constraint adds to the critic's loss."""
        module = self.critic.module
        return self.constraint.penalty(
            module,
            lambda samples: self.score(module, samples, real, noise),
            real.samples,
            fake,
            noise,
        )


def simultaneous_step(game: Game, *, real: Batch, z: Tensor, noise: Noise, update: int) -> Terms:
    """Update both players from one pass of the critic over the same fakes.

    Both losses are taken at the weights before the step, as in the authors' code. Under a
    zero-sum objective the generator's gradient at the fakes is the critic's with the other sign,
    so that one backward pass through the critic serves both.

    Args:
        real: real samples.
        z: (N, K) latents.
        noise: of this step.
        update: the number of this critic update, from 1.

    Returns:
        Detached scalars: critic_loss, generator_loss, critic_gap, penalty, reconstruction.
    """
    generator, critic, objective = game.generator, game.critic, game.objective
    fake = generator.network(z, *real.condition)
    leaf = fake.detach().requires_grad_()
    with cached():
        # Scored apart, so that batch statistics of real and fake do not mix.
        fake_scores = game.score(critic.network, leaf, real, noise)
        real_scores = game.score(critic.network, real.samples, real, noise)
        critic_loss = objective.critic(real_scores, fake_scores)
        generator_loss = objective.generator(real_scores, fake_scores)
        penalty = game.penalty(real, fake.detach(), noise)
    distance = game.distance(fake, real)

    # One backward pass of the critic's own loss at most: several processes average its gradients
    # in that pass. The generator's loss only ever asks for the gradient at the fakes.
    if objective.zero_sum:
        critic.scaler.scale(critic_loss + penalty).backward()
        at_fakes = generator.scaler.scale(-leaf.grad / critic.scaler.get_scale())
    else:
        scaled = generator.scaler.scale(generator_loss)
        (at_fakes,) = torch.autograd.grad(scaled, leaf, retain_graph=True)
        own = list(critic.module.parameters())
        critic.scaler.scale(critic_loss + penalty).backward(inputs=own)
    torch.autograd.backward([fake, generator.scaler.scale(distance)], [at_fakes, None])

    generator.update()
    if critic.update():
        game.constraint.project(critic.module, update)
    return _terms(critic_loss, penalty, real_scores, fake_scores) | {
        "generator_loss": generator_loss.detach(),
        "reconstruction": distance.detach(),
    }


def alternating_step(
    game: Game,
    *,
    reals: Iterator[Batch],
    latents: Iterator[Tensor],
    noise: Noise,
    update: int,
    n_critic: int,
) -> Terms:
    """Update the critic `n_critic` times, then the generator once, each on fresh fakes.

    Args:
        reals: yields real samples; one batch per critic update is taken.
        latents: yields (N, K) latents; one batch more is taken.
        noise: of this step.
        update: the number of the first of these critic updates, from 1.

    Returns:
        Detached scalars: critic_loss, critic_gap, penalty (of the last critic update),
        generator_loss and reconstruction.

    Source: Goodfellow et al. 2014, Algorithm 1; Arjovsky et al. 2017, Algorithm 1.
    """
    for number in range(update, update + n_critic):
        real = next(reals)
        terms = critic_step(game, real=real, z=next(latents), noise=noise, update=number)
    return terms | generator_step(game, real=real, z=next(latents), noise=noise)


def critic_step(game: Game, *, real: Batch, z: Tensor, noise: Noise, update: int) -> Terms:
    """Update the critic once, and let the constraint project it.

    Args:
        real: real samples.
        z: (N, ...) what the generator maps to fakes.
        noise: of this step.
        update: the number of this critic update, from 1.

    Returns:
        Detached scalars: critic_loss, critic_gap, penalty.
    """
    critic = game.critic
    with torch.no_grad():
        fake = game.generator.network(z, *real.condition)
    with cached():
        fake_scores = game.score(critic.network, fake, real, noise)
        real_scores = game.score(critic.network, real.samples, real, noise)
        loss = game.objective.critic(real_scores, fake_scores)
        penalty = game.penalty(real, fake, noise)
    critic.scaler.scale(loss + penalty).backward()
    if critic.update():
        game.constraint.project(critic.module, update)
    return _terms(loss, penalty, real_scores, fake_scores)


def generator_step(game: Game, *, real: Batch, z: Tensor, noise: Noise) -> Terms:
    """Update the generator once through the frozen critic."""
    generator = game.generator
    fake = generator.network(z, *real.condition)
    loss = generator_loss(game, fake=fake, real=real, noise=noise)
    distance = game.distance(fake, real)
    generator.scaler.scale(loss + distance).backward()
    generator.update()
    return {"generator_loss": loss.detach(), "reconstruction": distance.detach()}


def generator_loss(game: Game, *, fake: Tensor, real: Batch, noise: Noise) -> Tensor:
    """What the generator loses with these fakes; the critic gathers no gradients from it."""
    module = game.critic.module
    with frozen(module), cached():
        fake_scores = game.score(module, fake, real, noise)
        real_scores = None
        if game.objective.relativistic:
            real_scores = game.score(module, real.samples, real, noise)
        return game.objective.generator(real_scores, fake_scores)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Parameters of `module` gather no gradients inside; what is upstream of it does."""
    trainable = [p for p in module.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def _terms(loss: Tensor, penalty: Tensor, real_scores: Tensor, fake_scores: Tensor) -> Terms:
    return {
        "critic_loss": loss.detach(),
        "critic_gap": (real_scores.mean() - fake_scores.mean()).detach(),
        "penalty": penalty.detach(),
    }
