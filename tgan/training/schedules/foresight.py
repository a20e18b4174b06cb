"""Updates of optimisers as functions that can be differentiated."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer, RMSprop

from tgan.lookup import alternatives

# Options that change an update from what is known here; off in all optimisers of this package.
_OTHERWISE = ("momentum", "nesterov", "weight_decay", "amsgrad", "centered", "maximize")


class Foresight:
    """The updates that an optimiser would make, which leave it and its parameters as they are.

    Numbers are those of PyTorch's own updates, up to rounding. They can be differentiated in the
    gradients that they are made from, also where these are 0.

    Args:
        optimizer: SGD, Adam or RMSprop.
        parameters: those that are updated, all in it.

    Example:
        >>> weight = nn.Parameter(torch.ones(2))
        >>> foresight = Foresight(torch.optim.SGD([weight], lr=0.1), [weight])
        >>> foresight.update([weight], [torch.ones(2)])
        [tensor([0.9000, 0.9000], grad_fn=<SubBackward0>)]

    Raises:
        ValueError: another optimiser, or one with momentum or the like.
    """

    def __init__(self, optimizer: Optimizer, parameters: Iterable[Tensor]) -> None:
        self.check(optimizer)
        self._rule = _RULES[type(optimizer)]
        groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
        self._groups: list[dict[str, Any]] = []
        self._states: list[dict[str, Any]] = []
        for parameter in parameters:
            self._groups.append(groups[id(parameter)])
            # Replaced, never changed, in what follows.
            self._states.append(dict(optimizer.state.get(parameter, {})))

    @staticmethod
    def check(optimizer: Optimizer) -> None:
        """Do nothing for an optimiser whose updates are known.

        Raises:
            ValueError: see above.
        """
        if type(optimizer) not in _RULES:
            known = alternatives([kind.__name__ for kind in _RULES])
            raise ValueError(
                f"updates of {type(optimizer).__name__} cannot be foreseen; {known} can"
            )
        for group in optimizer.param_groups:
            for name in _OTHERWISE:
                if group.get(name):
                    raise ValueError(
                        f"updates of {type(optimizer).__name__} with {name} {group[name]} cannot "
                        "be foreseen; set it to 0"
                    )

    def update(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        """Weights after one more update."""
        return [
            weight - self._rule(gradient, state, group)
            for weight, gradient, state, group in zip(
                weights, gradients, self._states, self._groups, strict=True
            )
        ]


def _of_sgd(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    return group["lr"] * gradient


def _of_rmsprop(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    state["square_avg"] = _mean(state, "square_avg", gradient.square(), group["alpha"])
    return group["lr"] * gradient / (_root(state["square_avg"]) + group["eps"])


def _of_adam(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    """Kingma and Ba 2015, Algorithm 1."""
    first, second = group["betas"]
    state["step"] = state.get("step", torch.zeros(())) + 1
    # On the host or on the device, wherever the optimiser keeps it.
    step = state["step"].to(gradient.dtype)
    state["exp_avg"] = _mean(state, "exp_avg", gradient, first)
    state["exp_avg_sq"] = _mean(state, "exp_avg_sq", gradient.square(), second)
    root = _root(state["exp_avg_sq"]) / _share(second, step).sqrt()
    return group["lr"] / _share(first, step) * state["exp_avg"] / (root + group["eps"])


def _mean(state: dict[str, Any], name: str, value: Tensor, decay: float) -> Tensor:
    """A running mean, which starts at 0, after one more value."""
    before = state.get(name)
    return (1 - decay) * value if before is None else decay * before + (1 - decay) * value


def _share(decay: float, steps: Tensor) -> Tensor:
    """How much of a running mean is not the 0 that it began at: 1 - decay ** steps."""
    return -torch.expm1(steps * math.log(decay)) if decay else torch.ones_like(steps)


def _root(x: Tensor) -> Tensor:
    """The square root, whose slope at 0 is 0: the gradient of a unit that is never lit is that."""
    return x.clamp(min=torch.finfo(x.dtype).tiny).sqrt()


_RULES: dict[type[Optimizer], Callable[..., Tensor]] = {
    SGD: _of_sgd,
    RMSprop: _of_rmsprop,
    Adam: _of_adam,
}
