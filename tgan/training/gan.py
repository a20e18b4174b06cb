"""The GAN task: a generator, a critic, and the step that trains them."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from torch import Tensor, nn

from tgan.lookup import look_up
from tgan.rng.noise import Noise
from tgan.training.auxiliary import NOTHING, AuxiliaryLosses, check_auxiliary
from tgan.training.graphs import Launch, directly
from tgan.training.rates import RateAt, constant
from tgan.training.running_mean import RunningMean
from tgan.training.schedules import SCHEDULES
from tgan.training.schedules.base import Schedule
from tgan.training.state import (
    Tensors,
    flatten_optimizer,
    flatten_scaler,
    load_network,
    load_optimizer,
    load_scaler,
)
from tgan.training.steps import Batch, Critic, Learner, Terms


class GANTask:
    """Trains a generator and a critic; of videos and images alike.

    Args:
        generator, critic: the networks with what updates them.
        schedule: the order of updates, or its name in `tgan.training.schedules.SCHEDULES`.
        n_critic: critic updates per step, of a schedule that is named; 1 under the simultaneous
            one.
        average: a running mean of the generator's weights, or None.
        auxiliary: what the generator pays beside its objective, by name.
        rate_at: from the number of a step to the share of their learning rates that both
            optimisers take (`tgan.training.rates`).
        noise: from the number of a step to its random numbers.
        launch: how the computations of a step are launched.

    Attributes:
        reals_per_step, latents_per_step: how many batches one step takes.

    Raises:
        ValueError: no such schedule, networks that it cannot train, or as
            `tgan.training.auxiliary.check_auxiliary`.
    """

    def __init__(
        self,
        generator: Learner,
        critic: Critic,
        *,
        schedule: str | Schedule = "simultaneous",
        n_critic: int = 1,
        average: RunningMean | None = None,
        auxiliary: AuxiliaryLosses = NOTHING,
        rate_at: RateAt = constant,
        noise: Callable[[int], Noise] = Noise,
        launch: Launch = directly,
    ) -> None:
        self.generator, self.critic, self.average = generator, critic, average
        self.auxiliary, self.launch = auxiliary, launch
        self._rate_at, self._noise = rate_at, noise
        if isinstance(schedule, str):
            schedule = look_up(SCHEDULES, schedule, kind="schedule")(n_critic=n_critic)
        schedule.check(generator, critic)
        self.schedule = schedule
        self.reals_per_step = schedule.reals_per_step
        self.latents_per_step = schedule.latents_per_step
        check_auxiliary(auxiliary, critic)

    def step(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        """Take step number `step` (from 0): as many batches as it needs, one generator update.

        Args:
            reals: yields real samples.
            latents: yields latents (N, K).

        Returns:
            Detached scalars on the device; no one waits for them here.
        """
        for learner in self._learners().values():
            learner.set_share(self._rate_at(step))
        terms = self.schedule.step(
            self.generator,
            self.critic,
            reals=islice(reals, self.reals_per_step),
            latents=islice(latents, self.latents_per_step),
            noise=self._noise(step),
            update=step * self.reals_per_step + 1,
            auxiliary=self.auxiliary,
            launch=self.launch,
        )
        if self.average is not None:
            self.average.update_parameters(self.generator.module)
        return terms

    @property
    def sampler(self) -> nn.Module:
        """The network to sample from: the running mean where there is one."""
        return self.generator.module if self.average is None else self.average.module

    def tensors(self) -> dict[str, Tensors]:
        """Everything that training changes, by the name of the file that holds it."""
        tensors = {}
        for name, learner in self._learners().items():
            tensors[name] = learner.module.state_dict()
            tensors[f"{name}_optimizer"] = flatten_optimizer(learner.optimizer)
            tensors[f"{name}_scaler"] = flatten_scaler(learner.scaler)
        if self.average is not None:
            tensors["average"] = self.average.state_dict()
        tensors |= self.schedule.tensors()
        return {name: state for name, state in tensors.items() if state}

    def load_tensors(self, tensors: Mapping[str, Tensors]) -> None:
        """Take over what `tensors()` gave.

        Raises:
            ValueError: a network or an optimiser is missing or of another shape.
        """
        self.schedule.load_tensors(tensors, self.generator)
        for name, learner in self._learners().items():
            load_network(learner.module, tensors.get(name, {}), name=name)
            if f"{name}_optimizer" not in tensors:
                raise ValueError(f"the checkpoint has no optimiser of the {name} to go on with")
            load_optimizer(learner.optimizer, tensors[f"{name}_optimizer"])
            load_scaler(learner.scaler, tensors.get(f"{name}_scaler", {}))
        if self.average is not None:
            load_network(self.average, tensors.get("average", {}), name="average")

    def _learners(self) -> dict[str, Learner]:
        return {"generator": self.generator, "critic": self.critic}
