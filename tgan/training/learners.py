"""Learners: networks with what updates them, and critics with their objective and constraint.

No process, device or precision is mentioned: a `Learner` carries its network as it has to be
called, and its own optimiser and loss scaler.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tgan.constraints import Constraint
from tgan.losses import Objective
from tgan.models.packs import in_packs, out_of_packs, packs_of
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
        labelled: further real samples (M, ...) and their classes (M,), int64, for a critic that
            learns classes; nothing for others.
    """

    samples: Tensor
    condition: tuple[Tensor, ...] = ()
    labelled: tuple[Tensor, ...] = ()


class CriticLoss(Protocol):
    """A scalar that a critic minimises beside its objective."""

    def __call__(self, critic: "Critic", *, real: Batch, noise: Noise) -> Tensor:
        """What is paid for these real samples, with noise of this update."""
        ...


CriticLosses = Mapping[str, CriticLoss]


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
        precision: makes the autocast, if any, that the network computes in, for calls of a part of
            the module.
        scaler: of its losses; disabled unless given, as for all precisions but fp16. No two
            networks share one, which would skip and scale the wrong steps.
    """

    module: nn.Module
    optimizer: Optimizer
    # None stands for the defaults, which are there once an object is made.
    network: nn.Module = None  # type: ignore[assignment]
    scaler: torch.amp.GradScaler = None  # type: ignore[assignment]
    precision: Callable[[], AbstractContextManager[object]] = nullcontext

    def __post_init__(self) -> None:
        if self.network is None:
            self.network = self.module
        if self.scaler is None:
            self.scaler = torch.amp.GradScaler("cpu", enabled=False)

    @property
    def loss_scale(self) -> Tensor:
        """What its losses are multiplied by, a scalar on its device."""
        one = torch.ones((), device=next(self.module.parameters()).device)
        return self.scaler.scale(one)

    def unscale(self) -> Tensor | None:
        """Divide gradients by the loss scale, and adapt it to them.

        Returns:
            Whether they are finite, a scalar on the device; None where no losses are scaled.
        """
        if not self.scaler.is_enabled():
            return None
        before = self.loss_scale
        self.scaler.unscale_(self.optimizer)
        self.scaler.update()
        return (self.loss_scale >= before) & (before > 0)

    def update(self) -> bool:
        """Step the optimiser and forget the gradients; False if fp16 overflowed and it did not."""
        return update_all(self)[0]

    def set_share(self, share: float) -> None:
        """Have the next updates made at a share of the rates that the optimiser came with.

        They are kept in its groups of parameters, by the name that PyTorch's schedulers use.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = share * group.setdefault("initial_lr", group["lr"])

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
        auxiliary: what it pays beside its objective, by name.
    """

    objective: Objective
    constraint: Constraint
    augment: Augment | None = None
    auxiliary: CriticLosses = field(default_factory=dict)

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
        """Scores (N,) of `samples` under `condition`, after augmentation; of packs, if it has any.

        Args:
            network: this critic's `network` in its own loss, its `module` in any other.
        """
        return network(self._seen(samples, noise), *condition)

    def features(self, samples: Tensor, condition: tuple[Tensor, ...], noise: Noise) -> Tensor:
        """What the module's last layer takes in, (N, K), where it scores `samples`."""
        with self.precision():
            return self.module.features(self._seen(samples, noise), *condition)  # type: ignore[operator]

    def logits(self, samples: Tensor, noise: Noise) -> Tensor:
        """The module's numbers for classes, (N, K), of `samples` after augmentation."""
        with self.precision():
            return self.module.logits(self._seen(samples, noise))  # type: ignore[operator]

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
        packs = packs_of(self.module)
        counts = [len(samples) // packs for samples in seen]
        at_fake, at_real = self.network(torch.cat(seen), *condition).split(counts)
        return at_real, at_fake

    def _seen(self, samples: Tensor, noise: Noise) -> Tensor:
        return samples if self.augment is None else self.augment(samples, noise)

    def auxiliary_terms(self, real: Batch, noise: Noise) -> Terms:
        """What it pays beside its objective in every loss, by name."""
        return {name: loss(self, real=real, noise=noise) for name, loss in self.auxiliary.items()}

    def penalty_of_loss(self, real: Batch, fake: Tensor, noise: Noise) -> Tensor | None:
        """What is part of every loss: the penalty, unless it is lazy."""
        return None if self.is_lazy else self.penalty(real, fake, noise)

    def penalty(self, real: Batch, fake: Tensor, noise: Noise) -> Tensor | None:
        """What the constraint adds to the critic's loss; None where it adds nothing.

        To the constraint a pack is one sample (N / packs, packs, ...), as it is to the critic.
        """
        packs, condition = packs_of(self.module), real.condition
        return self.constraint.penalty(
            self.module,
            lambda x: self.score(self.module, out_of_packs(x, packs), condition, noise),
            in_packs(real.samples, packs),
            in_packs(fake, packs),
            noise,
        )


def update_all(*learners: Learner) -> list[bool]:
    """Update learners as `Learner.update` does; the device is waited for once at most."""
    answers = [learner.unscale() for learner in learners]
    asked = [answer for answer in answers if answer is not None]
    found = iter(torch.stack(asked).tolist() if asked else [])
    finite = [answer is None or next(found) for answer in answers]
    for learner, steps in zip(learners, finite, strict=True):
        if steps:
            learner.optimizer.step()
        learner.optimizer.zero_grad()
    return finite


def detached(terms: Terms) -> Terms:
    """The same scalars, without their graphs."""
    return {name: term.detach() for name, term in terms.items()}
