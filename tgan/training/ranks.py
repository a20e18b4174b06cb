"""What the processes of a run owe each other: one decision, the same numbers, an answer in time."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor

from tgan.config import Config
from tgan.config.reading import flat_settings
from tgan.training.checkpoint import MANIFEST, Checkpoint, list_checkpoints, load_checkpoint

# What may differ from machine to machine; data are compared by what is in them, not by place.
_OF_A_MACHINE = ("data.path", "data.held_out_path", "data.keep_gb", "data.workers", "data.download")
# Seconds that a process gives the others to say that they wait, too.
GRACE = 5.0
_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def agree_on_checkpoint(
    accelerator: Accelerator,
    config: Config,
    run_dir: Path,
    find: Callable[[], Checkpoint | None],
) -> Checkpoint | None:
    """The checkpoint that a run goes on from, which the main process finds for all.

    Args:
        config: of this process.
        run_dir: as this process was told.
        find: called in the main process alone.

    Raises:
        Exception: what `find` raised, in every process.
        ValueError: in every process, if one of them has other settings, or does not read that
            very checkpoint in its own `run_dir`.
    """
    if accelerator.num_processes == 1:
        return find()
    found, failure = _tried(find) if accelerator.is_main_process else (None, None)
    decision = broadcast_object_list([failure, _place(found, run_dir), _settings(config)])
    failure, place, settings = decision
    if failure is not None:
        raise failure
    if not accelerator.is_main_process:
        found, failure = _tried(lambda: _read_the_same(place, run_dir))
    own = _settings(config)
    others = [
        f"{name} is {own[name]} there, not {settings[name]}"
        for name in own
        if own[name] != settings[name]
    ]
    problem = "; ".join(others) or failure
    for rank, other in enumerate(gather_object([problem and str(problem)])):
        if other is not None:
            raise ValueError(
                f"process {rank} is at odds with process 0: {other}; "
                "all need the same run directory and settings"
            )
    return found


def decided(accelerator: Accelerator, decide: Callable[[], bool]) -> bool:
    """Decide in the main process for all."""
    if accelerator.num_processes == 1:
        return decide()
    found = [decide() if accelerator.is_main_process else None]
    return bool(broadcast_object_list(found)[0])


def check_same(accelerator: Accelerator, facts: Mapping[str, Any]) -> None:
    """Refuse processes that would train on other data, or with other parts.

    Args:
        facts: what has to be the same everywhere, by what to call it.

    Raises:
        ValueError: in every process, if a fact of one of them differs.
    """
    if accelerator.num_processes == 1:
        return
    first, *others = gather_object([dict(facts)])
    for rank, other in enumerate(others, start=1):
        for name, value in first.items():
            if other[name] != value:
                raise ValueError(
                    f"process {rank} is at odds with process 0: {name} is {other[name]} there, "
                    f"not {value}; all need the same data"
                )


def _tried(find: Callable[[], Checkpoint | None]) -> tuple[Checkpoint | None, Exception | None]:
    try:
        return find(), None
    except (ValueError, OSError) as error:
        return None, error


def _settings(config: Config) -> dict[str, Any]:
    settings = flat_settings(asdict(config))
    return {name: value for name, value in settings.items() if name not in _OF_A_MACHINE}


def _place(checkpoint: Checkpoint | None, run_dir: Path) -> tuple[bool, str, str] | None:
    """Whether it lies in the run's own directory, its path (there), and the manifest's SHA-256."""
    if checkpoint is None:
        return None
    path, digest = checkpoint.path.resolve(), _digest(checkpoint.path)
    if path.is_relative_to(run_dir.resolve()):
        return True, str(path.relative_to(run_dir.resolve())), digest
    return False, str(checkpoint.path), digest


def _read_the_same(place: tuple[bool, str, str] | None, run_dir: Path) -> Checkpoint | None:
    if place is None:
        if there := list_checkpoints(run_dir):
            raise ValueError(f"it sees '{there[-1]}' where process 0 sees no checkpoint")
        return None
    is_own, path, digest = place
    checkpoint = load_checkpoint(run_dir / path if is_own else path)
    if _digest(checkpoint.path) != digest:
        raise ValueError(f"its '{checkpoint.path}' is another one than that of process 0")
    return checkpoint


def _digest(path: Path) -> str:
    """That of all that a checkpoint holds: its manifest has the digest of every file."""
    return hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()


def first_difference(
    accelerator: Accelerator, tables: Mapping[str, Mapping[str, Tensor]]
) -> str | None:
    """What differs between processes that hold the same tables, the first of it; None if nothing.

    Sums over the tensors' bits are compared, a number each, which is exact for a single change.

    Args:
        tables: as `GANTask.tensors` gives them; the names in a table may come in any order.
    """
    # Those of a loaded optimiser come in the order in which its file was read, which varies.
    ordered = [(table, *item) for table, state in tables.items() for item in sorted(state.items())]
    names = [f"'{key}' in {table}" for table, key, _ in ordered]
    tensors = [tensor for _, _, tensor in ordered]
    # Optimisers count their steps on the CPU.
    sums = [checksum(tensor).to(accelerator.device) for tensor in tensors]
    of_all = accelerator.gather(torch.stack(sums)[None])
    differs = (of_all != of_all[0]).cpu()
    if not differs.any():
        return None
    first = int(differs.any(0).int().argmax())
    ranks = differs[:, first].nonzero().flatten().tolist()
    return f"{names[first]} of process {', '.join(map(str, ranks))} is not that of process 0"


@torch.no_grad()
def checksum(tensor: Tensor) -> Tensor:
    """A number, int64, of the bits of a tensor, on its device: no one waits for it here.

    The same numbers at other places have the same sum; two changes hardly ever cancel.
    """
    bits = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    if bits.is_floating_point():
        bits = bits.view(_BITS[bits.element_size()])
    bits = bits.long()
    return (bits * (bits + 1)).sum()


@contextmanager
def others_named(accelerator: Accelerator, timeout: float) -> Iterator[None]:
    """Turn what is left of a process group whose members fail into an error that names them.

    Args:
        timeout: seconds that processes wait for each other.

    Raises:
        ChildProcessError: another process ended, or did not answer in time.
    """
    if accelerator.num_processes == 1:
        yield
        return
    try:
        yield
    except RuntimeError as error:
        text = str(error).lower()
        if "timed out" in text or "timeout" in text:
            silent = _silent_ranks(accelerator)
            who = f"process {', '.join(map(str, silent))}" if silent else "another process"
            raise ChildProcessError(
                f"{who} of this run did not answer for {timeout:g} s (train.timeout): it hangs, "
                "was stopped, or its machine is gone"
            ) from None
        if "connection closed by peer" in text or "connection reset by peer" in text:
            raise ChildProcessError("another process of this run failed") from None
        raise


def _silent_ranks(accelerator: Accelerator) -> list[int]:
    """The processes that do not say within `GRACE` seconds that they wait for others, too.

    None is known to be silent where the place to say so is gone.
    """
    keys = {rank: f"tgan/waits/{rank}" for rank in range(accelerator.num_processes)}
    try:
        store = dist.distributed_c10d._get_default_store()
        store.set_timeout(timedelta(seconds=GRACE))
        store.set(keys[accelerator.process_index], "1")
        until = time.monotonic() + GRACE
        while not store.check(list(keys.values())) and time.monotonic() < until:
            time.sleep(0.1)
        return [rank for rank, key in keys.items() if not store.check([key])]
    except (RuntimeError, ValueError):
        return []
