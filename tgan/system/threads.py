"""Work in threads that an interrupt does not wait for."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def call_in_thread(function: Callable[[], R]) -> R:
    """Return what a function returns, from a thread that an interrupt does not wait for.

    For calls into libraries that hear of no signal for minutes.
    """
    return next(map_in_threads(lambda call: call(), [function]))


def map_in_threads(
    function: Callable[[T], R], items: Sequence[T], *, threads: int | None = None
) -> Iterator[R]:
    """Yield `function` of each item, in order, from several threads, or from so many.

    What it raises is raised when the item's turn comes. Where the caller leaves early, Ctrl-C
    say, no item is begun any more, and nobody waits for those at hand: as threads of
    `concurrent.futures` would have it, even at the end of the program.

    Example:
        >>> list(map_in_threads(len, ["a", "bc"]))
        [1, 2]
    """
    results: list[SimpleQueue[tuple[R | None, Exception | None]]] = [SimpleQueue() for _ in items]
    turns, left = iter(range(len(items))), threading.Event()
    lock = threading.Lock()

    def work() -> None:
        while not left.is_set():
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            try:
                results[turn].put((function(items[turn]), None))
            except Exception as error:  # noqa: BLE001
                results[turn].put((None, error))

    count = min(len(items), threads or (os.cpu_count() or 1) + 4)
    for _ in range(count):
        threading.Thread(target=work, daemon=True).start()
    try:
        for turn in range(len(items)):
            result, error = results[turn].get()
            results[turn] = SimpleQueue()
            if error is not None:
                raise error
            yield result  # type: ignore[misc]
    finally:
        left.set()
