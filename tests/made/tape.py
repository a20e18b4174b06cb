"""Work that is recorded and done again on a CPU, as a CUDA graph does it on a GPU.

What a graph cannot follow shows: numbers of Python that change from call to call, reads, memory
that is another one each time.
"""

from contextlib import nullcontext

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_READS = (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)


class TapeRecorder:
    """A `tgan.training.graphs.Recorder` of a CPU."""

    device = torch.device("cpu")

    def __init__(self, device=device):
        pass

    def warming_up(self):
        return nullcontext()

    def record(self, work):
        with _Tape() as tape:
            found = work()
        with torch.no_grad():
            tape.undo()

        @torch.no_grad()
        def replay():
            for operator in tape.operators:
                operator()

        return found, replay


class _Tape(TorchDispatchMode):
    """Keeps every operator with its tensors; their memory is given to nobody else."""

    def __init__(self):
        super().__init__()
        self.operators, self._made, self._before = [], {}, {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in _READS:
            raise RuntimeError("operation not permitted while recording")
        if function is torch.ops.aten.lift_fresh.default:
            # A constant of the host: copied anew at each call.
            function = torch.ops.aten.clone.default
        given = {_memory(each): each for each in tree_leaves((args, kwargs)) if _is_tensor(each)}
        for memory, each in given.items():
            if memory not in self._made and memory not in self._before:
                self._before[memory] = (each, each.clone())
        found = function(*args, **kwargs)
        new = [
            # Its shape may be changed in place.
            each.detach() if _is_tensor(each) and _memory(each) not in given else None
            for each in tree_leaves(found)
        ]
        self._made |= {_memory(each): each for each in new if each is not None}

        def again():
            for kept, value in zip(new, tree_leaves(function(*args, **kwargs)), strict=True):
                if kept is not None:
                    kept.copy_(value)

        self.operators.append(again)
        return found

    def undo(self):
        """Leave what was there before as it was, and what is new without numbers."""
        for kept, value in self._before.values():
            kept.copy_(value)
        for made in self._made.values():
            made.fill_(float("nan") if made.is_floating_point() else 0)


def _is_tensor(value):
    return isinstance(value, Tensor)


def _memory(tensor):
    return tensor.untyped_storage().data_ptr()
