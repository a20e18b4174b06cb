"""Checkpoints: directories that are whole or not there, without pickle.

A checkpoint holds one safetensors file per table of tensors, the resolved configuration, a JSON
file of facts (the step), and a manifest with the SHA-256 of every file. It is written aside,
flushed to disk and renamed.
"""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tgan.system.files import set_usual_mode

FORMAT_VERSION = 1
MANIFEST, FACTS, CONFIG = "manifest.json", "state.json", "config.yaml"
CHECKPOINTS, PREFIX = "checkpoints", "step_"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint on disk holds, read and verified.

    Attributes:
        path: its directory.
        step: generator updates made.
        num_videos: of the data that it was trained on.
        config: the resolved configuration, YAML.
        tensors: tables of tensors by name, as `GANTask.tensors` gave them, on the CPU.
    """

    path: Path
    step: int
    num_videos: int
    config: str
    tensors: dict[str, dict[str, Tensor]]


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
            _save_tensors(part / f"{name}.safetensors", table)
        (part / CONFIG).write_text(config)
        (part / FACTS).write_text(json.dumps({"step": step, "num_videos": num_videos}))
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
    """Read and verify the checkpoint in the directory `path`.

    Raises:
        ValueError: there is none, it is of another format, or a file is missing or damaged; the
            message names the file.
    """
    path = Path(path)
    manifest = _read_manifest(path)
    tables = [Path(name).stem for name in manifest["sha256"] if name.endswith(".safetensors")]
    return Checkpoint(
        path=path,
        **json.loads((path / FACTS).read_text()),
        config=(path / CONFIG).read_text(),
        tensors={name: load_file(path / f"{name}.safetensors") for name in tables},
    )


def find_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint that `path` names: itself, or the newest whole one of a run directory.

    In a run directory a damaged checkpoint is passed over with a warning.

    Raises:
        ValueError: `path` is neither, or holds no whole checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"no run or checkpoint at '{path}'")
    if (path / MANIFEST).is_file():
        return load_checkpoint(path)
    for candidate in reversed(list_checkpoints(path)):
        try:
            return load_checkpoint(candidate)
        except ValueError as error:
            warnings.warn(f"passing over a damaged checkpoint: {error}", stacklevel=2)
    raise ValueError(f"'{path}' holds no whole checkpoint")


def list_checkpoints(run_dir: Path) -> list[Path]:
    """The numbered checkpoints of a run, oldest first."""
    found = (run_dir / CHECKPOINTS).glob(f"{PREFIX}*")
    return sorted((path for path in found if _step_of(path) is not None), key=_step_of)


def prune_checkpoints(
    run_dir: Path, *, step: int, keep_last: int, milestones: Sequence[int]
) -> None:
    """Delete numbered checkpoints up to `step` but the last few of them and the milestones.

    Those beyond `step` are damaged ones that a resumed run passed over: they count for nothing.
    A checkpoint that someone gave another name is never touched.
    """
    reached = [path for path in list_checkpoints(run_dir) if _step_of(path) <= step]
    for path in reached[:-keep_last]:
        if _step_of(path) not in milestones:
            shutil.rmtree(path, ignore_errors=True)


def _step_of(path: Path) -> int | None:
    """The step in a checkpoint's name, or None for a name of another kind."""
    number = path.name.removeprefix(PREFIX)
    return int(number) if path.name.startswith(PREFIX) and number.isdigit() else None


def _save_tensors(path: Path, table: Mapping[str, Tensor]) -> None:
    try:
        save_file({key: value.detach().cpu().contiguous() for key, value in table.items()}, path)
    except SafetensorError as error:
        raise OSError(None, f"{path.name}: {error}") from error
    set_usual_mode(path)


def _read_manifest(path: Path) -> dict:
    if not (path / MANIFEST).is_file():
        raise ValueError(f"no checkpoint at '{path}'")
    try:
        manifest = json.loads((path / MANIFEST).read_text())
    except ValueError:
        raise ValueError(f"checkpoint '{path}' is damaged: '{MANIFEST}' is no JSON") from None
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise ValueError(
            f"checkpoint '{path}' has format {version}; this version reads {FORMAT_VERSION}"
        )
    if not {FACTS, CONFIG, "generator.safetensors"} <= manifest.get("sha256", {}).keys():
        raise ValueError(f"checkpoint '{path}' is damaged: '{MANIFEST}' does not list its files")
    for name, digest in manifest["sha256"].items():
        if not (path / name).is_file():
            raise ValueError(f"checkpoint '{path}' is incomplete: '{name}' is missing")
        if _sha256(path / name) != digest:
            raise ValueError(f"checkpoint '{path}' is damaged: '{name}' is not what was written")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
