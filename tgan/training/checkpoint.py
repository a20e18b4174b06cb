"""Checkpoints: directories that are whole or not there, without pickle.

A checkpoint holds one safetensors file per table of tensors, the resolved configuration, a JSON
file of facts (the step, the classes), and a manifest with the SHA-256 of every file. It is written
aside, flushed to disk and renamed. Tables are read and verified when they are asked for, once.
Whoever wrote it, opening one reads its own plain files only, and nothing of a size that was not
looked at before; whatever is wrong with it is a `Damaged`.
"""

import errno
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from tgan.config import Config
from tgan.media.rates import as_rate
from tgan.system.files import delete, flush_file, flush_folder, set_usual_mode, sha256
from tgan.system.folders import check_inside
from tgan.training.statements import (
    CONFIG,
    FACTS,
    FORMAT_VERSION,
    MANIFEST,
    read_classes,
    read_config,
    read_facts,
    read_manifest,
)
from tgan.training.tables import TENSORS, Damaged, Tables

CHECKPOINTS, PREFIX = "checkpoints", "step_"
_NUMBERED = re.compile(rf"{PREFIX}[0-9]+")
# Where a checkpoint is while another one of its step takes its place.
_ASIDE = re.compile(rf"\.({PREFIX}[0-9]+)\.replaced")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint on disk holds.

    Attributes:
        path: its directory.
        step: generator updates made.
        num_videos: of the data that it was trained on.
        config: the resolved configuration, YAML.
        settings: the same, which never downloads: what was fetched for training is the
            trainer's, and a checkpoint may be somebody else's.
        tensors: tables of tensors by name, as `GANTask.tensors` gave them.
        classes: names of the classes that a conditional run was trained on.
        data: fingerprint of the data that it was trained on, where there is one.
        fps: frames per second of the data, where they have a rate.
    """

    path: Path
    step: int
    num_videos: int
    config: str
    settings: Config
    tensors: Tables
    classes: tuple[str, ...] = ()
    data: str | None = None
    fps: float | None = None


def directory_of(run_dir: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return run_dir / CHECKPOINTS / f"{PREFIX}{step:08d}"


def save_checkpoint(
    path: Path,
    tensors: Mapping[str, Mapping[str, Tensor]],
    *,
    step: int,
    num_videos: int,
    config: str,
    classes: Sequence[str] = (),
    data: str | None = None,
    fps: float | None = None,
) -> None:
    """Write a checkpoint to the directory `path`, replacing one that is there.

    Raises:
        OSError: it cannot be written; a checkpoint that was there is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for name, table in tensors.items():
            _save_tensors(part / f"{name}{TENSORS}", table)
        (part / CONFIG).write_bytes(config.encode())
        facts = {
            "step": step,
            "num_videos": num_videos,
            "classes": list(classes),
            "data": data,
            "fps": fps,
        }
        (part / FACTS).write_text(json.dumps(facts))
        files = sorted(file.name for file in part.iterdir())
        manifest = {
            "format": FORMAT_VERSION,
            "torch": torch.__version__,
            "sha256": {name: sha256(part / name) for name in files},
        }
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2))
        for name in [*files, MANIFEST]:
            flush_file(part / name)
        _put_in_place(part, path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write checkpoint {path}: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in the directory `path`, whose tables are read when they are needed.

    Raises:
        ValueError: there is none, it is of another format, or a file that says what it is is
            missing or damaged; the message names the file.
    """
    path = Path(path)
    digests = read_manifest(path)
    facts = read_facts(path, digests)
    config, settings = read_config(path, digests)
    return Checkpoint(
        path=path,
        step=facts["step"],
        num_videos=facts["num_videos"],
        config=config,
        settings=settings,
        tensors=Tables(path, digests),
        classes=read_classes(path, facts, config),
        # Earlier versions kept none, and a file may say anything.
        data=facts["data"] if isinstance(facts.get("data"), str) else None,
        fps=as_rate(facts.get("fps")),
    )


def _all_tables(checkpoint: Checkpoint) -> Iterable[str]:
    return checkpoint.tensors


def find_checkpoint(
    path: str | Path, needs: Callable[[Checkpoint], Iterable[str]] = _all_tables
) -> Checkpoint:
    """The checkpoint that `path` names: itself, or the newest whole one of a run directory.

    In a run directory a damaged checkpoint is passed over with a warning.

    Args:
        needs: the tables of a checkpoint that have to be whole, and are read; all by default.
            It may raise `Damaged` where something else is wrong.

    Raises:
        ValueError: `path` is neither, or holds no whole checkpoint.
    """
    path = Path(path)
    if not path.is_dir() and _aside_of(path).is_dir():
        path = _aside_of(path)
    if not path.is_dir():
        raise ValueError(f"no run or checkpoint at '{path}'")
    if os.path.lexists(path / MANIFEST):
        return _whole(path, needs)
    reasons = []
    for candidate in reversed(list_checkpoints(path)):
        try:
            _check_inside(candidate, path)
            return _whole(candidate, needs)
        except Damaged as error:
            reasons.append(str(error))
            warnings.warn(f"passing over a damaged checkpoint: {error}", stacklevel=2)
    newest = f"; the newest: {reasons[0]}" if reasons else ""
    raise ValueError(f"'{path}' holds no whole checkpoint{newest}")


def _whole(path: Path, needs: Callable[[Checkpoint], Iterable[str]]) -> Checkpoint:
    try:
        checkpoint = load_checkpoint(path)
        names = list(needs(checkpoint))
        checkpoint.tensors.check_sizes(names)
        for name in names:
            checkpoint.tensors[name]
    except OSError as error:
        raise Damaged(f"checkpoint '{path}' cannot be read: {error.strerror}") from error
    return checkpoint


def list_checkpoints(run_dir: Path) -> list[Path]:
    """The numbered checkpoints of a run, oldest first.

    Raises:
        ValueError: their folder is a link to a place outside the run.
    """
    return [path for _, path in _numbered(run_dir)]


def prune_checkpoints(
    run_dir: Path, *, step: int, keep_last: int, milestones: Sequence[int]
) -> None:
    """Delete the checkpoints that are `superseded`."""
    for path in superseded(run_dir, step=step, keep_last=keep_last, milestones=milestones):
        for place in (path, _aside_of(path)):
            shutil.rmtree(place, ignore_errors=True)


def superseded(
    run_dir: Path, *, step: int, keep_last: int, milestones: Sequence[int]
) -> list[Path]:
    """List numbered checkpoints up to `step` but the last few of them and the milestones.

    Those beyond `step` are damaged ones that a resumed run passed over: they count for nothing.
    A checkpoint that someone gave another name is never among them.
    """
    reached = [(number, path) for number, path in _numbered(run_dir) if number <= step]
    return [path for number, path in reached[:-keep_last] if number not in milestones]


def _numbered(run_dir: Path) -> list[tuple[int, Path]]:
    """The checkpoints of a run with their steps, oldest first.

    Where a crash came between two renames, the one put aside is all there is of its step.
    """
    folder = Path(run_dir) / CHECKPOINTS
    check_inside(folder, run_dir)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    aside = {match[1]: match[0] for match in map(_ASIDE.fullmatch, names) if match}
    places = aside | {name: name for name in names if _NUMBERED.fullmatch(name)}
    steps = {name: int(name.removeprefix(PREFIX)) for name in places}
    return sorted((steps[name], folder / place) for name, place in places.items())


def _put_in_place(part: Path, path: Path) -> None:
    """Move a whole checkpoint to `path`; one that is there is deleted once the new one is there."""
    aside = _aside_of(path)
    if os.path.lexists(path):
        # What an earlier replacement has left there has long been replaced.
        delete(aside)
        path.rename(aside)
    try:
        part.rename(path)
    except OSError:
        if os.path.lexists(aside):
            aside.rename(path)
        raise
    flush_folder(path.parent)
    delete(aside)


def _aside_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.replaced")


def _check_inside(path: Path, folder: Path) -> None:
    try:
        check_inside(path, folder)
    except ValueError as error:
        raise Damaged(str(error)) from None


def _save_tensors(path: Path, table: Mapping[str, Tensor]) -> None:
    try:
        save_file({key: value.detach().cpu().contiguous() for key, value in table.items()}, path)
    except SafetensorError as error:
        # The number of the system's error, such as of a full disk, is in its text alone.
        found = re.search(r"os error (\d+)", str(error))
        number = int(found[1]) if found else errno.EIO
        reason = os.strerror(number) if found else str(error)
        raise OSError(number, f"{path.name}: {reason}") from error
    set_usual_mode(path)
