"""What networks the arrays of a snapshot belong to, and whether they are all there."""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tgan.config.sizes import BASE_SIDES, TEMPORAL_DOUBLINGS
from tgan.runs.official.archives import Arrays
from tgan.runs.official.layout import Architecture, Slot, layout_of

DTYPES = ("float32", "float64")


class _Reading(NamedTuple):
    """A size is `times` the length of this axis of an array."""

    file: str
    array: str
    axis: int
    times: int = 1


def find_architecture(arrays: Mapping[str, Arrays], paths: Mapping[str, Path]) -> Architecture:
    """What networks the arrays of the files at `paths` belong to.

    Raises:
        ValueError: an array that tells a size is missing or has no such axis, or two disagree.
    """
    doublings = _count_doublings(arrays)
    sizes = {
        name: _agreed(name, readings, arrays, paths)
        for name, readings in _readings(doublings).items()
    }
    shifts = {file: _has_shifts(table) for file, table in arrays.items()}
    return Architecture(
        sizes={
            "num_frames": sizes["num_frames"],
            "resolution": BASE_SIDES[0] << doublings,
            "channels": sizes["channels"],
        },
        generator={
            "z_slow": sizes["z_slow"],
            "z_fast": sizes["z_fast"],
            "temporal_width": sizes["temporal_width"],
            "width": sizes["image_width"],
            "temporal_shift": shifts["gen"],
            "image_shift": shifts["vgen"],
        },
        critic={"width": sizes["critic_width"], "shift": shifts["vdis"]},
    )


def check_arrays(
    arrays: Mapping[str, Arrays], paths: Mapping[str, Path], architecture: Architecture
) -> None:
    """Raise a ValueError naming file and array unless every array is there and fits."""
    try:
        layout = layout_of(architecture)
    except ValueError as error:
        raise ValueError(f"snapshot in '{paths['gen'].parent}': {error}") from None
    kinds = Counter(a.dtype for table in arrays.values() for a in table.values() if a.ndim)
    (usual, _), *_ = kinds.most_common(1)
    problems = [
        f"array '{name}' of '{paths[file]}' {problem}"
        for file, slots in layout.items()
        for name, problem in _problems(arrays[file], slots, usual)
    ]
    if problems:
        more = f" (and {len(problems) - 1} more such arrays)" if len(problems) > 1 else ""
        raise ValueError(problems[0] + more)


def _readings(doublings: int) -> dict[str, list[_Reading]]:
    """Where each size is to be read, twice or more where one array could be wrong."""
    last = f"dc{doublings + 1}"
    return {
        "z_slow": [_Reading("gen", "dc0/W", 0), _Reading("vgen", "l0s/W", 1)],
        "z_fast": [
            _Reading("gen", "dc4/W", 1),
            _Reading("gen", "dc4/b", 0),
            _Reading("vgen", "l0f/W", 1),
        ],
        "num_frames": [_Reading("gen", "dc0/W", 2, 2**TEMPORAL_DOUBLINGS)],
        "temporal_width": [_Reading("gen", "dc0/W", 1), _Reading("gen", "dc0/b", 0)],
        "image_width": [
            _Reading("vgen", "dc1/W", 0),
            _Reading("vgen", "dc1/W", 1, 2),
            _Reading("vgen", "bn1/gamma", 0, 2),
        ],
        "channels": [
            _Reading("vgen", f"{last}/W", 1),
            _Reading("vgen", f"{last}/b", 0),
            _Reading("vdis", "c0/W", 1),
        ],
        "critic_width": [_Reading("vdis", "c0/W", 0), _Reading("vdis", "c0/b", 0)],
    }


def _agreed(
    name: str,
    readings: list[_Reading],
    arrays: Mapping[str, Arrays],
    paths: Mapping[str, Path],
) -> int:
    values = []
    for file, array, axis, times in readings:
        if array not in arrays[file]:
            raise ValueError(f"array '{array}' of '{paths[file]}' is missing")
        shape = arrays[file][array].shape
        if len(shape) <= axis or shape[axis] == 0:
            raise ValueError(f"array '{array}' of '{paths[file]}' has shape {shape}")
        values.append(shape[axis] * times)
    if len(set(values)) > 1:
        told = [
            f"{value} by '{reading.array}' of '{paths[reading.file].name}'"
            for value, reading in zip(values, readings, strict=True)
        ]
        raise ValueError(
            f"snapshot in '{paths['gen'].parent}': {name} is {', '.join(told)}: shapes disagree"
        )
    return values[0]


def _count_doublings(arrays: Mapping[str, Arrays]) -> int:
    """How often the image generator doubles a side: what two of three counts of layers say."""

    def count(file: str, pattern: str) -> int:
        return len({found[0] for name in arrays[file] if (found := re.match(pattern, name))})

    return statistics.mode(
        [
            count("vgen", "bn[1-9][0-9]*/"),
            count("vgen", "dc[0-9]+/") - 1,
            count("vdis", "c[0-9]+/") - 1,
        ]
    )


def _has_shifts(table: Arrays) -> bool:
    """Whether most batch norms have a shift, so that one too many or too few is noticed."""
    leaves = Counter(name.rpartition("/")[2] for name in table)
    return leaves["beta"] * 2 > leaves["gamma"]


def _problems(
    table: Arrays, slots: Mapping[str, Slot], usual: np.dtype
) -> Iterator[tuple[str, str]]:
    """Names of arrays and what is wrong with them."""
    for name, slot in slots.items():
        if name not in table:
            yield name, "is missing"
            continue
        shape, dtype = table[name].shape, table[name].dtype
        if shape != slot.shape:
            yield name, f"has shape {shape}, not {slot.shape}"
        elif not shape:
            if dtype.kind not in "iu":
                yield name, f"is of {dtype}, not an integer"
        elif dtype not in DTYPES:
            yield name, f"is of {dtype}, not float32 or float64"
        elif dtype != usual:
            yield name, f"is of {dtype} among arrays of {usual}"
    for name in table:
        if name not in slots:
            yield name, "belongs to no layer of the authors' networks"
