"""What is computed in a step: gradients of critic and generator, gathered in their parameters.

Each function is the same work at every call, and changes nothing but gradients and the running
statistics of norms, so that it can be recorded (`tgan.training.graphs`).

A constraint that computes the critic's weights from others does so once per update: all scores of
one update are of the same weights.
"""

import torch
from torch import Tensor
from torch.nn.utils.parametrize import cached

from tgan.models.modes import frozen
from tgan.rng.noise import Noise
from tgan.training.auxiliary import AuxiliaryLosses
from tgan.training.learners import Batch, Critic, Learner, Terms, detached


def simultaneous_gradients(
    generator: Learner,
    critic: Critic,
    real: Batch,
    z: Tensor,
    noise: Noise,
    *,
    auxiliary: AuxiliaryLosses,
) -> tuple[Terms, Tensor]:
    """Gather both networks' gradients, from one pass of the critic over the same fakes.

    Returns:
        The terms of `simultaneous_step` but for what is lazy, and the fakes.
    """
    objective = critic.objective
    fake = generator.network(z, *real.condition)
    leaf = fake.detach().requires_grad_()
    with cached():
        # One pass would cost more: the gradient at the fakes would be taken at real samples, too.
        fake_scores = critic.score(critic.network, leaf, real.condition, noise)
        real_scores = critic.score(critic.network, real.samples, real.condition, noise)
        critic_loss = objective.critic(real_scores, fake_scores)
        losses = {}
        if objective.generator is not None:
            losses["generator_loss"] = objective.generator(real_scores, fake_scores)
        penalty = critic.penalty_of_loss(real, fake.detach(), noise)
        paid_by_critic = critic.auxiliary_terms(real, noise)
    extra = _auxiliary_terms(generator, critic, auxiliary, fake=fake, real=real, noise=noise)

    # One backward pass of the critic's own loss at most: several processes average its gradients
    # in that pass. The generator's loss only ever asks for the gradient at the fakes.
    own = critic.scaler.scale(_total(critic_loss, penalty, *paid_by_critic.values()))
    if objective.zero_sum:
        own.backward()
        at_fakes = [generator.scaler.scale(-leaf.grad / critic.loss_scale)]
    else:
        scaled = [generator.scaler.scale(loss) for loss in losses.values()]
        at_fakes = [torch.autograd.grad(loss, leaf, retain_graph=True)[0] for loss in scaled]
        own.backward(inputs=list(critic.module.parameters()))
    paid = [generator.scaler.scale(term) for term in extra.values()]
    torch.autograd.backward([*[fake for _ in at_fakes], *paid], [*at_fakes, *[None for _ in paid]])
    terms = _critic_terms(critic_loss, penalty, real_scores, fake_scores)
    return terms | detached(paid_by_critic | losses | extra), fake.detach()


@torch.no_grad()
def fakes(generator: Learner, z: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
    """Generate samples (N, ...) without a graph."""
    return generator.network(z, *condition)


def critic_gradients(critic: Critic, real: Batch, fake: Tensor, noise: Noise) -> Terms:
    """Gather the critic's gradients; the terms of `critic_step` but for what is lazy."""
    with cached():
        real_scores, fake_scores = critic.scores(real, fake, noise)
        loss = critic.objective.critic(real_scores, fake_scores)
        penalty = critic.penalty_of_loss(real, fake, noise)
        extra = critic.auxiliary_terms(real, noise)
    critic.scaler.scale(_total(loss, penalty, *extra.values())).backward()
    return _critic_terms(loss, penalty, real_scores, fake_scores) | detached(extra)


def penalty_gradients(critic: Critic, real: Batch, fake: Tensor, noise: Noise) -> Tensor | None:
    """Gather the critic's gradients of a lazy penalty, times its interval; the penalty itself."""
    with cached():
        penalty = critic.penalty(real, fake, noise)
    if penalty is None:
        return None
    critic.scaler.scale(critic.constraint.interval * penalty).backward()
    return penalty.detach()


def generator_gradients(
    generator: Learner,
    critic: Critic,
    real: Batch,
    z: Tensor,
    noise: Noise,
    *,
    auxiliary: AuxiliaryLosses,
) -> Terms:
    """Gather the generator's gradients; the terms of `generator_step`."""
    fake = generator.network(z, *real.condition)
    return gradients_at(fake, generator, critic, real=real, noise=noise, auxiliary=auxiliary)


def gradients_at(
    fake: Tensor,
    generator: Learner,
    critic: Critic,
    *,
    real: Batch,
    noise: Noise,
    auxiliary: AuxiliaryLosses,
) -> Terms:
    """Gather the generator's gradients from fakes (N, ...) that it has made, with their graph."""
    losses = {}
    if critic.objective.generator is not None:
        losses["generator_loss"] = generator_loss(critic, fake=fake, real=real, noise=noise)
    losses |= _auxiliary_terms(generator, critic, auxiliary, fake=fake, real=real, noise=noise)
    generator.scaler.scale(_total(*losses.values())).backward()
    return detached(losses)


def generator_loss(critic: Critic, *, fake: Tensor, real: Batch, noise: Noise) -> Tensor:
    """What the generator loses with these fakes; the critic gathers no gradients from it.

    The objective has to have a loss of the generator's.
    """
    module = critic.module
    assert critic.objective.generator is not None, "an objective without a loss of the generator's"
    with frozen(module), cached():
        fake_scores = critic.score(module, fake, real.condition, noise)
        real_scores = None
        if critic.objective.relativistic:
            real_scores = critic.score(module, real.samples, real.condition, noise)
        return critic.objective.generator(real_scores, fake_scores)


def _total(loss: Tensor, *others: Tensor | None) -> Tensor:
    """The sum of a loss and of whatever is paid beside it."""
    for other in others:
        loss = loss if other is None else loss + other
    return loss


def _auxiliary_terms(
    generator: Learner,
    critic: Critic,
    auxiliary: AuxiliaryLosses,
    *,
    fake: Tensor,
    real: Batch,
    noise: Noise,
) -> Terms:
    with frozen(critic.module), cached():
        return {
            name: loss(generator, critic, fake=fake, real=real, noise=noise)
            for name, loss in auxiliary.items()
        }


def _critic_terms(
    loss: Tensor, penalty: Tensor | None, real_scores: Tensor, fake_scores: Tensor
) -> Terms:
    terms = {"critic_loss": loss, "critic_gap": real_scores.mean() - fake_scores.mean()}
    return detached(terms if penalty is None else terms | {"penalty": penalty})
