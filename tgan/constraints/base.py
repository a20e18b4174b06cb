"""The seam between a critic and whatever keeps it Lipschitz."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import ClassVar

from torch import Tensor, nn

from tgan.rng.noise import Noise

Score = Callable[[Tensor], Tensor]


class Constraint:
    """No constraint, and the three hooks that every strategy overrides as it needs.

    The trainer calls all three and knows no strategy by name. A constraint never owns the critic
    and holds no state that a resumed run would need. Each strategy is a frozen dataclass of its
    settings.

    Example:
        >>> class Bounded(Constraint):
        ...     def project(self, critic, updates):
        ...         for weight in critic.parameters():
        ...             weight.data.clamp_(-1, 1)

    Attributes:
        differentiates_twice: whether its penalty differentiates the critic's gradients, which
            overflows in fp16.
        interval: it projects, or is paid, after updates interval, 2 * interval, ... of the critic;
            a strategy that can act so has it among its settings.

    Raises:
        ValueError: a setting that is a number is not positive and finite, or an interval is no
            whole number.
    """

    differentiates_twice: ClassVar[bool] = False
    interval: int = 1

    def __post_init__(self) -> None:
        for setting in fields(self):  # type: ignore[arg-type]
            value = getattr(self, setting.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and not 0 < value < math.inf:
                raise ValueError(f"constraint.{setting.name} {value} is not positive")
        if isinstance(self.interval, bool) or not isinstance(self.interval, int):
            raise ValueError(f"constraint.interval {self.interval!r} is not a whole number")

    @property
    def has_penalty(self) -> bool:
        """Whether it adds to the critic's loss."""
        return type(self).penalty is not Constraint.penalty

    def is_due(self, updates: int) -> bool:
        """Whether it acts after the critic's update number `updates` (from 1)."""
        return updates % self.interval == 0

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        """Change the critic in place, once, before its optimiser exists.

        Args:
            example: what the critic is called with, for one sample: (1, ...) and, where it is
                conditional, a label (1,).

        Raises:
            ValueError: this critic cannot be constrained so.
        """

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor | None:
        """A scalar added to the critic's loss, or None where nothing is.

        Whoever calls it minds the interval: above 1 it is paid by itself, times the interval, after
        the updates that it is due after (see `tgan.training.learners.Critic`).

        Args:
            critic: the critic itself, for penalties on its weights.
            score: samples -> scores (N,), the way to differentiate through the critic.
            real: (N, ...) real samples.
            fake: (N, ...) generated samples, detached from the generator.
            noise: where random numbers come from.
        """
        return None

    def project(self, critic: nn.Module, updates: int) -> None:
        """Move the critic's weights, in place, after its update number `updates` (from 1)."""
