"""Streams of arrays: functions of a neighbourhood over consecutive chunks of a series."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

Chunks = Iterable[np.ndarray]
Item = TypeVar("Item")


def local(
    chunks: Chunks, stage: Callable[[np.ndarray], np.ndarray], *, before: int, after: int
) -> Iterator[np.ndarray]:
    """Apply `stage` to a whole series chunk by chunk; memory holds a chunk and a neighbourhood.

    Args:
        chunks: (k, ...) each; k may differ.
        stage: maps (m, ...) to (m, ...), where place t depends on the places from t - before to
            t + after alone; at the ends of its input on those of them that exist.
        before, after: places.

    Yields:
        (k, ...), as soon as they are determined; as many places in all as came in.
    """
    return settled(chunks, stage, before=before, waiting=lambda block: after)


def settled(
    chunks: Chunks,
    stage: Callable[[np.ndarray], np.ndarray],
    *,
    before: int,
    waiting: Callable[[np.ndarray], int],
) -> Iterator[np.ndarray]:
    """Apply `stage` as `local` does, where what comes says how much of it has to wait.

    Args:
        waiting: counts the places at the end of (m, ...) that depend on what comes after them.
    """
    held, done = None, 0
    for chunk in chunks:
        block = chunk if held is None else np.concatenate([held, chunk])
        stop = max(len(block) - waiting(block), done)
        if stop > done:
            yield stage(block)[done:stop]
        first = max(stop - before, 0)
        held, done = block[first:], stop - first
    if held is not None and len(held) > done:
        yield stage(held)[done:]


def pieces(chunks: Chunks, size: int) -> Iterator[np.ndarray]:
    """Cut chunks into chunks of at most `size` places."""
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def rolling(chunks: Chunks, length: int) -> Iterator[np.ndarray]:
    """Yield each chunk with the `length` - 1 places before it.

    Every window of that length then lies in one block, and in one only; blocks that are shorter
    than a window are held back.
    """
    held = None
    for chunk in chunks:
        block = chunk if held is None else np.concatenate([held, chunk])
        if len(block) >= length:
            yield block
            held = block[len(block) - length + 1 :]
        else:
            held = block


def twice(items: Iterable[Item]) -> tuple[Iterator[Item], Iterator[Item]]:
    """Return two iterators over the same items; memory holds those that one of them is behind.

    `itertools.tee` keeps up to 57 more, and large chunks would fill the memory.
    """
    source = iter(items)
    waiting: tuple[deque[Item], deque[Item]] = deque(), deque()

    def branch(own: deque[Item], other: deque[Item]) -> Iterator[Item]:
        while True:
            if own:
                yield own.popleft()
                continue
            try:
                item = next(source)
            except StopIteration:
                return
            other.append(item)
            yield item
            del item

    return branch(*waiting), branch(*waiting[::-1])


def together(*streams: Chunks) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield streams of one series in chunks of the same places, as soon as all have them.

    Raises:
        ValueError: one ends before the others.
    """
    iterators = [iter(stream) for stream in streams]
    held: list[np.ndarray | None] = [np.empty(0)] * len(iterators)
    while True:
        for place, iterator in enumerate(iterators):
            while held[place] is not None and not len(held[place]):
                held[place] = next(iterator, None)
        if all(block is None for block in held):
            return
        if any(block is None for block in held):
            raise ValueError("streams of one series differ in length")
        count = min(len(block) for block in held)
        yield tuple(block[:count] for block in held)
        held = [block[count:] for block in held]
