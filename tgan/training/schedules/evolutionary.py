"""E-GAN: children of a generator, one by each loss, of which the fittest survive.

Wang et al. 2018 (IEEE Transactions on Evolutionary Computation 2019).
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from tgan.lookup import look_up
from tgan.losses import OBJECTIVES
from tgan.models.packs import packs_of
from tgan.rng.noise import Noise
from tgan.training.auxiliary import NOTHING, AuxiliaryLosses
from tgan.training.graphs import Launch, directly
from tgan.training.learners import Batch, Critic, Learner, Terms
from tgan.training.schedules.base import Schedule
from tgan.training.schedules.fitness import fitness
from tgan.training.schedules.individuals import NETWORK, OPTIMIZER, Individual, chosen, enter, taken
from tgan.training.state import Tensors, load_network, load_optimizer
from tgan.training.steps import critic_steps, fakes_of, generator_step

# Losses of fake scores, which are log-odds; real ones are not looked at. The paper's factors of 1/2
# in the first two are left out.
MUTATIONS: dict[str, Callable[[Any, Tensor], Tensor] | None] = {
    "minimax": OBJECTIVES["minimax"].generator,
    # The paper calls it heuristic.
    "non_saturating": OBJECTIVES["non_saturating"].generator,
    # Of probabilities, where the objective of that name is of scores.
    "least_squares": lambda real, fake: torch.sigmoid(-fake).square().mean(),
}


@dataclass(eq=False)
class Evolutionary(Schedule):
    """As alternating, but that the generator's update is a choice among several.

    After the critic's own updates, on fakes of all parents in equal shares (none in the pack of
    another, where the critic has packs), each parent has a child
    by every mutation: its weights and its optimiser's state after one update by that loss. The
    children that are fittest in the eyes of the critic are the parents of the next step, and the
    very fittest is the generator that everybody else sees. All children are made from the same
    latents and compared at the same, other ones.

    There is one parent at first, so survivors are at most as many as mutations. With one mutation
    this is the alternating schedule. The authors' codes make children before the critic's updates;
    here they come after, as in the paper.

    Example:
        >>> schedule = Evolutionary(mutations=("minimax", "non_saturating"), survivors=2)

    Attributes:
        mutations: keys of `MUTATIONS`.
        diversity_weight: of diversity beside quality (`tgan.training.schedules.fitness`); gamma in
            the paper.
        survivors: mu in the paper.

    Raises:
        ValueError: no such mutation.

    Source: Wang et al. 2018, Algorithm 1.
    """

    mutations: Sequence[str] = tuple(MUTATIONS)
    diversity_weight: float = 0.01
    survivors: int = 1  # type: ignore[misc]
    # Parents beside the generator itself.
    _others: list[Individual] = field(default_factory=list, init=False, repr=False)
    # Children are made, and compared, on batches of their own.
    fresh_latents: ClassVar[int] = 2
    # A loss scale would be all children's, and one that overflows would hold back the others.
    trains_in_fp16: ClassVar[bool] = False
    # The generator's gradients are of another loss at each call.
    is_recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in self.mutations:
            look_up(MUTATIONS, name, kind="mutation")

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
        """As of `Schedule`.

        Returns:
            Its scalars, of the fittest child; `fitness/quality` and `fitness/diversity` of it, and
            for each mutation, as `survived/` and its name, the share of survivors that it made.
        """
        latents, parents = iter(latents), [taken(generator), *self._others]
        generate = fakes_of(generator, launch)
        terms, real = critic_steps(
            critic,
            partial(_fakes_of_all, parents, generator, generate, packs=packs_of(critic.module)),
            reals=reals,
            latents=latents,
            noise=noise,
            update=update,
            launch=launch,
        )
        z, other_z, at_fitness = next(latents), next(latents), noise.part(self.n_critic)
        children = []
        for parent in parents:
            for name in self.mutations:
                enter(parent, generator)
                paid = generator_step(
                    generator,
                    _mutated(critic, name),
                    real=real,
                    z=z,
                    # All draw the same.
                    noise=copy.copy(noise),
                    auxiliary=auxiliary,
                    launch=launch,
                )
                child, fake = taken(generator), generate(other_z, real.condition)
                found = fitness(critic, real=real, fake=fake, noise=copy.copy(at_fitness))
                named = dict(zip(("fitness/quality", "fitness/diversity"), found, strict=True))
                children.append((child, paid | named))
        return terms | self._select(children, generator)

    def _select(self, children: Sequence[tuple[Individual, Terms]], generator: Learner) -> Terms:
        """Have the fittest children be the parents of the next step; the terms of the first."""
        quality, diversity = (
            torch.stack([terms[f"fitness/{name}"] for _, terms in children])
            for name in ("quality", "diversity")
        )
        fit = quality + self.diversity_weight * diversity
        best = fit.argsort(descending=True, stable=True)[: self.survivors]
        (first, terms), *others = (chosen(place, children) for place in best.split(1))
        enter(first, generator)
        self._others = [individual for individual, _ in others]
        kinds = torch.arange(len(self.mutations), device=best.device)
        shares = (best[:, None] % len(kinds) == kinds).to(fit.dtype).mean(0)
        return terms | {
            f"survived/{name}": share
            for name, share in zip(self.mutations, shares.unbind(), strict=True)
        }

    def tensors(self) -> dict[str, Tensors]:
        tables = {}
        for number, individual in enumerate(self._others, 1):
            tables[f"generator_{number}"] = individual[NETWORK]
            tables[f"generator_{number}_optimizer"] = individual[OPTIMIZER]
        return tables

    def load_tensors(self, tensors: Mapping[str, Tensors], generator: Learner) -> None:
        # Before the first step there is one parent, whose optimiser has no state.
        count = self.survivors if tensors.get("generator_optimizer") else 1
        others = []
        for name in (f"generator_{number}" for number in range(1, count)):
            load_network(generator.module, tensors.get(name, {}), name=name)
            if f"{name}_optimizer" not in tensors:
                raise ValueError(f"the checkpoint has no optimiser of {name} to go on with")
            load_optimizer(generator.optimizer, tensors[f"{name}_optimizer"])
            others.append(taken(generator))
        self._others = others


def _mutated(critic: Critic, name: str) -> Critic:
    """A critic whose generator minimises a mutation's loss."""
    mutated = copy.copy(critic)
    mutated.objective = replace(
        critic.objective, generator=MUTATIONS[name], zero_sum=False, relativistic=False
    )
    return mutated


def _fakes_of_all(
    parents: list[Individual],
    generator: Learner,
    generate: Callable[[Tensor, tuple[Tensor, ...]], Tensor],
    z: Tensor,
    condition: tuple[Tensor, ...],
    *,
    packs: int = 1,
) -> Tensor:
    """Samples (N, ...) for latents (N, K), of the parents in turn: a pack of the critic from each.

    So it is in several processes, too, whose batches are parts of one. Running statistics of the
    parents' norms are brought up to date in their list.
    """
    count, made = len(parents), []
    # By rounds, places in them, and places in a pack.
    split = (-1, count, packs)
    for place, parent in enumerate(parents):
        enter(parent, generator)
        own = [each.unflatten(0, split)[:, place].flatten(0, 1) for each in (z, *condition)]
        made.append(generate(own[0], tuple(own[1:])).unflatten(0, (-1, packs)))
        parents[place] = taken(generator)
    return torch.stack(made, 1).flatten(0, 2)
