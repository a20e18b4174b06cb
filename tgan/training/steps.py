"""Updates of critic and generator: the steps that schedules are made of.

What is computed is launched (`tgan.training.gradients`); updates, penalties that are due and
projections come between.
"""

from collections.abc import Callable, Iterable, Iterator

from torch import Tensor

from tgan._moved import moved_names
from tgan.models.distributed import mean_over_processes
from tgan.rng.noise import Noise
from tgan.training.auxiliary import NOTHING, AuxiliaryLosses
from tgan.training.gradients import (
    critic_gradients,
    fakes,
    generator_gradients,
    penalty_gradients,
    simultaneous_gradients,
)
from tgan.training.graphs import Launch, directly
from tgan.training.learners import Batch, Critic, Learner, Terms, update_all

# From latents (N, K) and a condition to samples (N, ...).
Generate = Callable[[Tensor, tuple[Tensor, ...]], Tensor]
# For a release.
__getattr__ = moved_names(__name__, {"SCHEDULES": "tgan.training.schedules"})


def simultaneous_step(
    generator: Learner,
    critic: Critic,
    *,
    reals: Iterable[Batch],
    latents: Iterable[Tensor],
    noise: Noise,
    update: int,
    auxiliary: AuxiliaryLosses = NOTHING,
    launch: Launch = directly,
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
        auxiliary: what the generator pays beside its objective, by name.
        launch: see `tgan.training.graphs`.

    Returns:
        Detached scalars: critic_loss, critic_gap, generator_loss; penalty and auxiliary losses
        where they are paid.
    """
    [real], [z] = reals, latents
    terms, fake = launch(
        simultaneous_gradients, (generator, critic), (real, z, noise), auxiliary=auxiliary
    )
    _, updated = update_all(generator, critic)
    lazy = _finish(critic, real, fake, noise, update=update, updated=updated, launch=launch)
    return terms | lazy


def alternating_step(
    generator: Learner,
    critic: Critic,
    *,
    reals: Iterable[Batch],
    latents: Iterable[Tensor],
    noise: Noise,
    update: int,
    auxiliary: AuxiliaryLosses = NOTHING,
    launch: Launch = directly,
) -> Terms:
    """Update the critic once per batch of reals, then the generator once, each on fresh fakes.

    Args:
        reals: batches of real samples, one for each critic update.
        latents: as many batches (N, K), and one more for the generator.
        noise: of this step.
        update: the number of the first of these critic updates, from 1.
        auxiliary: as for `simultaneous_step`, with the last batch of reals.
        launch: see `tgan.training.graphs`.

    Returns:
        Detached scalars as of `simultaneous_step`, those of the last critic update.

    Source: Goodfellow et al. 2014, Algorithm 1; Arjovsky et al. 2017, Algorithm 1.
    """
    latents = iter(latents)
    terms, real = critic_steps(
        critic,
        fakes_of(generator, launch),
        reals=reals,
        latents=latents,
        noise=noise,
        update=update,
        launch=launch,
    )
    return terms | generator_step(
        generator,
        critic,
        real=real,
        z=next(latents),
        noise=noise,
        auxiliary=auxiliary,
        launch=launch,
    )


def critic_steps(
    critic: Critic,
    generate: Generate,
    *,
    reals: Iterable[Batch],
    latents: Iterator[Tensor],
    noise: Noise,
    update: int,
    launch: Launch = directly,
) -> tuple[Terms, Batch]:
    """Update the critic once per batch of reals, each time on fresh fakes.

    Args:
        generate: makes the fakes.
        latents: yields batches (N, K), of which as many are taken.
        update: the number of the first of these updates, from 1.

    Returns:
        The terms of the last update, and its real samples.
    """
    for place, real in enumerate(reals):
        fake = generate(next(latents), real.condition)
        terms = critic_step(
            critic,
            real=real,
            fake=fake,
            noise=noise.part(place),
            update=update + place,
            launch=launch,
        )
    return terms, real


def fakes_of(generator: Learner, launch: Launch) -> Generate:
    """What makes fakes of a generator without a graph."""
    return lambda z, condition: launch(fakes, (generator,), (z, condition))


def critic_step(
    critic: Critic,
    *,
    real: Batch,
    fake: Tensor,
    noise: Noise,
    update: int,
    launch: Launch = directly,
) -> Terms:
    """Update the critic once, pay a lazy penalty that is due, and let the constraint project it.

    Args:
        real: real samples.
        fake: (N, ...) generated ones, detached, under the same condition.
        noise: of this update.
        update: the number of this critic update, from 1.

    Returns:
        Detached scalars: critic_loss, critic_gap; penalty where there is one.
    """
    terms = launch(critic_gradients, (critic,), (real, fake, noise))
    updated = critic.update()
    lazy = _finish(critic, real, fake, noise, update=update, updated=updated, launch=launch)
    return terms | lazy


def _finish(
    critic: Critic,
    real: Batch,
    fake: Tensor,
    noise: Noise,
    *,
    update: int,
    updated: bool,
    launch: Launch,
) -> Terms:
    """Pay a lazy penalty that is due after an update, then have the constraint project.

    Args:
        noise: of the update, of which the penalty takes a part.
        updated: whether the update was made.

    Returns:
        The penalty, where one was paid, without the interval that it was multiplied by.
    """
    penalty = None
    if critic.is_lazy and critic.constraint.is_due(update):
        penalty = launch(penalty_gradients, (critic,), (real, fake, noise.part(0)))
    if penalty is not None:
        # Nothing wraps this pass for several processes, as the network's own loss is.
        for parameter in critic.module.parameters():
            if parameter.grad is not None:
                parameter.grad = mean_over_processes(parameter.grad)
        updated |= critic.update()
    if updated:
        critic.constraint.project(critic.module, update)
    return {} if penalty is None else {"penalty": penalty}


def generator_step(
    generator: Learner,
    critic: Critic,
    *,
    real: Batch,
    z: Tensor,
    noise: Noise,
    auxiliary: AuxiliaryLosses = NOTHING,
    launch: Launch = directly,
) -> Terms:
    """Update the generator once through the frozen critic.

    Returns:
        Detached scalars: generator_loss, and auxiliary losses by name.
    """
    terms = launch(generator_gradients, (generator, critic), (real, z, noise), auxiliary=auxiliary)
    generator.update()
    return terms
