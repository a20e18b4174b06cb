"""The files of the authors' snapshots: three archives of arrays per iteration, without pickle."""

import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tgan.system.archives import read_arrays

# Temporal generator, image generator, critic.
FILES = ("gen", "vgen", "vdis")

Arrays = dict[str, np.ndarray]


def paths_of(directory: Path, iteration: int | str) -> dict[str, Path]:
    """Where the files of a snapshot lie, for each of `FILES`."""
    return {file: directory / f"{file}_iter_{iteration}.npz" for file in FILES}


def official_iterations(directory: str | Path) -> list[int]:
    """Of which iterations `directory` holds all three files, in order.

    Raises:
        ValueError: no such directory.
    """
    return sorted(set.intersection(*_iterations_by_file(Path(directory))))


def choose_iteration(directory: Path, iteration: int | None) -> int:
    """The iteration asked for, or the newest; one that lacks files if there is no other.

    Raises:
        ValueError: no such snapshot; the message lists those there are.
    """
    begun = set.union(*_iterations_by_file(directory))
    whole = official_iterations(directory)
    if not begun:
        names = ", ".join(path.name for path in paths_of(directory, "K").values())
        raise ValueError(f"no snapshot ({names}) in '{directory}'")
    if iteration is None:
        return max(whole or begun)
    if iteration not in begun:
        there = ", ".join(map(str, whole)) or "no whole ones"
        raise ValueError(
            f"no snapshot of iteration {iteration} in '{directory}'; there are {there}"
        )
    return iteration


def read_archive(path: Path) -> Arrays:
    """Every array of an archive by its name.

    Raises:
        ValueError: the file is missing or no archive, or an array is damaged or holds objects.
    """
    if not path.is_file():
        raise ValueError(f"'{path}' is missing")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"'{path}' is no npz archive")
    try:
        return read_arrays(path)
    except ValueError as error:
        raise ValueError(f"'{path}' cannot be read: {error}") from None


def write_archives(paths: Mapping[str, Path], arrays: Mapping[str, Arrays]) -> None:
    """Write the files of a snapshot, aside first, so that a full disk leaves what was there."""
    folder = paths[FILES[0]].parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part") as aside:
        parts = {file: Path(aside, path.name) for file, path in paths.items()}
        for file, part in parts.items():
            np.savez_compressed(part, **arrays[file])
        for file, part in parts.items():
            part.replace(paths[file])


def _iterations_by_file(directory: Path) -> list[set[int]]:
    if not directory.is_dir():
        raise ValueError(f"no directory '{directory}'")
    names = "\n".join(path.name for path in directory.iterdir())
    return [
        set(map(int, re.findall(rf"^{file}_iter_(0|[1-9][0-9]*)\.npz$", names, re.MULTILINE)))
        for file in FILES
    ]
