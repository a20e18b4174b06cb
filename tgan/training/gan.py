"""The GAN task: two players, an objective, a constraint, and one step."""

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tgan.constraints import Constraint
from tgan.lookup import look_up
from tgan.losses import Objective
from tgan.rng.noise import Noise
from tgan.training.state import (
    Tensors,
    flatten_optimizer,
    flatten_scaler,
    load_network,
    load_optimizer,
    load_scaler,
)
from tgan.training.steps import (
    Augment,
    Batch,
    Game,
    Player,
    Terms,
    alternating_step,
    simultaneous_step,
)


class GANTask:
    """Trains a generator and a critic; of videos and images alike.

    Args:
        generator, critic: the players.
        objective, constraint: what they minimise, and what keeps the critic Lipschitz.
        schedule: `simultaneous` or `alternating`.
        n_critic: critic updates per step; used by the alternating schedule.
        average: a running mean of the generator's weights, or None.
        augment, reconstruction: see `tgan.training.steps.Game`.
        noise: from the number of a step to its random numbers.

    Attributes:
        reals_per_step, latents_per_step: how many batches one step takes.

    Raises:
        ValueError: no such schedule.
    """

    def __init__(
        self,
        generator: Player,
        critic: Player,
        *,
        objective: Objective,
        constraint: Constraint,
        schedule: str = "simultaneous",
        n_critic: int = 1,
        average: AveragedModel | None = None,
        augment: Augment | None = None,
        reconstruction: float = 0.0,
        noise: Callable[[int], Noise] = Noise,
    ) -> None:
        self.generator, self.critic, self.average = generator, critic, average
        self.n_critic, self._noise = n_critic, noise
        self._game = Game(generator, critic, objective, constraint, augment, reconstruction)
        self._schedule, self.reals_per_step, self.latents_per_step = look_up(
            {
                "simultaneous": (self._simultaneous, 1, 1),
                "alternating": (self._alternate, n_critic, n_critic + 1),
            },
            schedule,
            kind="schedule",
        )

    def step(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        """Take step number `step` (from 0): as many batches as it needs, one generator update.

        Args:
            reals: yields real samples.
            latents: yields latents (N, K).

        Returns:
            Detached scalars on the device; no one waits for them here.
        """
        terms = self._schedule(step, reals, latents)
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
        for name, player in self._players().items():
            tensors[name] = player.module.state_dict()
            tensors[f"{name}_optimizer"] = flatten_optimizer(player.optimizer)
            tensors[f"{name}_scaler"] = flatten_scaler(player.scaler)
        if self.average is not None:
            tensors["average"] = self.average.state_dict()
        return {name: state for name, state in tensors.items() if state}

    def load_tensors(self, tensors: Mapping[str, Tensors]) -> None:
        """Take over what `tensors()` gave.

        Raises:
            ValueError: a network or an optimiser is missing or of another shape.
        """
        for name, player in self._players().items():
            load_network(player.module, tensors.get(name, {}), name=name)
            if f"{name}_optimizer" not in tensors:
                raise ValueError(f"the checkpoint has no optimiser of the {name} to go on with")
            load_optimizer(player.optimizer, tensors[f"{name}_optimizer"])
            load_scaler(player.scaler, tensors.get(f"{name}_scaler", {}))
        if self.average is not None:
            load_network(self.average, tensors.get("average", {}), name="average")

    def _players(self) -> dict[str, Player]:
        return {"generator": self.generator, "critic": self.critic}

    def _simultaneous(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        return simultaneous_step(
            self._game,
            real=next(reals),
            z=next(latents),
            noise=self._noise(step),
            update=step + 1,
        )

    def _alternate(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        return alternating_step(
            self._game,
            reals=reals,
            latents=latents,
            noise=self._noise(step),
            update=step * self.n_critic + 1,
            n_critic=self.n_critic,
        )
