"""Updates of critic and generator: the two schedules that every GAN here is trained by.

No process, device or precision is mentioned: a `Learner` carries its network as it has to be
called, and its own optimiser and loss scaler. A constraint that computes the critic's weights from
others does so once per update: all scores of one update are of the same weights.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached
from torch.optim import Optimizer

from tgan.constraints import Constraint
from tgan.losses import Objective, l1
from tgan.models.distributed import mean_over_processes
from tgan.models.modes import frozen
from tgan.rng.noise import Noise
from tgan.training.lazy import share_of, slow_down

Terms = dict[str, Tensor]
Augment = Callable[[Tensor, Noise], Tensor]


class Batch(NamedTuple):
    """Real samples, and the condition that both networks receive with them.

    Fakes are generated and scored under the same condition, so that the critic compares like with
    like.

    Attributes:
        samples: (N, ...), normalised.
        condition: arguments after the first of generator and critic: none, or one tensor (N, ...)
            of class labels or input pictures (`tgan.models.conditions`).
    """

    samples: Tensor
    condition: tuple[Tensor, ...] = ()


@dataclass(eq=False)
class Learner:
    """A network and what updates it.

    Example:
        >>> critic = nn.Linear(2, 1)
        >>> Learner(critic, torch.optim.Adam(critic.parameters())).update()
        True

    Attributes:
        module: the network itself, called where no gradient of its own is wanted.
        optimizer: of the module's parameters.
        network: the network as its own loss calls it, wrapped for several processes if need be;
            `module` unless given.
        scaler: of its losses; disabled unless given, as for all precisions but fp16. No two
            networks share one, which would skip and scale the wrong steps.
    """

    module: nn.Module
    optimizer: Optimizer
    # None stands for the defaults, which are there once an object is made.
    network: nn.Module = None  # type: ignore[assignment]
    scaler: torch.amp.GradScaler = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.network is None:
            self.network = self.module
        if self.scaler is None:
            self.scaler = torch.amp.GradScaler("cpu", enabled=False)

    def update(self) -> bool:
        """Step the optimiser and forget the gradients; False if fp16 overflowed and it did not."""
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return self.scaler.get_scale() >= scale

    def set_rate(self, rate: float) -> None:
        """Have the next updates made at another learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate


@dataclass(eq=False, kw_only=True)
class Critic(Learner):
    """A critic, the objective that it and its generator minimise, and what keeps it Lipschitz.

    A penalty is part of every loss, or lazy where its constraint has an interval above 1: it is
    paid by itself then, times the interval, in a further step of the optimiser after every
    interval-th update. The optimiser is slowed down for these here.

    Attributes:
        objective: the losses over its scores.
        constraint: attached to the module already.
        augment: changes samples (N, ...), real and fake, before they are scored; it has to be
            differentiable. None scores them as they are.
    """

    objective: Objective
    constraint: Constraint
    augment: Augment | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.is_lazy:
            slow_down(self.optimizer, share_of(self.constraint.interval))

    @property
    def is_lazy(self) -> bool:
        """Whether the penalty is paid by itself, after some updates alone."""
        return self.constraint.has_penalty and self.constraint.interval > 1

    def set_rate(self, rate: float) -> None:
        """As of a learner; a lazy penalty's steps count."""
        super().set_rate(rate * share_of(self.constraint.interval) if self.is_lazy else rate)

    def score(
        self, network: nn.Module, samples: Tensor, condition: tuple[Tensor, ...], noise: Noise
    ) -> Tensor:
        """Scores (N,) of `samples` under `condition`, after augmentation.

        Args:
            network: this critic's `network` in its own loss, its `module` in any other.
        """
        return network(self._seen(samples, noise), *condition)

    def scores(self, real: Batch, fake: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        """Scores (N,) of real samples and of fakes under the same condition, for its loss alone.

        They come from one pass, which is cheaper, of a network that says that it does not mix
        samples (`mixes_samples`); else from two, since statistics of real and fake must not mix.
        """
        seen = [self._seen(samples, noise) for samples in (fake, real.samples)]
        if getattr(self.module, "mixes_samples", True):
            at_fake, at_real = (self.network(samples, *real.condition) for samples in seen)
            return at_real, at_fake
        condition = [torch.cat([each, each]) for each in real.condition]
        at_fake, at_real = self.network(torch.cat(seen), *condition).split(list(map(len, seen)))
        return at_real, at_fake

    def _seen(self, samples: Tensor, noise: Noise) -> Tensor:
        return samples if self.augment is None else self.augment(samples, noise)

    def finish(
        self, *, real: Batch, fake: Tensor, noise: Noise, update: int, updated: bool
    ) -> Terms:
        """Pay a lazy penalty that is due after an update, then have the constraint project.

        Args:
            updated: whether the update was made.

        Returns:
            The penalty, where one was paid, without the interval that it was multiplied by.
        """
        penalty = None
        if self.is_lazy and self.constraint.is_due(update):
            with cached():
                penalty = self.penalty(real, fake, noise)
        if penalty is not None:
            self.scaler.scale(self.constraint.interval * penalty).backward()
            # Nothing wraps this pass for several processes, as the network's own loss is.
            for parameter in self.module.parameters():
                if parameter.grad is not None:
                    parameter.grad = mean_over_processes(parameter.grad)
            updated |= self.update()
        if updated:
            self.constraint.project(self.module, update)
        return {} if penalty is None else _detached({"penalty": penalty})

    def penalty_of_loss(self, real: Batch, fake: Tensor, noise: Noise) -> Tensor | None:
        """What is part of every loss: the penalty, unless it is lazy."""
        return None if self.is_lazy else self.penalty(real, fake, noise)

    def penalty(self, real: Batch, fake: Tensor, noise: Noise) -> Tensor | None:
        """What the constraint adds to the critic's loss; None where it adds nothing."""
        return self.constraint.penalty(
            self.module,
            lambda samples: self.score(self.module, samples, real.condition, noise),
            real.samples,
            fake,
            noise,
        )


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
        at_fakes = generator.scaler.scale(-leaf.grad / critic.scaler.get_scale())
    else:
        scaled = generator.scaler.scale(generator_loss)
        (at_fakes,) = torch.autograd.grad(scaled, leaf, retain_graph=True)
        own.backward(inputs=list(critic.module.parameters()))
    paid = [generator.scaler.scale(term) for term in extra.values()]
    torch.autograd.backward([fake, *paid], [at_fakes, *[None for _ in paid]])

    generator.update()
    lazy = critic.finish(
        real=real, fake=fake.detach(), noise=noise, update=update, updated=critic.update()
    )
    terms = _critic_terms(critic_loss, penalty, real_scores, fake_scores) | lazy
    return terms | _detached({"generator_loss": generator_loss} | extra)


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
    return _detached(losses)


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
    return _detached(terms if penalty is None else terms | {"penalty": penalty})


def _detached(terms: Terms) -> Terms:
    return {name: term.detach() for name, term in terms.items()}
