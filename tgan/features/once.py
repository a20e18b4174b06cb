"""Features of pictures and clips that come again: each is taken once and remembered."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor

# Rows that are remembered; at 1,280 numbers each they take 84 MB.
MOST = 16_384


class Once:
    """A function of pieces one by one that takes those that it was given lately from memory.

    Real clips come again and again where there are few videos, and so do the frames of a clip
    that stands still. What a piece gives depends on it alone, to the last bit, whatever came
    before: the function is always called with `chunk` pieces.

    Args:
        function: maps bytes (chunk, ...) to numbers (chunk, D), row by row.
        chunk: pieces at once.
        most: rows that are remembered, those asked for last.
    """

    def __init__(
        self, function: Callable[[Tensor], Tensor], *, chunk: int, most: int = MOST
    ) -> None:
        self._function, self._chunk, self._most = function, chunk, most
        self._rows: OrderedDict[bytes, Tensor] = OrderedDict()

    def __call__(self, pieces: Tensor) -> Tensor:
        """Rows (M, D), on the CPU, of pieces (M, ...), uint8."""
        # Laid out alike in memory, so that they are worked on alike.
        pieces = pieces.contiguous()
        keys = [hashlib.blake2b(piece).digest() for piece in pieces.cpu().numpy()]
        found = {key: self._rows.pop(key) for key in set(keys) & self._rows.keys()}
        new = {key: place for place, key in enumerate(keys) if key not in found}
        places = list(new.values())
        for first in range(0, len(places), self._chunk):
            part = places[first : first + self._chunk]
            filled = part + part[-1:] * (self._chunk - len(part))
            rows = self._function(pieces[filled]).cpu().unbind()
            # Copied, or one row would keep the whole chunk.
            found |= {keys[place]: row.clone() for place, row in zip(part, rows, strict=False)}
        self._rows |= found
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)
        return torch.stack([found[key] for key in keys])
