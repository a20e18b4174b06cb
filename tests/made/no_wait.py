"""A device that nobody can wait for: `meta`, whose tensors have no numbers, as the accelerator.

Forward and backward passes, optimisers and running means work there as on any device. It stands
for a GPU, whose host waits at each read, and at each copy that is not from pinned memory.
"""

import traceback
from contextlib import ContextDecorator, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import MethodType
from typing import NamedTuple
from unittest import mock

import torch
from accelerate import PartialState
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import tgan
from tgan.runs.build import build_constraint, build_run
from tgan.runs.parts import Parts
from tgan.system import device
from tgan.training.health import watching
from tgan.training.processes import make_accelerator
from tgan.training.streams import streams_of

META = torch.device("meta")
PACKAGE = Path(tgan.__file__).parent
_NUMBER, _COPY = torch.ops.aten._local_scalar_dense.default, torch.ops.aten._to_copy.default


class Seen(NamedTuple):
    """What passed between the host and the device.

    Attributes:
        what: `read`, `copy`, or `upload`: a copy that nobody waits for.
        where: the function of the package that asked for it.
    """

    what: str
    where: str


@contextmanager
def passing():
    """List what passes between the host and `meta`; numbers that are read there are 1.

    Example:
        >>> with passing() as seen:
        ...     torch.ones(2).to("meta")
        >>> seen
        [Seen(what='copy', where='elsewhere')]
    """
    seen: list[Seen] = []
    with _Operators(seen), _Constants(seen):
        yield seen


class _Operators(TorchDispatchMode):
    """Notes operators that read, and those that meet tensors of both sides."""

    def __init__(self, seen: list[Seen]) -> None:
        super().__init__()
        self._seen = seen

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        if function is _NUMBER and given[0].is_meta:
            _note(self._seen, "read")
            return torch.ones((), dtype=given[0].dtype).item()
        if function is _COPY and given[0].is_meta and kwargs.get("device", META) != META:
            _note(self._seen, "read")
            return torch.ones_like(given[0], device=kwargs["device"])
        found = function(*args, **kwargs)
        # A single number of the host, such as a learning rate, travels with the operator.
        copies = "copy" in str(function)
        ends = [each for each in given if each.ndim or copies or each.is_meta]
        ends += [each for each in tree_leaves(found) if isinstance(each, Tensor)]
        if len({each.is_meta for each in ends}) > 1:
            flies = kwargs.get("non_blocking") and given[0].is_pinned()
            _note(self._seen, "upload" if flies else "copy")
        return found


class _Constants(TorchFunctionMode):
    """Notes tensors that are made of Python's numbers, which are copied below all operators."""

    def __init__(self, seen: list[Seen]) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if function in (torch.tensor, torch.as_tensor, Tensor.new_tensor) and found.is_meta:
            _note(self._seen, "copy")
        return found


def _note(seen: list[Seen], what: str) -> None:
    frames = traceback.extract_stack()
    inside = [frame for frame in frames if PACKAGE in Path(frame.filename).parents]
    where = f"{Path(inside[-1].filename).stem}.{inside[-1].name}" if inside else "elsewhere"
    seen.append(Seen(what, where))


class _NoAutocast(ContextDecorator, nullcontext):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__()


@contextmanager
def fetching_meta():
    """Have `meta` pass for a device that fetches pinned memory and has autocast."""
    pinned = set()

    def pin(tensor):
        twin = tensor.clone()
        pinned.add(twin.data_ptr())
        return twin

    with ExitStack() as stack:
        for patch in (
            mock.patch.object(torch, "autocast", _NoAutocast),
            mock.patch.object(Tensor, "pin_memory", pin),
            mock.patch.object(Tensor, "is_pinned", lambda tensor: tensor.data_ptr() in pinned),
            mock.patch.object(device, "_FETCHING", (META.type,)),
        ):
            stack.enter_context(patch)
        yield


def run_on_meta(config, run_dir, source=None, *, projects=False):
    """A run as `build_run` makes it, whose networks, clips and latents are on `meta`.

    Its constraint is attached on the CPU, where it may read.

    Args:
        projects: whether its constraint projects.
    """
    constraint = build_constraint(config.constraint)
    attach = type(constraint).attach

    def attach_on_cpu(self, critic, example):
        critic.to_empty(device="cpu")
        for parameter in critic.parameters():
            nn.init.normal_(parameter, std=0.1)
        attach(self, critic, tuple(torch.zeros_like(each, device="cpu") for each in example))
        critic.to(META)

    object.__setattr__(constraint, "attach", MethodType(attach_on_cpu, constraint))
    if not projects:
        object.__setattr__(constraint, "project", MethodType(lambda *_: None, constraint))
    precision = config.train.mixed_precision
    accelerator = make_accelerator(mixed_precision="no" if precision == "no" else "bf16")
    accelerator.state._mixed_precision = precision
    for state in (accelerator.state, PartialState()):
        state.device = META
    parts = replace(Parts(), source=source, constraint=constraint)
    return build_run(config, run_dir, parts, accelerator=accelerator)


def passing_in_step(run, number):
    """What passes between host and device in step `number` (from 0) of the loop, and its clips."""
    reals, latents = streams_of(run, 0)
    with watching(run, first_step=0) as health:
        for step in range(number + 1):
            with passing() as seen:
                reals.fetch(run.task.reals_per_step)
                health.step(step, reals, latents)
    return seen
