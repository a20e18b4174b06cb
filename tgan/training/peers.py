"""The other processes of a run: whether they come, what they refuse, and that one is lost."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import torch.distributed as dist

from tgan.system.memory import ran_out
from tgan.training.launcher import launched

# Seconds that a process gives the others to say that they wait, too, or to hear what it said.
GRACE = 5.0
# Seconds that one which will not start gives the others to come and hear why.
TO_TELL = 30.0
# Seconds between two looks whether the others have answered.
PAUSE = 0.05
_LATE = ("timed out", "timeout")
_GONE = ("connection closed by peer", "connection reset by peer", "connection refused")
_MEETING = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")

_rounds = itertools.count()
_has_arrived = False
# Where processes meet is gone with the process that holds it, so it is held until the end.
_stores: list[dist.Store] = []


@contextmanager
def telling_others() -> Iterator[None]:
    """Tell the other processes why this one does not start, if it fails before it has arrived.

    What fails later they see by themselves.
    """
    global _has_arrived
    _has_arrived = False
    try:
        yield
    except BaseException as error:
        is_end = isinstance(error, SystemExit) and not error.code
        if not (_has_arrived or is_end) and _meets():
            with suppress(RuntimeError, ValueError):
                _answers(_in_words(error), TO_TELL)
        raise


def arrive(timeout: float) -> None:
    """Wait for the other processes, before a group is formed; one process waits for none.

    Args:
        timeout: seconds to wait.

    Raises:
        ValueError: another one will not start; it names it, and its reason.
        ChildProcessError: one has not come in time.
    """
    global _has_arrived
    if not _meets():
        return
    _has_arrived = True
    place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        answers = _answers("", timeout)
    except RuntimeError:
        raise ChildProcessError(
            f"the {launched()} processes of this run did not all come to {place} within "
            f"{timeout:g} s (train.timeout)"
        ) from None
    if absent := [str(rank) for rank, answer in enumerate(answers) if answer is None]:
        raise ChildProcessError(
            f"process {', '.join(absent)} of this run did not come to {place} within "
            f"{timeout:g} s (train.timeout)"
        )
    for rank, answer in enumerate(answers):
        if answer:
            raise ValueError(f"process {rank} does not start: {answer}")


def meet_again(backend: str, timeout: float) -> None:
    """Form the group of processes that their launcher started again; others are left alone.

    They meet where those before them did, whose addresses are still there and lead nowhere.

    Args:
        backend: of the group, as PyTorch names it.
        timeout: seconds that processes wait for each other in it.
    """
    if not (_attempt() and _meets()):
        return
    limit = timedelta(seconds=timeout)
    store, rank, processes = next(dist.rendezvous("env://", timeout=limit))
    _stores.append(store)
    dist.init_process_group(
        backend,
        store=dist.PrefixStore(f"tgan/attempt/{_attempt()}", store),
        rank=rank,
        world_size=processes,
        timeout=limit,
    )


def _attempt() -> int:
    """How often a launcher has started its processes before these."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def _meets() -> bool:
    """Whether there are others to wait for, with whom no group was formed yet."""
    if launched() == 1 or not dist.is_available() or dist.is_initialized():
        return False
    return all(name in os.environ for name in _MEETING)


def _in_words(error: BaseException) -> str:
    """What a process says that does not start."""
    if isinstance(error, SystemExit):
        return f"it ended with status {error.code} and a line of its own"
    return " ".join(str(error).split()) or type(error).__name__


def _answers(own: str, timeout: float) -> list[str | None]:
    """What each process has to say, nothing if it starts; None of one that has not come."""
    limit = timedelta(seconds=timeout)
    until = time.monotonic() + timeout
    store, rank, processes = next(dist.rendezvous("env://", timeout=limit))
    _stores.append(store)
    name = f"tgan/arrival/{_attempt()}/{next(_rounds)}"
    keys = [f"{name}/{each}" for each in range(processes)]
    store.set(keys[rank], own)
    _wait(store, keys, until)
    answers = [store.get(key).decode() if store.check([key]) else None for key in keys]
    if any(answers):
        # Where they meet may be gone with the first that ends.
        heard = [f"{key}/heard" for key in keys]
        store.set(heard[rank], "1")
        _wait(store, heard, time.monotonic() + GRACE)
    return answers


def _wait(store: dist.Store, keys: Sequence[str], until: float) -> None:
    """Wait for all keys, or until some time; a signal is taken meanwhile."""
    while not store.check(list(keys)) and time.monotonic() < until:
        time.sleep(PAUSE)


@contextmanager
def others_named(processes: int, timeout: float) -> Iterator[None]:
    """Turn what is left of a process group whose members fail into an error that names them.

    Args:
        processes: of the run.
        timeout: seconds that they wait for each other.

    Raises:
        ChildProcessError: another process ended, did not answer in time, or cannot be reached.
    """
    if processes == 1:
        yield
        return
    try:
        yield
    except RuntimeError as error:
        text = str(error).lower()
        if ran_out(error):
            raise
        if any(words in text for words in _LATE):
            if silent := _silent_ranks(processes):
                raise ChildProcessError(
                    f"process {', '.join(map(str, silent))} of this run did not answer for "
                    f"{timeout:g} s (train.timeout): it hangs, was stopped, or its machine is gone"
                ) from None
            raise ChildProcessError(
                f"another process of this run ended, or did not answer for {timeout:g} s "
                f"(train.timeout): {_first_line(error)}"
            ) from None
        if any(words in text for words in _GONE):
            raise ChildProcessError("another process of this run failed") from None
        if isinstance(error, dist.DistError):
            raise ChildProcessError(
                f"another process of this run failed, or the way to it: {_first_line(error)}"
            ) from None
        raise


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _silent_ranks(processes: int) -> list[int]:
    """The processes that do not say within `GRACE` seconds that they wait for others, too.

    None is known to be silent where the place to say so is gone.
    """
    keys = {rank: f"tgan/waits/{rank}" for rank in range(processes)}
    try:
        store = dist.distributed_c10d._get_default_store()
        store.set_timeout(timedelta(seconds=GRACE))
        store.set(keys[dist.get_rank()], "1")
        _wait(store, list(keys.values()), time.monotonic() + GRACE)
        return [rank for rank, key in keys.items() if not store.check([key])]
    except (RuntimeError, ValueError):
        return []
