"""The control group of a run: what its processes tell each other beside a step's own sums.

Words go from processor to processor, over gloo. Over NCCL each would wait for all that a GPU has
still to do, and would be lost with a GPU that waits for a process that is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from tgan.models.distributed import world_size

T = TypeVar("T")
# The group of all processes, and the control group that was made beside it.
_joined: tuple[Any, Any] | None = None


def join_control_group(timeout: float) -> None:
    """Form the group, with all processes of the run; one process needs none.

    Args:
        timeout: seconds that processes wait for each other in it.
    """
    global _joined
    if world_size() > 1 and (_joined is None or _joined[0] is not dist.group.WORLD):
        limit = timedelta(seconds=timeout)
        _joined = dist.group.WORLD, dist.new_group(backend="gloo", timeout=limit)


def gathered(value: T) -> list[T]:
    """Every process's value, in the order of processes, the same in all."""
    if world_size() == 1:
        return [value]
    values: list[T] = [value] * world_size()
    dist.all_gather_object(values, value, group=_group())
    return values


def of_main(value: T) -> T:
    """The main process's value in all processes."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, src=0, group=_group())
    return values[0]


def largest(numbers: Sequence[int]) -> list[int]:
    """The largest of all processes' numbers, at each place; a single small message."""
    if world_size() == 1:
        return list(numbers)
    found = torch.tensor(numbers)
    dist.all_reduce(found, dist.ReduceOp.MAX, group=_group())
    return found.tolist()


def _group() -> Any:
    assert _joined is not None and _joined[0] is dist.group.WORLD, "the control group is not there"
    return _joined[1]
