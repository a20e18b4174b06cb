"""Memory maps between processes: sent as the place in their file, and opened again there."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class MappedArray:
    """Where an array lies in a file.

    Args:
        path: the file.
        offset: bytes before its first element.
        shape, strides, dtype: as of the array.
    """

    path: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    def open(self) -> np.ndarray:
        """Map the file, read-only, and return the array."""
        content = np.memmap(self.path, np.uint8, mode="r")
        return np.ndarray(self.shape, self.dtype, content, self.offset, self.strides)


def to_send(array: np.ndarray) -> np.ndarray | MappedArray:
    """Return what to pickle in place of an array: a memory map's place in its file, or itself."""
    root: Any = array
    while isinstance(root, np.ndarray) and not _is_whole_map(root):
        root = root.base
    if root is None or not isinstance(root, np.memmap) or root.filename is None:
        return array
    # Changes of a map that is "c" (copy on write) are in this process alone.
    if root.mode == "c":
        return array
    first, here = root.__array_interface__["data"][0], array.__array_interface__["data"][0]
    offset = root.offset + here - first
    return MappedArray(str(root.filename), offset, array.shape, array.strides, array.dtype)


def received(sent: np.ndarray | MappedArray) -> np.ndarray:
    """Return the array that `to_send` has sent."""
    return sent.open() if isinstance(sent, MappedArray) else sent


def _is_whole_map(array: np.ndarray) -> bool:
    """Whether an array is a memory map itself, and not a view of one."""
    return isinstance(array, np.memmap) and not isinstance(array.base, np.ndarray)
