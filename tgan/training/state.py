"""Networks, optimisers and loss scalers as flat tables of tensors, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from tgan.system.folders import quoted
from tgan.system.tensor_files import Claims, claims_of, first_difference, first_not_finite

Tensors = dict[str, Tensor]

# What is kept for each parameter.
_OPTIMIZER_KEYS = {RMSprop: {"step", "square_avg"}, Adam: {"step", "exp_avg", "exp_avg_sq"}}
# Numbers of parameters have fewer.
_DIGITS = 10
_SCALER_KEYS = {"scale": torch.float64, "_growth_tracker": torch.int64}


def load_network(network: nn.Module, tensors: Mapping[str, Tensor], *, name: str) -> None:
    """Copy `tensors` into a network of exactly these names, types and shapes.

    Raises:
        ValueError: they are another network's, or not finite; the message names the first such.
    """
    check_same(claims_of(tensors), claims_of(network.state_dict()), name=name)
    if (key := first_not_finite(tensors)) is not None:
        raise ValueError(f"the checkpoint's {name} is not finite: {quoted(key)} holds NaN or inf")
    network.load_state_dict(dict(tensors))


def check_same(there: Claims, here: Claims, *, name: str) -> None:
    """Raise a ValueError that names the first tensor in which two tables differ."""
    if difference := first_difference(there, here):
        raise ValueError(f"the checkpoint's {name} does not fit this configuration: {difference}")


def flatten_optimizer(optimizer: Optimizer) -> Tensors:
    """The optimiser's running tensors as `<parameter number>.<name>`."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{key}": value for i, entry in state.items() for key, value in entry.items()}


def load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Take over what `flatten_optimizer` gave; learning rates stay the configuration's.

    Raises:
        ValueError: it is another optimiser's, or not finite.
    """
    if (name := first_not_finite(tensors)) is not None:
        raise ValueError(f"the checkpoint's optimiser is not finite: {quoted(name)}")
    state: dict[int, Tensors] = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        is_number = number.isascii() and number.isdecimal() and len(number) < _DIGITS
        if not is_number or int(number) >= len(parameters):
            raise ValueError(f"the checkpoint's optimiser has {quoted(name)}, of no parameter")
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:
            # Laid out in memory as the parameter is, or updates take a slower path.
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
        elif key != "step" or value.shape:
            raise ValueError(
                f"the checkpoint's optimiser does not fit: {quoted(name)} is {tuple(value.shape)} "
                f"there and {tuple(parameter.shape)} here"
            )
        state.setdefault(int(number), {})[key] = value
    needed = _OPTIMIZER_KEYS.get(type(optimizer))
    for place, entry in state.items():
        if needed is not None and entry.keys() != needed:
            raise ValueError(
                f"the checkpoint's optimiser holds {', '.join(map(quoted, entry))} for parameter "
                f"{place}; {', '.join(sorted(needed))} are needed"
            )
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def flatten_scaler(scaler: torch.amp.GradScaler) -> Tensors:
    """The loss scale and its growth counter; nothing if the scaler is disabled."""
    state = scaler.state_dict()
    return {key: torch.tensor(state[key], dtype=t) for key, t in _SCALER_KEYS.items() if state}


def load_scaler(scaler: torch.amp.GradScaler, tensors: Mapping[str, Tensor]) -> None:
    """Take over what `flatten_scaler` gave; nothing happens to a disabled scaler."""
    if scaler.is_enabled() and tensors:
        scaler.load_state_dict(scaler.state_dict() | {k: v.item() for k, v in tensors.items()})
