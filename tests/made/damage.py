"""Damage to the bytes of files, as disks, downloads and strangers do it, drawn by a seed."""

import numpy as np


def damaged(content: bytes, draws: np.random.Generator) -> bytes:
    """One to three kinds of damage, one after the other."""
    for kind in draws.choice(list(KINDS), size=draws.integers(1, 4)):
        content = KINDS[kind](content, draws) or content[:1]
    return content


def _flipped(content: bytes, draws: np.random.Generator) -> bytes:
    data = bytearray(content)
    for place in draws.integers(0, len(data), size=2 ** draws.integers(0, 7)):
        data[place] ^= 1 << draws.integers(0, 8)
    return bytes(data)


def _flipped_in_header(content: bytes, draws: np.random.Generator) -> bytes:
    size = min(len(content), 512)
    return _flipped(content[:size], draws) + content[size:]


def _cut(content: bytes, draws: np.random.Generator) -> bytes:
    return content[: draws.integers(0, len(content))]


def _beheaded(content: bytes, draws: np.random.Generator) -> bytes:
    return content[draws.integers(0, min(len(content), 4096)) :]


def _overwritten(content: bytes, draws: np.random.Generator) -> bytes:
    start, stop = _span(content, draws)
    filling = {0: bytes(stop - start), 1: b"\xff" * (stop - start), 2: draws.bytes(stop - start)}
    return content[:start] + filling[int(draws.integers(0, 3))] + content[stop:]


def _swapped(content: bytes, draws: np.random.Generator) -> bytes:
    start, stop = _span(content, draws)
    return content[:start] + content[stop:] + content[start:stop]


def _doubled(content: bytes, draws: np.random.Generator) -> bytes:
    start, stop = _span(content, draws)
    return content[:stop] + content[start:]


def _span(content: bytes, draws: np.random.Generator) -> tuple[int, int]:
    start = int(draws.integers(0, len(content)))
    return start, min(start + 2 ** int(draws.integers(0, 13)), len(content))


KINDS = {
    "flipped": _flipped,
    "flipped in the header": _flipped_in_header,
    "cut": _cut,
    "beheaded": _beheaded,
    "overwritten": _overwritten,
    "swapped": _swapped,
    "doubled": _doubled,
}
