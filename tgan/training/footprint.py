"""Memory that a training step takes, counted before any of it is taken."""

import copy
import weakref
from dataclasses import replace
from itertools import repeat
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from tgan.constraints import Constraint
from tgan.training.gan import GANTask
from tgan.training.graphs import directly
from tgan.training.steps import Batch, Learner


def peak_of_step(task: GANTask, real: Batch, z: Tensor, *, half: bool = False) -> int:
    """Count the most bytes that tensors take at one moment of a training step.

    Two steps are taken by copies of the networks without numbers, which cost neither memory nor
    arithmetic, but for a second or two. Counted are weights, gradients, the optimisers' tables, all
    activations and everything else that has a name for a while; not what libraries use for
    themselves (a convolution's scratch space), nor memory that lies between other memory.

    Args:
        task: of one process; it is left as it is. What its constraint projects does not count.
        real, z: batches of the sizes that a step takes, also on the meta device.
        half: whether the networks compute in bf16 or fp16.

    Raises:
        Exception: whatever a network raises that cannot be called without numbers.
    """
    # A second of imports, which short runs do without.
    from torch._subclasses.fake_tensor import FakeTensorMode

    fake, count = FakeTensorMode(allow_non_fake_inputs=True), _Count()
    twin = copy.copy(task)
    twin.average, twin.launch, twin.schedule = None, directly, copy.copy(task.schedule)
    learners = {"generator": task.generator, "critic": task.critic}
    with fake:
        for name, learner in learners.items():
            setattr(twin, name, _without_numbers(learner, half))
        real, z = tree_map(_like, (real, z))
    with fake, count:
        for name in learners:
            for tensor in getattr(twin, name).module.state_dict().values():
                count.note(tensor)
        # Tables of optimisers are there from the first step's end on.
        for step in range(2):
            twin.step(step, repeat(real), repeat(z))
    average = [] if task.average is None else list(task.average.module.state_dict().values())
    return count.peak + sum(tensor.nbytes for tensor in average)


def _without_numbers(learner: Learner, half: bool) -> Learner:
    """A copy of a learner whose tensors have shapes alone, on what passes for a CPU."""
    tensors = [*learner.module.parameters(), *learner.module.buffers()]
    twins: dict[int, Any] = {id(tensor): _twin_of(tensor) for tensor in tensors}
    module = copy.deepcopy(learner.module, twins)
    optimizer = type(learner.optimizer)(module.parameters(), **learner.optimizer.defaults)
    changes: dict[str, Any] = {"module": module, "optimizer": optimizer, "scaler": None}
    if isinstance(constraint := getattr(learner, "constraint", None), Constraint):
        changes["constraint"] = quiet = copy.copy(constraint)
        object.__setattr__(quiet, "project", MethodType(lambda *_: None, quiet))
    return replace(learner, **changes, network=_Half(module) if half else module)


def _twin_of(tensor: Tensor) -> Tensor:
    twin = _like(tensor)
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(twin, requires_grad=tensor.requires_grad)
    return twin


def _like(tensor: Tensor) -> Tensor:
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu")


class _Half(nn.Module):
    """A network under autocast, whose answers are in float32, as Accelerate wraps it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.module(*inputs).float()


class _Count(TorchDispatchMode):
    """The bytes of all storages that are there, and the most that ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: weakref.WeakSet = weakref.WeakSet()

    def note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage not in self._known:
            self._known.add(storage)
            weakref.finalize(storage, self._add, -storage.nbytes())
            self._add(storage.nbytes())

    def _add(self, num_bytes: int) -> None:
        self.now += num_bytes
        self.peak = max(self.peak, self.now)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for each in tree_leaves(found):
            if isinstance(each, Tensor):
                self.note(each)
        return found
