"""The seam between a critic and whatever keeps it Lipschitz."""

from collections.abc import Callable

from torch import Tensor, nn

Score = Callable[[Tensor], Tensor]


class Constraint:
    """No constraint, and the three hooks that every strategy overrides as it needs.

    The trainer calls all three and knows no strategy by name. A constraint never owns the critic
    and holds no state that a resumed run would need.
    """

    def attach(self, critic: nn.Module) -> None:
        """Change the critic in place, once, before its optimiser exists."""

    def penalty(self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor) -> Tensor:
        """A scalar added to every critic loss.

        Args:
            critic: the critic itself, for penalties on its weights.
            score: samples -> scores (N,), the way to differentiate through the critic.
            real: (N, ...) real samples.
            fake: (N, ...) generated samples, detached from the generator.
        """
        return real.new_zeros(())

    def project(self, critic: nn.Module, updates: int) -> None:
        """Move the critic's weights, in place, after its update number `updates` (from 1)."""
