"""Checkpoints: directories that are whole or not there, without pickle.

A checkpoint holds one safetensors file per table of tensors, the resolved configuration, a JSON
file of facts (the step, the classes), and a manifest with the SHA-256 of every file. It is written
aside, flushed to disk and renamed. Tables are read and verified when they are asked for, once.
"""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from tgan.system.files import set_usual_mode

FORMAT_VERSION = 1
MANIFEST, FACTS, CONFIG = "manifest.json", "state.json", "config.yaml"
CHECKPOINTS, PREFIX = "checkpoints", "step_"
_TENSORS = ".safetensors"


class Damaged(ValueError):
    """A checkpoint is missing, of another format, or not what was written."""


class Tables(Mapping[str, dict[str, Tensor]]):
    """The tables of tensors of a checkpoint by name; each is read and verified once, when needed.

    Args:
        path: the checkpoint's directory.
        digests: SHA-256 of its files by name, in hexadecimal digits.
    """

    def __init__(self, path: Path, digests: Mapping[str, str]) -> None:
        self._path, self._digests = path, digests
        self._names = [Path(name).stem for name in digests if name.endswith(_TENSORS)]
        self._read: dict[str, dict[str, Tensor]] = {}

    def __getitem__(self, name: str) -> dict[str, Tensor]:
        """The tensors of a table, on the CPU.

        Raises:
            KeyError: no such table.
            ValueError: its file is missing or damaged.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = load(_read_verified(self._path, name + _TENSORS, self._digests))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint on disk holds.

    Attributes:
        path: its directory.
        step: generator updates made.
        num_videos: of the data that it was trained on.
        config: the resolved configuration, YAML.
        tensors: tables of tensors by name, as `GANTask.tensors` gave them.
        classes: names of the classes that a conditional run was trained on.
    """

    path: Path
    step: int
    num_videos: int
    config: str
    tensors: Tables
    classes: tuple[str, ...] = ()


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
            _save_tensors(part / f"{name}{_TENSORS}", table)
        (part / CONFIG).write_text(config)
        facts = {"step": step, "num_videos": num_videos, "classes": list(classes)}
        (part / FACTS).write_text(json.dumps(facts))
        files = sorted(file.name for file in part.iterdir())
        manifest = {
            "format": FORMAT_VERSION,
            "torch": torch.__version__,
            "sha256": {name: _sha256(part / name) for name in files},
        }
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2))
        for name in [*files, MANIFEST]:
            _flush(part / name)
        replaced = path.with_name(f".{path.name}.replaced")
        if path.exists():
            path.rename(replaced)
        part.rename(path)
        _flush(path.parent)
        shutil.rmtree(replaced, ignore_errors=True)
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
    digests = _read_manifest(path)
    facts = json.loads(_read_verified(path, FACTS, digests))
    config = _read_verified(path, CONFIG, digests).decode()
    return Checkpoint(
        path=path,
        step=facts["step"],
        num_videos=facts["num_videos"],
        config=config,
        tensors=Tables(path, digests),
        classes=tuple(facts["classes"] if "classes" in facts else _classes_of_old(config)),
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

    Raises:
        ValueError: `path` is neither, or holds no whole checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"no run or checkpoint at '{path}'")
    if (path / MANIFEST).is_file():
        return _whole(path, needs)
    for candidate in reversed(list_checkpoints(path)):
        try:
            return _whole(candidate, needs)
        except Damaged as error:
            warnings.warn(f"passing over a damaged checkpoint: {error}", stacklevel=2)
    raise ValueError(f"'{path}' holds no whole checkpoint")


def _whole(path: Path, needs: Callable[[Checkpoint], Iterable[str]]) -> Checkpoint:
    checkpoint = load_checkpoint(path)
    for name in needs(checkpoint):
        checkpoint.tensors[name]
    return checkpoint


def list_checkpoints(run_dir: Path) -> list[Path]:
    """The numbered checkpoints of a run, oldest first."""
    return [path for _, path in _numbered(run_dir)]


def prune_checkpoints(
    run_dir: Path, *, step: int, keep_last: int, milestones: Sequence[int]
) -> None:
    """Delete numbered checkpoints up to `step` but the last few of them and the milestones.

    Those beyond `step` are damaged ones that a resumed run passed over: they count for nothing.
    A checkpoint that someone gave another name is never touched.
    """
    reached = [(number, path) for number, path in _numbered(run_dir) if number <= step]
    for number, path in reached[:-keep_last]:
        if number not in milestones:
            shutil.rmtree(path, ignore_errors=True)


def _numbered(run_dir: Path) -> list[tuple[int, Path]]:
    """The checkpoints of a run with their steps, oldest first."""
    found = (run_dir / CHECKPOINTS).glob(f"{PREFIX}*")
    steps = {path: path.name.removeprefix(PREFIX) for path in found}
    return sorted((int(step), path) for path, step in steps.items() if step.isdigit())


def _save_tensors(path: Path, table: Mapping[str, Tensor]) -> None:
    try:
        save_file({key: value.detach().cpu().contiguous() for key, value in table.items()}, path)
    except SafetensorError as error:
        raise OSError(None, f"{path.name}: {error}") from error
    set_usual_mode(path)


def _read_manifest(path: Path) -> dict[str, str]:
    """SHA-256 of all files by name."""
    if not (path / MANIFEST).is_file():
        raise Damaged(f"no checkpoint at '{path}'")
    try:
        manifest = json.loads((path / MANIFEST).read_text())
    except ValueError:
        raise Damaged(f"checkpoint '{path}' is damaged: '{MANIFEST}' is no JSON") from None
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise Damaged(
            f"checkpoint '{path}' has format {version}; this version reads {FORMAT_VERSION}"
        )
    digests = manifest.get("sha256", {})
    if not {FACTS, CONFIG, f"generator{_TENSORS}"} <= digests.keys():
        raise Damaged(f"checkpoint '{path}' is damaged: '{MANIFEST}' does not list its files")
    return digests


def _read_verified(path: Path, name: str, digests: Mapping[str, str]) -> bytes:
    """The bytes of a file of the checkpoint `path`, as they were written."""
    if not (path / name).is_file():
        raise Damaged(f"checkpoint '{path}' is incomplete: '{name}' is missing")
    content = (path / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != digests[name]:
        raise Damaged(f"checkpoint '{path}' is damaged: '{name}' is not what was written")
    return content


def _classes_of_old(config: str) -> list[str]:
    """The classes of a checkpoint of version 0.1, which had them among its settings."""
    return yaml.safe_load(config).get("data", {}).get("labels") or []


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
