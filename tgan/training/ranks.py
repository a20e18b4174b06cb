"""What the processes of a run owe each other: one decision, and the same numbers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from tgan import __version__
from tgan.config import Config
from tgan.config.reading import flat_settings
from tgan.training.checkpoint import MANIFEST, Checkpoint, list_checkpoints, load_checkpoint
from tgan.training.control import gathered, of_main

# What may differ from machine to machine; data are compared by what is in them, not by place.
_OF_A_MACHINE = ("data.path", "data.held_out_path", "data.keep_gb", "data.workers", "data.download")
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
    own = _facts(accelerator, config)
    failure, place, facts = of_main((failure, _place(found, run_dir), own))
    if failure is not None:
        raise failure
    if not accelerator.is_main_process:
        found, failure = _tried(lambda: _read_the_same(place, run_dir))
    differing = [name for name in own if own[name] != facts[name]]
    others = [f"{name} is {own[name]} there, not {facts[name]}" for name in differing]
    # Settings differ, too, where they come with a checkpoint that is not seen.
    problem = failure or "; ".join(others)
    for rank, other in enumerate(gathered(problem and str(problem))):
        if other:
            raise ValueError(
                f"process {rank} is at odds with process 0: {other}; "
                "all need the same run directory and settings"
            )
    return found


def decided(accelerator: Accelerator, decide: Callable[[], bool]) -> bool:
    """Decide in the main process for all."""
    if accelerator.num_processes == 1:
        return decide()
    return bool(of_main(decide() if accelerator.is_main_process else None))


def check_same(accelerator: Accelerator, facts: Mapping[str, Any]) -> None:
    """Refuse processes that would train on other data, or with other parts.

    Args:
        facts: what has to be the same everywhere, by what to call it.

    Raises:
        ValueError: in every process, if a fact of one of them differs.
    """
    if accelerator.num_processes == 1:
        return
    first, *others = gathered(dict(facts))
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


def _facts(accelerator: Accelerator, config: Config) -> dict[str, Any]:
    """What has to be the same in all processes, by name: settings, and what computes by them."""
    settings = flat_settings(asdict(config))
    shared = {name: value for name, value in settings.items() if name not in _OF_A_MACHINE}
    # `auto` is another precision on another processor.
    return shared | {
        "its precision": accelerator.mixed_precision,
        "its device": accelerator.device.type,
        "its version of PyTorch": torch.__version__,
        "its version of tgan": __version__,
    }


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


def first_difference(tables: Mapping[str, Mapping[str, Tensor]]) -> str | None:
    """What differs between processes that hold the same tables, the first of it; None if nothing.

    Sums over the tensors' bits are compared, a number each, which is exact for a single change.

    Args:
        tables: as `GANTask.tensors` gives them; the names in a table may come in any order.
    """
    # Those of a loaded optimiser come in the order in which its file was read, which varies.
    ordered = [(table, *item) for table, state in tables.items() for item in sorted(state.items())]
    names = [f"'{key}' in {table}" for table, key, _ in ordered]
    of_all = gathered(_checksums([tensor for _, _, tensor in ordered]))
    for name, sums in zip(names, zip(*of_all, strict=True), strict=True):
        if ranks := [str(rank) for rank, one in enumerate(sums) if one != sums[0]]:
            return f"{name} of process {', '.join(ranks)} is not that of process 0"
    return None


def _checksums(tensors: Sequence[Tensor]) -> list[int]:
    """The checksums of tensors; each device is waited for once."""
    sums = [checksum(tensor) for tensor in tensors]
    # Optimisers count their steps on the CPU.
    by_device: dict[torch.device, list[int]] = {}
    for place, one in enumerate(sums):
        by_device.setdefault(one.device, []).append(place)
    found = [0] * len(sums)
    for places in by_device.values():
        for place, number in zip(
            places, torch.stack([sums[place] for place in places]).tolist(), strict=True
        ):
            found[place] = number
    return found


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
