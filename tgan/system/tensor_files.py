"""Files of tensors: what the header of a safetensors file claims, before anything is loaded.

Names, types and shapes are compared with the file's size and with what a network needs, so that no
memory is taken on the word of a file.

Source: the format, https://github.com/huggingface/safetensors#format.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tgan.system.folders import is_count, parse_json, quoted

# Of the JSON at the beginning: a hundred bytes or so for each tensor.
MAX_HEADER = 8 * 2**20
# What the format calls types, in which a checkpoint may be.
DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8},
    **{"U8": torch.uint8, "BOOL": torch.bool},
}


class Claim(NamedTuple):
    """What a tensor is said to be."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


Claims = dict[str, Claim]


def read_claims(path: str | Path) -> Claims:
    """Names, types and shapes of the tensors in a safetensors file, of which only these are read.

    Raises:
        ValueError: no such file, a header that cannot be read, or one that claims more or less
            than the file holds.
        OSError: it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        size = path.stat().st_size - 8
        if not 2 <= length <= min(size, MAX_HEADER):
            raise ValueError(f"'{path}' is no safetensors file, or not whole")
        header = parse_json(file.read(length), source=f"the header of '{path}'")
    if not isinstance(header, dict):
        raise ValueError(f"the header of '{path}' is no JSON object")
    header.pop("__metadata__", None)
    places: list[tuple[int, int]] = []
    claims = {name: _claim(path, name, entry, places) for name, entry in header.items()}
    end = 0
    for first, last in sorted(places):
        if first != end:
            raise ValueError(f"the header of '{path}' leaves gaps between tensors")
        end = last
    if end != size - length:
        raise ValueError(
            f"'{path}' is not whole: its header tells of {end:,} bytes of tensors, and there are "
            f"{size - length:,}"
        )
    return claims


def claims_of(tensors: Mapping[str, Tensor]) -> Claims:
    """Types and shapes of tensors by name, which may be on the meta device."""
    return {name: Claim(t.dtype, tuple(t.shape)) for name, t in tensors.items()}


def size_of(claims: Mapping[str, Claim]) -> int:
    """Bytes of all tensors."""
    return sum(claim.nbytes for claim in claims.values())


def first_difference(there: Mapping[str, Claim], here: Mapping[str, Claim]) -> str | None:
    """The first tensor in which two tables differ, in words; None where they are alike.

    Numbers of double precision there are alike to others here: they are rounded when copied.
    """
    for name in [*here, *there]:
        pair = there.get(name), here.get(name)
        if not _are_alike(*pair):
            words = [_in_words(claim, other) for claim, other in (pair, pair[::-1])]
            return f"{quoted(name)} is {words[0]} there and {words[1]} here"
    return None


def _are_alike(there: Claim | None, here: Claim | None) -> bool:
    if there is None or here is None or there.shape != here.shape:
        return False
    rounded = there.dtype == torch.float64 and here.dtype.is_floating_point
    return there.dtype == here.dtype or rounded


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that holds a NaN or an infinity; None where all are finite."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return name
    return None


def _claim(path: Path, name: str, entry: Any, places: list[tuple[int, int]]) -> Claim:
    """One entry of a header; where its numbers begin and end is added to `places`."""
    entry = entry if isinstance(entry, dict) else {}
    dtype, shape, place = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    is_known = isinstance(dtype, str) and dtype in DTYPES
    are_counts = all(isinstance(v, list) and all(map(is_count, v)) for v in (shape, place))
    if not (is_known and are_counts and len(place) == 2):
        raise ValueError(f"the header of '{path}' says nothing that can be used of {quoted(name)}")
    claim = Claim(DTYPES[dtype], tuple(shape))
    if place[1] - place[0] != claim.nbytes:
        raise ValueError(f"the header of '{path}' gives {quoted(name)} another size than its shape")
    places.append((place[0], place[1]))
    return claim


def _in_words(claim: Claim | None, other: Claim | None) -> str:
    if claim is None:
        return "missing"
    if other is not None and claim.shape == other.shape:
        return str(claim.dtype).removeprefix("torch.")
    return str(claim.shape)
