"""NumPy archives that claim what is not so; all are small and harmless."""

import io
import zipfile
from pathlib import Path

import numpy as np


def header_of(shape: object, *, dtype: str = "|u1", order: bool = False) -> bytes:
    """The beginning of a `.npy` file that claims a shape; text stands as it is."""
    return header_text(f"{{'descr': {dtype!r}, 'fortran_order': {order}, 'shape': {shape}, }}")


def header_text(text: str, *, version: int = 1) -> bytes:
    """The beginning of a `.npy` file with any text in its header."""
    content, width = text.encode(), 2 if version == 1 else 4
    return b"\x93NUMPY" + bytes([version, 0]) + len(content).to_bytes(width, "little") + content


def array_bytes(array: np.ndarray) -> bytes:
    """A whole `.npy` file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write_archive(
    path: Path, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """A ZIP file of these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def encrypt(path: Path) -> Path:
    """Have every member of an archive say that it needs a password."""
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(signature, start + 4)
    path.write_bytes(content)
    return path


def claim_size(path: Path, size: int) -> Path:
    """Have the directory of an archive say that its last member has `size` bytes, unpacked."""
    content = bytearray(path.read_bytes())
    start = content.rfind(b"PK\x01\x02")
    content[start + 24 : start + 28] = size.to_bytes(4, "little")
    path.write_bytes(content)
    return path
