"""The seam between a task and the order of its updates, and the two orders without settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tgan.rng.noise import Noise
from tgan.training.auxiliary import NOTHING, AuxiliaryLosses
from tgan.training.graphs import Launch, directly
from tgan.training.learners import Batch, Critic, Learner, Terms
from tgan.training.state import Tensors
from tgan.training.steps import alternating_step, simultaneous_step


@dataclass(eq=False)
class Schedule:
    """An order in which critic and generator are updated.

    Its fields are the settings of `train` that it takes. Besides them it may hold what a resumed
    run needs, which `tensors` gives.

    Example:
        >>> Alternating(n_critic=5).latents_per_step
        6

    Attributes:
        n_critic: updates of the critic per step, each on a batch of reals of its own.
        fresh_latents: batches of latents that a step takes beyond those of the critic's updates.
        survivors: generators that are there after a step; a process's batch is a multiple of it.
        trains_in_fp16: whether losses may be scaled.
        is_recordable: whether all that it launches is the same work at every step
            (`tgan.training.graphs`).
    """

    n_critic: int = 1
    fresh_latents: ClassVar[int] = 0
    survivors: ClassVar[int] = 1
    trains_in_fp16: ClassVar[bool] = True
    is_recordable: ClassVar[bool] = True

    @property
    def reals_per_step(self) -> int:
        """How many batches of real samples a step takes."""
        return self.n_critic

    @property
    def latents_per_step(self) -> int:
        """How many batches of latents a step takes."""
        return self.n_critic + self.fresh_latents

    def check(self, generator: Learner, critic: Critic) -> None:
        """Do nothing for networks that can be trained so.

        Raises:
            ValueError: these cannot be.
        """

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
        """Update both networks.

        Args:
            reals: `reals_per_step` batches of real samples.
            latents: `latents_per_step` batches (N, K).
            noise: of this step.
            update: the number of the first of these critic updates, from 1.
            auxiliary: what the generator pays beside its objective, by name.
            launch: see `tgan.training.graphs`.

        Returns:
            Detached scalars: critic_loss, critic_gap, generator_loss, and more.
        """
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensors]:
        """What training changes besides the task's networks, by the name of its file."""
        return {}

    def load_tensors(self, tensors: Mapping[str, Tensors], generator: Learner) -> None:
        """Take over what `tensors` gave, before the task does with its own.

        Args:
            generator: may be changed.

        Raises:
            ValueError: something is missing, or of another shape.
        """


class Simultaneous(Schedule):
    """Both losses are taken at the weights before the step (`simultaneous_step`)."""

    step = staticmethod(simultaneous_step)


class Alternating(Schedule):
    """The critic is updated first, on fresh fakes each time (`alternating_step`)."""

    fresh_latents = 1
    step = staticmethod(alternating_step)
