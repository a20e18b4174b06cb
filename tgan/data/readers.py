"""Processes that read batches ahead, and hand them over in the order of their numbers."""

import itertools
import math
import multiprocessing
import pickle
import random
import signal
import traceback
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from tgan.lookup import counted
from tgan.rng import Stream, seed_of
from tgan.system.lifetime import end_with_parent, held_stops, ignore_stops

# Batches that each process has in hand or works on.
AHEAD = 2
# What no process can ignore, where the system has it.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
# Seconds between two looks at how long a batch has been waited for.
_PAUSE = 1.0
# Seconds that a killed process has to go.
_GRACE = 5.0


class Batches(Protocol):
    """Batches by number: a tuple of clips, uint8, of one shape, and of small things beside them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, T, H, W, C) of the clips of a batch."""
        ...

    def __getitem__(self, number: int) -> tuple[Any, ...]: ...


class Readers:
    """Batches `first`, `first` + 1, ..., read ahead by processes.

    Signals that ask to stop do not reach these: who reads decides, and may need another batch to
    finish a step. They end when they are closed, and with this process, however it ends.

    Args:
        batches: what is read; pickled where processes do not begin as copies of this one.
        workers: processes, at least 1.
        timeout: seconds to wait for a batch; 0 waits for ever.
        pin_memory: put clips into memory that a GPU copies from.

    Raises:
        OSError: too little shared memory for the batches at hand.
    """

    def __init__(
        self,
        batches: Batches,
        *,
        first: int,
        workers: int,
        timeout: float = 0,
        pin_memory: bool = False,
    ) -> None:
        self._timeout, self._pin_memory = timeout or math.inf, pin_memory
        self._waited = 0.0
        self._first = self._next = first
        self._places = _shared_places(batches.shape, workers)
        self._processes: list[BaseProcess] = []
        self._ends: list[Connection] = []
        # At an exit this comes before `multiprocessing` asks its processes to end and waits.
        self.close = Finalize(self, _kill, args=(self._processes,), exitpriority=1)
        with held_stops():
            for places in self._places:
                self._start(batches, places)
        for number in range(first, first + AHEAD * workers):
            self._ask(number)

    def __iter__(self) -> "Readers":
        return self

    def __next__(self) -> tuple[Any, ...]:
        """Return the batch whose turn it is.

        Raises:
            ValueError, OSError: as the source of clips did.
            ChildProcessError: the process that reads the batch has ended.
            TimeoutError: the batch did not come in time.
        """
        number = self._next
        found = self._receive(number)
        place = self._places[self._reader(number)][self._turn(number)]
        clips = torch.empty_like(place, pin_memory=self._pin_memory).copy_(place)
        self._next += 1
        self._ask(number + AHEAD * len(self._processes))
        if isinstance(found, Exception):
            raise found
        return (clips, *found)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until the next batch, or what went wrong with it, is there.

        Raises:
            TimeoutError: the batch did not come in time, over all calls. Time in which this
                process was stopped, and the others with it, does not count.
        """
        reader = self._reader(self._next)
        anything = [self._ends[reader], self._processes[reader].sentinel]
        while seconds > 0:
            pause = min(seconds, _PAUSE, self._timeout - self._waited)
            if wait(anything, pause):
                return True
            self._waited += pause
            seconds -= pause
            if self._waited >= self._timeout:
                self.close()
                raise TimeoutError(
                    f"no clips came for {self._timeout:g} seconds (data.timeout): a process that "
                    "reads ahead (data.workers) hangs"
                )
        return False

    def _start(self, batches: Batches, places: list[Tensor]) -> None:
        here, there = multiprocessing.Pipe()
        process = multiprocessing.Process(target=_read, args=(batches, places, there), daemon=True)
        process.start()
        there.close()
        self._processes.append(process)
        self._ends.append(here)

    def _reader(self, number: int) -> int:
        """Which process reads a batch."""
        return (number - self._first) % len(self._places)

    def _turn(self, number: int) -> int:
        """Which of its places that process puts the batch in."""
        return (number - self._first) // len(self._places) % AHEAD

    def _ask(self, number: int) -> None:
        # A process that has ended is noticed when its batch is wanted.
        with suppress(OSError):
            self._ends[self._reader(number)].send(number)

    def _receive(self, number: int) -> tuple[Any, ...] | Exception:
        """What came beside the clips of a batch, or what went wrong."""
        reader = self._reader(number)
        self.wait(math.inf)
        self._waited = 0.0
        try:
            # It may have sent its last batch before it ended.
            if not self._ends[reader].poll():
                raise EOFError
            return pickle.loads(self._ends[reader].recv_bytes())  # noqa: S301
        except (EOFError, ConnectionError):
            how = _ended(self._processes[reader])
            self.close()
            raise ChildProcessError(
                f"a process that reads clips ahead (data.workers) {how}"
            ) from None


def _shared_places(shape: tuple[int, ...], workers: int) -> list[list[Tensor]]:
    """Places for the clips of batches, in memory that processes share, by process."""
    count = AHEAD * workers
    try:
        places = torch.empty((workers, AHEAD, *shape), dtype=torch.uint8).share_memory_()
    except RuntimeError as error:
        megabytes = count * math.prod(shape) / 1e6
        raise OSError(
            f"{counted(count, 'batch', 'batches')} read ahead (data.workers {workers}) take "
            f"{megabytes:,.0f} MB of shared memory, which is not there: {_first_line(error)}"
        ) from None
    return [list(of_process) for of_process in places]


def _read(batches: Batches, places: list[Tensor], end: Connection) -> None:
    """Read what the other end asks for until it is gone; the work of one process."""
    ignore_stops()
    end_with_parent(by=KILL)
    torch.set_num_threads(1)
    for place in itertools.cycle(places):
        try:
            number = end.recv()
            end.send_bytes(_answer(batches, number, place))
        except (EOFError, OSError):
            return


def _answer(batches: Batches, number: int, place: Tensor) -> bytes:
    """Read a batch, put its clips into a place, and pickle the rest, or what went wrong."""
    _seed_globals(seed_of(Stream.READERS, number))
    try:
        clips, *rest = batches[number]
        place.copy_(clips)
        return pickle.dumps(tuple(rest))
    except Exception as error:
        return _pickled(error)


def _pickled(error: Exception) -> bytes:
    if not isinstance(error, ValueError | OSError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        content = pickle.dumps(error)
        pickle.loads(content)  # noqa: S301
        return content
    except Exception:
        # An exception of somebody's own that cannot be made again from its arguments.
        kinds = (kind for kind in (OSError, ValueError) if isinstance(error, kind))
        return pickle.dumps(next(kinds, RuntimeError)(f"{type(error).__name__}: {error}"))


def _seed_globals(seed: int) -> None:
    """Make what a data set draws from the global generators depend on the batch alone."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)


def _ended(process: BaseProcess) -> str:
    process.join(_GRACE)
    status = process.exitcode or 0
    if status >= 0:
        return f"ended with status {status}"
    hint = ", as the system does where memory runs out" if -status == KILL else ""
    return f"was ended by {signal.Signals(-status).name}{hint}"


def _kill(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join(_GRACE)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
