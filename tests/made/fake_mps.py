"""A device as Apple's GPUs are, on the CPU: without double precision, and without some operators.

Which operators there are is read from PyTorch's own table. A tensor is on the device if its
storage is, so parameters, views and gradients are, too.
"""

import re
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from unittest import mock

import torch
import torchgen
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

MPS = torch.device("mps")
_CPU = torch.device("cpu")
_NAMES = ("mps", "mps:0", "cpu")
_WIDE = (torch.float64, torch.complex128)
# Operators that take tensors of both sides.
_BETWEEN = ("aten::copy_", "aten::_to_copy", "aten::index", "aten::_foreach_copy_")
# What only speaks of devices.
_NAMING = (torch.device, torch._C._nn._parse_to)
_BACKWARD = (torch.autograd.backward, torch.autograd.grad, Tensor.backward)
_NOT_THERE = (Tensor.numpy, Tensor.__array__, Tensor.pin_memory, Tensor.record_stream)


def is_there(value) -> bool:
    """Whether a value is a tensor on the device."""
    return isinstance(value, Tensor) and getattr(value.untyped_storage(), "is_there", False)


@cache
def _missing() -> frozenset[str]:
    """The names, with overloads, of operators without a kernel for such a device."""
    path = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    texts = dict(
        re.findall(r"^- func: ([\w.]+)\(.*\n((?:(?!- func).*\n)*)", path.read_text(), re.M)
    )

    def has(name: str) -> bool:
        text = texts[name]
        if delegate := re.search(r"structured_delegate: ([\w.]+)", text):
            return has(delegate[1])
        return "dispatch:" not in text or bool(re.search(r"\bMPS\b|Composite", text))

    return frozenset(f"aten::{name}" for name in texts if not has(name))


@contextmanager
def fake_mps():
    """Inside, `mps` is a device, on which tensors are put and left as they ask to be.

    Example:
        >>> with fake_mps():
        ...     torch.ones(2, 2).to("mps").double()
        TypeError: Cannot convert a MPS Tensor to float64 dtype as the MPS framework ...
    """
    with ExitStack() as stack:
        # Functions of Python are called without the mode that is for devices.
        stack.enter_context(mock.patch.object(Tensor, "device", property(_device), create=True))
        operators = stack.enter_context(_Operators())
        stack.enter_context(_Devices(operators))
        yield


def _device(tensor: Tensor) -> torch.device:
    return MPS if is_there(tensor) else torch._C.TensorBase.device.__get__(tensor)


class _Operators(TorchDispatchMode):
    """Has what is computed there stay there, and refuses what cannot be computed there.

    Attributes:
        fills: whether tensors of no others are put there, as they are in a backward pass.
    """

    fills = False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        name = func._schema.name
        found = func(*args, **(kwargs or {}))
        if name.endswith("copy_") or not (any(map(is_there, given)) or self.fills and not given):
            return found
        if func.name() in _missing():
            raise NotImplementedError(f"The operator '{func.name()}' is not implemented for MPS")
        apart = any(each.ndim and not is_there(each) for each in given)
        if apart and name not in _BETWEEN:
            raise RuntimeError(
                f"Expected all tensors on the same device, but {name} found mps, cpu"
            )
        return _put(found) if isinstance(found, Tensor) else tree_map(_put, found)


class _Devices(TorchFunctionMode):
    """Moves tensors."""

    def __init__(self, operators: _Operators) -> None:
        super().__init__()
        self._operators = operators

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = tree_leaves((args, kwargs))
        ours = any(map(is_there, given))
        if func in _NOT_THERE and ours:
            raise TypeError(f"can't do this with a mps:0 device type tensor: {func.__name__}")
        if func in _NAMING:
            return func(*args, **kwargs)
        target = _target(func, args, given)
        if target == MPS:
            args, kwargs = tree_map(_on_cpu, (args, kwargs))
        before, self._operators.fills = self._operators.fills, func in _BACKWARD and ours
        try:
            found = func(*args, **kwargs)
        finally:
            self._operators.fills = before
        if target is None:
            return found
        move = _put if target == MPS else _take
        return tree_map(lambda each: move(_apart(each, given, target)), found)


def _target(func, args, given):
    """The device that a call names, if it does."""
    if func is Tensor.cpu:
        return _CPU
    if func is Tensor.to and len(args) > 1 and isinstance(args[1], Tensor):
        return MPS if is_there(args[1]) else _CPU
    names = [each for each in given if isinstance(each, torch.device)]
    names += [torch.device(each) for each in given if isinstance(each, str) and each in _NAMES]
    kinds = {torch.device(each.type) for each in names}
    return MPS if MPS in kinds else _CPU if _CPU in kinds else None


def _apart(value, given, target):
    """A copy of a tensor that would be moved, for those who hold the one before."""
    if not isinstance(value, Tensor) or is_there(value) == (target == MPS):
        return value
    shares = any(
        isinstance(each, Tensor)
        and each.untyped_storage().data_ptr() == value.untyped_storage().data_ptr()
        for each in given
    )
    return value.clone() if shares else value


def _on_cpu(value):
    if isinstance(value, torch.device):
        return _CPU if value.type == "mps" else value
    return "cpu" if isinstance(value, str) and value in _NAMES else value


def _put(value):
    if isinstance(value, Tensor):
        if value.dtype in _WIDE:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        value.untyped_storage().is_there = True
    return value


def _take(value):
    if isinstance(value, Tensor):
        value.untyped_storage().is_there = False
    return value
