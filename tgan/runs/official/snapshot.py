"""A snapshot of the authors' three networks, and ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tgan.models import VideoCritic, VideoGenerator
from tgan.runs.official.archives import (
    Arrays,
    choose_iteration,
    paths_of,
    read_archive,
    write_archives,
)
from tgan.runs.official.checks import check_arrays, find_architecture
from tgan.runs.official.layout import COUNTER, Architecture, layout_of, parts_of, their_arrays

# What Chainer gives a batch norm before its first batch.
_AT_FIRST = {"gamma": 1, "beta": 0, "avg_mean": 0, "avg_var": 1, COUNTER: 0}


@dataclass(frozen=True)
class Snapshot:
    """One of the authors' snapshots, as it was read.

    Attributes:
        iteration: generator updates made.
        arrays: every array by its name, for each file: `gen` (temporal generator), `vgen` (image
            generator), `vdis` (critic).
        architecture: of the networks that the arrays belong to.
    """

    iteration: int
    arrays: dict[str, Arrays]
    architecture: Architecture

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64, that of all weights and running averages."""
        return self.arrays["gen"]["dc0/W"].dtype

    @property
    def unused(self) -> dict[str, Arrays]:
        """The arrays that our networks have no place for, for each file.

        They are the counters of the batch norms, and the batch norm `bn0` that the authors'
        critic has but does not apply.
        """
        return {
            file: {name: self.arrays[file][name] for name, slot in slots.items() if not slot.key}
            for file, slots in layout_of(self.architecture).items()
        }

    def networks(self) -> tuple[VideoGenerator, VideoCritic]:
        """Generator and critic with these weights, of their dtype, on the CPU, in training mode."""
        generator, critic = self.architecture.blank_networks()
        layout = layout_of(self.architecture)
        for file, network in parts_of(generator, critic).items():
            own = network.state_dict()
            tensors = {
                slot.key: torch.tensor(self.arrays[file][name]).reshape(own[slot.key].shape)
                for name, slot in layout[file].items()
                if slot.key
            }
            network.load_state_dict(tensors, assign=True)
        return generator, critic


def load_official(
    directory: str | Path, iteration: int | None = None
) -> tuple[VideoGenerator, VideoCritic]:
    """Our generator and critic with the weights of one of the authors' snapshots.

    They have the snapshot's dtype and are in training mode, as networks are when they are made.

    Raises:
        ValueError: as `read_official`.
    """
    return read_official(directory, iteration).networks()


def read_official(directory: str | Path, iteration: int | None = None) -> Snapshot:
    """Read and check one of the authors' snapshots: `gen_iter_K.npz` and its two fellows.

    Args:
        iteration: K; the newest whole one in `directory` if None.

    Raises:
        ValueError: no such snapshot (the message lists those there are), or a file or an array
            is missing, one too many, or of another shape or kind; file and array are named.
    """
    directory = Path(directory)
    iteration = choose_iteration(directory, iteration)
    paths = paths_of(directory, iteration)
    arrays = {file: read_archive(path) for file, path in paths.items()}
    architecture = find_architecture(arrays, paths)
    check_arrays(arrays, paths, architecture)
    return Snapshot(iteration, arrays, architecture)


def save_official(
    directory: str | Path,
    iteration: int,
    generator: VideoGenerator,
    critic: VideoCritic,
    *,
    unused: Mapping[str, Arrays] | None = None,
) -> None:
    """Write networks as a snapshot that the authors' program reads, replacing one that is there.

    Args:
        unused: arrays that our networks have no place for, by file, from `Snapshot.unused`; so
            what was read is written back bit for bit. Those not given get Chainer's first values.

    Raises:
        ValueError: the networks are not those of the authors, or an array of `unused` does not
            fit; nothing is written.
    """
    if not (isinstance(generator, VideoGenerator) and isinstance(critic, VideoCritic)):
        kinds = f"{type(generator).__name__} and {type(critic).__name__}"
        raise ValueError(f"the authors' networks are VideoGenerator and VideoCritic, not {kinds}")
    paths = paths_of(Path(directory), iteration)
    arrays = their_arrays(generator, critic)
    architecture = find_architecture(arrays, paths)
    dtype = arrays["gen"]["dc0/W"].dtype
    for file, slots in layout_of(architecture).items():
        given = (unused or {}).get(file, {})
        if ours := [name for name in given if name in arrays[file]]:
            raise ValueError(f"'{ours[0]}' of '{paths[file]}' is the network's, not unused")
        spare = {name: slot.shape for name, slot in slots.items() if not slot.key}
        arrays[file] |= {name: _at_first(name, shape, dtype) for name, shape in spare.items()}
        arrays[file] |= given
    check_arrays(arrays, paths, architecture)
    write_archives(paths, arrays)


def _at_first(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    leaf = name.rpartition("/")[2]
    return np.full(shape, _AT_FIRST[leaf], np.int64 if leaf == COUNTER else dtype)
