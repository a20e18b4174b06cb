"""Unrolled GAN: the generator's loss against the critic as it will be some updates ahead.

Metz et al. 2017.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tgan.constraints import Constraint
from tgan.constraints.checks import refuse_batch_norm
from tgan.models.distributed import mean_over_processes
from tgan.rng.noise import Noise
from tgan.training.auxiliary import NOTHING, AuxiliaryLosses
from tgan.training.gradients import gradients_at
from tgan.training.graphs import Launch, directly
from tgan.training.learners import Batch, Critic, Learner, Terms
from tgan.training.schedules.apart import apart
from tgan.training.schedules.base import Schedule
from tgan.training.schedules.foresight import Foresight
from tgan.training.steps import critic_steps, fakes_of


@dataclass(eq=False)
class Unrolled(Schedule):
    """As alternating, but that the generator looks `unroll` updates of the critic ahead.

    After the critic's own updates, `unroll` more are foreseen: each of its own objective, on the
    generator's batch (the same one every time, as in the authors' code) and the last batch of
    reals, by its own optimiser as it stands. The generator's loss is that of the critic so
    foreseen, and its gradient goes through all these updates. The critic stays as it was.

    The authors update both networks at once, so that their critic is foreseen from where it was
    before the step; here it is from where the step has brought it.

    Example:
        >>> schedule = Unrolled(unroll=5)

    Attributes:
        unroll: updates that are foreseen, K in the paper; with 0 it is the alternating schedule.

    Source: Metz et al. 2017, section 2; that Adam is unrolled is in their code.
    """

    unroll: int = 5
    fresh_latents: ClassVar[int] = 1
    # Gradients of the critic are differentiated; learning rates are numbers of Python.
    trains_in_fp16: ClassVar[bool] = False
    is_recordable: ClassVar[bool] = False

    def check(self, generator: Learner, critic: Critic) -> None:
        """Do nothing for a critic whose updates can be differentiated.

        Raises:
            ValueError: it has a constraint, a batch norm, or another kind of optimiser, or pays
                more than its objective.
        """
        hooks = ("attach", "penalty", "project")
        kind = type(critic.constraint)
        if any(getattr(kind, hook) is not getattr(Constraint, hook) for hook in hooks):
            raise ValueError(
                "train.schedule unrolled foresees the critic's updates by its objective alone, "
                f"which {kind.__name__} changes; set constraint.name none"
            )
        if critic.auxiliary:
            raise ValueError(
                "train.schedule unrolled foresees the critic's updates by its objective alone, "
                f"beside which this one pays {', '.join(critic.auxiliary)}"
            )
        refuse_batch_norm(
            critic.module, "through which train.schedule unrolled does not differentiate"
        )
        Foresight.check(critic.optimizer)

    def step(
        self,
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
        inputs = (real, next(latents), noise)
        terms |= launch(
            unrolled_gradients,
            (generator, critic),
            inputs,
            auxiliary=auxiliary,
            unroll=self.unroll,
        )
        generator.update()
        return terms


def unrolled_gradients(
    generator: Learner,
    critic: Critic,
    real: Batch,
    z: Tensor,
    noise: Noise,
    *,
    auxiliary: AuxiliaryLosses,
    unroll: int,
) -> Terms:
    """Gather the generator's gradients against the critic `unroll` updates ahead.

    In several processes the foreseen updates are those of the global batch, and so are the
    gradients through them.

    Returns:
        Detached scalars: generator_loss, and auxiliary losses by name.
    """
    fake = generator.network(z, *real.condition)
    ahead = foreseen(critic, real, fake, noise, unroll=unroll)
    return gradients_at(fake, generator, ahead, real=real, noise=noise, auxiliary=auxiliary)


def foreseen(critic: Critic, real: Batch, fake: Tensor, noise: Noise, *, unroll: int) -> Critic:
    """A critic as it will be after `unroll` updates on these samples, as a function of them.

    Args:
        critic: without a constraint; it stays as it is.
        fake: (N, ...), with their graph, which the critic's weights ahead go on.

    Returns:
        A critic that scores and has no weights of its own to train.
    """
    trained = {name: p for name, p in critic.module.named_parameters() if p.requires_grad}
    foresight = Foresight(critic.optimizer, trained.values())
    weights = {name: p.detach().requires_grad_() for name, p in trained.items()}
    ahead = apart(critic, weights)
    for _ in range(unroll):
        loss = critic.objective.critic(*ahead.scores(real, fake, noise))
        gradients = torch.autograd.grad(
            loss, list(weights.values()), create_graph=True, materialize_grads=True
        )
        after = foresight.update(
            list(weights.values()), [mean_over_processes(each) for each in gradients]
        )
        weights = dict(zip(weights, after, strict=True))
        ahead = apart(critic, weights)
    return ahead
