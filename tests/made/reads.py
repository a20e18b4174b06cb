"""What is read of tensors, by a test that passes a CPU off as an accelerator."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten
# Decompositions read, too, whether they succeeded.
_READS = (
    *(_ATEN._local_scalar_dense.default, _ATEN.nonzero.default),
    *(_ATEN._linalg_eigh.default, _ATEN._linalg_svd.default, _ATEN._linalg_check_errors.default),
)


@contextmanager
def noted_reads(monkeypatch) -> Iterator[list[str]]:
    """Note every operation inside that an accelerator would be waited for."""
    noted: list[str] = []
    tolist = torch.Tensor.tolist

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function in _READS:
                noted.append(str(function))
            return function(*args, **(kwargs or {}))

    def listed(tensor):
        noted.append("tolist")
        return tolist(tensor)

    monkeypatch.setattr(torch.Tensor, "tolist", listed)
    with Watch():
        yield noted
