"""A device without double precision, as Apple's GPUs are, on the CPU."""

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

MPS = torch.device("mps")
_WIDE = (torch.float64, torch.complex128)


class OnMps(Tensor):
    """A tensor that says that it is on the device."""


class FakeMps(TorchFunctionMode):
    """Puts tensors on the device where they are asked to be, and refuses what it cannot hold.

    Example:
        >>> with FakeMps():
        ...     matrix = torch.ones(2, 2).to("mps")
        ...     matrix.double()
        TypeError: Cannot convert a MPS Tensor to float64 dtype as the MPS framework ...
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = tree_leaves((args, kwargs))
        is_there = any(isinstance(each, OnMps) for each in given)
        if func == Tensor.device.__get__:
            return MPS if is_there else torch.device("cpu")
        devices = [each for each in given if isinstance(each, torch.device)]
        names = [each for each in given if isinstance(each, str)]
        devices += [torch.device(name) for name in names if name in ("mps", "cpu")]
        # `x.to(y)` goes where y is.
        if func is Tensor.to and isinstance(args[-1], Tensor) and len(args) > 1:
            devices = [MPS if isinstance(args[-1], OnMps) else torch.device("cpu")]
        if func is Tensor.cpu:
            devices = [torch.device("cpu")]
        plain_args, plain_kwargs = tree_map(_plain, (args, kwargs))
        with torch._C.DisableTorchFunctionSubclass():
            found = func(*plain_args, **plain_kwargs)
        goes_there = devices[0] == MPS if devices else is_there
        return tree_map(_onto_mps, found) if goes_there else found


def _plain(value):
    if isinstance(value, OnMps):
        return value.as_subclass(Tensor)
    if isinstance(value, torch.device) or (isinstance(value, str) and value == "mps"):
        return torch.device("cpu")
    return value


def _onto_mps(value):
    if not isinstance(value, Tensor):
        return value
    if value.dtype in _WIDE:
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
    return value.as_subclass(OnMps)
