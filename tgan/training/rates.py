"""Learning-rate schedules: pure functions from the number of a step to a share of the rate.

A share of 1 is the learning rate that an optimiser was given. Since a schedule has no state, a
resumed run needs nothing but the number of its step.
"""

from collections.abc import Callable

# From the number of a step (from 0) to a share of the learning rate.
RateAt = Callable[[int], float]


def constant(step: int) -> float:
    """Return 1 at every step."""
    return 1.0


def linear(steps: int) -> RateAt:
    """Fall from 1 at the first step to 1 / `steps` at the last.

    The values are those of `trapezoid(steps, cool_down=1.0)` up to rounding in the last bit.

    Example:
        >>> [linear(4)(step) for step in range(4)]
        [1.0, 0.75, 0.5, 0.25]
    """
    return lambda step: 1 - step / steps


def trapezoid(steps: int, *, warm_up: float = 0.0, cool_down: float = 0.0) -> RateAt:
    """Climb linearly to 1 in a first share of the steps, and fall to 0 in a last share.

    Where both shares overlap, the lower line counts.

    Args:
        steps: number of steps in all.
        warm_up: share of the steps, in [0, 1], in which the rate climbs; 0 starts at 1.
        cool_down: share of the steps, in [0, 1], in which it falls; 0 stays at 1.

    Example:
        >>> [trapezoid(4, warm_up=0.5, cool_down=0.5)(step) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """

    def rate_at(step: int) -> float:
        climbing = (step + 1) / (warm_up * steps) if warm_up else 1.0
        falling = max(steps - step, 0) / (cool_down * steps) if cool_down else 1.0
        return min(climbing, falling, 1.0)

    return rate_at
