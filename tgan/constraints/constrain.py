"""Constraints by name, for critics of any training loop."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

from tgan.constraints.base import Constraint
from tgan.lookup import did_you_mean, look_up

Critic = TypeVar("Critic", bound=nn.Module)


def make_constraint(
    table: Mapping[str, type[Constraint]], name: str, settings: Mapping[str, Any]
) -> Constraint:
    """The constraint of a table called `name`, with its own defaults for what is not set.

    Raises:
        ValueError: no such constraint, or a setting that it does not have.
    """
    make = look_up(table, name, kind="constraint")
    known: list[str] = []
    if dataclasses.is_dataclass(make):
        known = [field.name for field in dataclasses.fields(make) if field.init]
    for setting in settings:
        if setting not in known:
            choices = ", ".join(sorted(known)) or "none"
            near = did_you_mean(setting, known)
            raise ValueError(
                f"constraint '{name}' has no setting '{setting}'{near}; it has: {choices}"
            )
    return make(**settings)


def constrain(
    critic: Critic,
    constraint: str | Constraint,
    *,
    example: Tensor | tuple[Tensor, ...] = (),
    **settings: Any,
) -> Critic:
    """Keep a critic of your own Lipschitz, in whatever loop trains it, and return it.

    Call it before the critic's optimiser is made. A strategy that computes weights from others
    does so from now on; one that projects weights does so at once and whenever the critic is
    called after an update. A penalty is no part of a network: add `penalty` of its class in
    `tgan.constraints.CONSTRAINTS` to the critic's loss instead.

    Example:
        >>> critic = tgan.constrain(critic, "svc_certified", example=videos[:1])
        >>> optimizer = torch.optim.Adam(critic.parameters())

    Args:
        critic: changed in place.
        constraint: a key of `tgan.constraints.CONSTRAINTS`, or a constraint.
        example: what the critic is called with, for one sample; some strategies trace it.
        settings: of a constraint by name, such as `interval=1`.

    Raises:
        ValueError: no such constraint or setting, one that is a penalty, or a critic that cannot
            be constrained so.
    """
    if isinstance(constraint, str):
        from tgan.constraints import CONSTRAINTS

        constraint = make_constraint(CONSTRAINTS, constraint, settings)
    if type(constraint).penalty is not Constraint.penalty:
        raise ValueError(
            f"{type(constraint).__name__} is a penalty: add its `penalty` to the critic's loss"
        )
    inputs = (example,) if isinstance(example, Tensor) else tuple(example)
    try:
        constraint.attach(critic, inputs)
    except (TypeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{type(constraint).__name__} calls the critic on the example, one sample with all its "
            f"arguments ({[tuple(x.shape) for x in inputs]} here), and that fails: {reason}"
        ) from error
    if type(constraint).project is not Constraint.project:
        critic.register_forward_pre_hook(_Projection(constraint, critic))
    return critic


class _Projection:
    """A hook that projects a critic's weights at once, and before it is called with changed ones.

    Weights count as updated once between two calls, however many optimiser steps there were.
    """

    def __init__(self, constraint: Constraint, critic: nn.Module) -> None:
        self._constraint, self._updates = constraint, 0
        constraint.project(critic, 0)
        self._seen = _versions(critic)

    def __call__(self, critic: nn.Module, inputs: Any) -> None:
        if _versions(critic) != self._seen:
            self._updates += 1
            self._constraint.project(critic, self._updates)
            self._seen = _versions(critic)


def _versions(module: nn.Module) -> tuple[int, ...]:
    """Numbers that change whenever a parameter is written to."""
    return tuple(parameter._version for parameter in module.parameters())
