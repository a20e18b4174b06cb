"""Networks, optimisers and loss scalers as flat tables of tensors, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Tensors = dict[str, Tensor]

_SCALER_KEYS = {"scale": torch.float64, "_growth_tracker": torch.int64}


def load_network(network: nn.Module, tensors: Mapping[str, Tensor], *, name: str) -> None:
    """Copy `tensors` into a network of exactly these names and shapes.

    Raises:
        ValueError: they are another network's; the message names the first difference.
    """
    own = network.state_dict()
    for key in [*own, *tensors]:
        here = tuple(own[key].shape) if key in own else "missing"
        there = tuple(tensors[key].shape) if key in tensors else "missing"
        if here != there:
            raise ValueError(
                f"the checkpoint's {name} does not fit this configuration: "
                f"'{key}' is {there} there and {here} here"
            )
    network.load_state_dict(dict(tensors))


def flatten_optimizer(optimizer: Optimizer) -> Tensors:
    """The optimiser's running tensors as `<parameter number>.<name>`."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{key}": value for i, entry in state.items() for key, value in entry.items()}


def load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Take over what `flatten_optimizer` gave; learning rates stay the configuration's."""
    state: dict[int, Tensors] = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:
            # Laid out in memory as the parameter is, or updates take a slower path.
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def flatten_scaler(scaler: torch.amp.GradScaler) -> Tensors:
    """The loss scale and its growth counter; nothing if the scaler is disabled."""
    state = scaler.state_dict()
    return {key: torch.tensor(state[key], dtype=t) for key, t in _SCALER_KEYS.items() if state}


def load_scaler(scaler: torch.amp.GradScaler, tensors: Mapping[str, Tensor]) -> None:
    """Take over what `flatten_scaler` gave; nothing happens to a disabled scaler."""
    if scaler.is_enabled() and tensors:
        scaler.load_state_dict(scaler.state_dict() | {k: v.item() for k, v in tensors.items()})
