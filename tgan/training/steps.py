"""Updates of critic and generator: the two schedules that every GAN here is trained by.

A constraint that computes the critic's weights from others does so once per update: all scores of
one update are of the same weights.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.parametrize import cached

from tgan.losses import l1
from tgan.models.modes import frozen
from tgan.rng.noise import Noise
from tgan.training.learners import Batch, Critic, Learner, Terms, detached, update_all


def simultaneous_step(
    generator: Learner,
    critic: Critic,
    *,
    reals: Iterable[Batch],
    latents: Iterable[Tensor],
    noise: Noise,
    update: int,
    l1_weight: float = 0.0,
) -> Terms:
    """Update both networks from one pass of the critic over the same fakes.

    Both losses are taken at the weights before the step, as in the authors' code. Under a
    zero-sum objective the generator's gradient at the fakes is the critic's with the other sign,
    so that one backward pass through the critic serves both.

    Args:
        reals: one batch of real samples.
        latents: one batch (N, K).
        noise: of this step.
        update: the number of this critic update, from 1.
        l1_weight: what the generator pays per unit of mean absolute difference between fakes and
            the real samples whose condition they have (Isola et al. 2017, equation 3).

    Returns:
        Detached scalars: critic_loss, critic_gap, generator_loss; penalty and l1 where they are
        paid.
    """
    [real], [z] = reals, latents
    objective = critic.objective
    fake = generator.network(z, *real.condition)
    leaf = fake.detach().requires_grad_()
    with cached():
        # One pass would cost more: the gradient at the fakes would be taken at real samples, too.
        fake_scores = critic.score(critic.network, leaf, real.condition, noise)
        real_scores = critic.score(critic.network, real.samples, real.condition, noise)
        critic_loss = objective.critic(real_scores, fake_scores)
        generator_loss = objective.generator(real_scores, fake_scores)
        penalty = critic.penalty_of_loss(real, fake.detach(), noise)
    extra = _l1_term(fake, real, l1_weight)

    # One backward pass of the critic's own loss at most: several processes average its gradients
    # in that pass. The generator's loss only ever asks for the gradient at the fakes.
    own = critic.scaler.scale(_total(critic_loss, penalty))
    if objective.zero_sum:
        own.backward()
        at_fakes = generator.scaler.scale(-leaf.grad / critic.loss_scale)
    else:
        scaled = generator.scaler.scale(generator_loss)
        (at_fakes,) = torch.autograd.grad(scaled, leaf, retain_graph=True)
        own.backward(inputs=list(critic.module.parameters()))
    paid = [generator.scaler.scale(term) for term in extra.values()]
    torch.autograd.backward([fake, *paid], [at_fakes, *[None for _ in paid]])

    _, updated = update_all(generator, critic)
    lazy = critic.finish(real=real, fake=fake.detach(), noise=noise, update=update, updated=updated)
    terms = _critic_terms(critic_loss, penalty, real_scores, fake_scores) | lazy
    return terms | detached({"generator_loss": generator_loss} | extra)


def alternating_step(
    generator: Learner,
    critic: Critic,
    *,
    reals: Iterable[Batch],
    latents: Iterable[Tensor],
    noise: Noise,
    update: int,
    l1_weight: float = 0.0,
) -> Terms:
    """Update the critic once per batch of reals, then the generator once, each on fresh fakes.

    Args:
        reals: batches of real samples, one for each critic update.
        latents: as many batches (N, K), and one more for the generator.
        noise: of this step.
        update: the number of the first of these critic updates, from 1.
        l1_weight: as for `simultaneous_step`, against the last batch of reals.

    Returns:
        Detached scalars as of `simultaneous_step`, those of the last critic update.

    Source: Goodfellow et al. 2014, Algorithm 1; Arjovsky et al. 2017, Algorithm 1.
    """
    latents = iter(latents)
    for number, real in enumerate(reals, update):
        with torch.no_grad():
            fake = generator.network(next(latents), *real.condition)
        terms = critic_step(critic, real=real, fake=fake, noise=noise, update=number)
    return terms | generator_step(
        generator, critic, real=real, z=next(latents), noise=noise, l1_weight=l1_weight
    )


def critic_step(critic: Critic, *, real: Batch, fake: Tensor, noise: Noise, update: int) -> Terms:
    """Update the critic once, pay a lazy penalty that is due, and let the constraint project it.

    Args:
        real: real samples.
        fake: (N, ...) generated ones, detached, under the same condition.
        noise: of this step.
        update: the number of this critic update, from 1.

    Returns:
        Detached scalars: critic_loss, critic_gap; penalty where there is one.
    """
    with cached():
        real_scores, fake_scores = critic.scores(real, fake, noise)
        loss = critic.objective.critic(real_scores, fake_scores)
        penalty = critic.penalty_of_loss(real, fake, noise)
    critic.scaler.scale(_total(loss, penalty)).backward()
    lazy = critic.finish(real=real, fake=fake, noise=noise, update=update, updated=critic.update())
    return _critic_terms(loss, penalty, real_scores, fake_scores) | lazy


def generator_step(
    generator: Learner,
    critic: Critic,
    *,
    real: Batch,
    z: Tensor,
    noise: Noise,
    l1_weight: float = 0.0,
) -> Terms:
    """Update the generator once through the frozen critic.

    Returns:
        Detached scalars: generator_loss; l1 where it is paid.
    """
    fake = generator.network(z, *real.condition)
    losses = {"generator_loss": generator_loss(critic, fake=fake, real=real, noise=noise)}
    losses |= _l1_term(fake, real, l1_weight)
    generator.scaler.scale(_total(*losses.values())).backward()
    generator.update()
    return detached(losses)


def generator_loss(critic: Critic, *, fake: Tensor, real: Batch, noise: Noise) -> Tensor:
    """What the generator loses with these fakes; the critic gathers no gradients from it."""
    module = critic.module
    with frozen(module), cached():
        fake_scores = critic.score(module, fake, real.condition, noise)
        real_scores = None
        if critic.objective.relativistic:
            real_scores = critic.score(module, real.samples, real.condition, noise)
        return critic.objective.generator(real_scores, fake_scores)


@dataclass(frozen=True)
class Schedule:
    """An order in which critic and generator are updated.

    Attributes:
        step: takes a step as `simultaneous_step` and `alternating_step` do.
        fresh_latents: batches of latents that the generator's own update takes beyond those of
            the critic's updates.
    """

    step: Callable[..., Terms]
    fresh_latents: int


SCHEDULES = {
    "simultaneous": Schedule(simultaneous_step, fresh_latents=0),
    "alternating": Schedule(alternating_step, fresh_latents=1),
}


def _total(loss: Tensor, *others: Tensor | None) -> Tensor:
    """The sum of a loss and of whatever is paid beside it."""
    for other in others:
        loss = loss if other is None else loss + other
    return loss


def _l1_term(fake: Tensor, real: Batch, weight: float) -> Terms:
    return {"l1": weight * l1(fake, real.samples)} if weight else {}


def _critic_terms(
    loss: Tensor, penalty: Tensor | None, real_scores: Tensor, fake_scores: Tensor
) -> Terms:
    terms = {"critic_loss": loss, "critic_gap": real_scores.mean() - fake_scores.mean()}
    return detached(terms if penalty is None else terms | {"penalty": penalty})
