"""Processes that read ahead: what they hand over, and how they end."""

import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch

from tgan.data.readers import AHEAD, Readers
from tgan.system.lifetime import STOPS

SHAPE = (2, 1, 2, 2, 1)


class Numbered:
    """Batch k holds k everywhere; beside the clips are k, the process and what `act` returned."""

    shape = SHAPE

    def __init__(self, act=lambda number: None):
        self.act = act

    def __getitem__(self, number):
        done = self.act(number)
        return torch.full(SHAPE, number, dtype=torch.uint8), number, os.getpid(), done


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def opened(act=lambda number: None, *, first=0, workers=2, **settings):
    return Readers(Numbered(act), first=first, workers=workers, **settings)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("first", [0, 5])
def test_batches_come_in_order_and_stay_what_they_were(workers, first):
    readers = opened(first=first, workers=workers)
    found = [next(readers) for _ in range(20)]
    assert [number for _, number, *_ in found] == list(range(first, first + 20))
    # Not a view of memory that later batches are written to.
    assert [int(clips.unique()) for clips, *_ in found] == list(range(first, first + 20))
    assert len({process for *_, process, _ in found}) == workers
    readers.close()


def test_no_process_is_left_behind():
    readers = opened()
    processes = [next(readers)[2] for _ in range(2)]
    readers.close()
    assert all(map(is_gone, processes))
    readers = opened()
    processes = [next(readers)[2] for _ in range(2)]
    del readers
    until(lambda: all(map(is_gone, processes)))


def draw_global(number):
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_global_generators_depend_on_the_batch_alone():
    found = {}
    for workers in (1, 2):
        readers = opened(draw_global, first=3, workers=workers)
        found[workers] = [next(readers)[3] for _ in range(6)]
        readers.close()
    assert found[1] == found[2]
    assert len(set(found[1])) == 6
    readers = opened(draw_global, first=5)
    assert next(readers)[3] == found[1][2]
    readers.close()


class Odd(ValueError):
    """Cannot be made again from its arguments."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def raise_at(turn, error):
    def act(number):
        if number == turn:
            raise error

    return act


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ValueError("x.mp4: broken"), ValueError, "x.mp4: broken"),
        (OSError(5, "Input/output error"), OSError, "[Errno 5] Input/output error"),
        (KeyError("ours"), KeyError, "'ours'"),
        (Odd(1, 2), ValueError, "Odd: 1 and 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_arrive_in_their_turn_and_others_after_them(error, kind, text):
    readers = opened(raise_at(3, error))
    assert [next(readers)[1] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind) as caught:
        next(readers)
    assert type(caught.value) is kind and str(caught.value) == text
    assert [next(readers)[1] for _ in range(3)] == [4, 5, 6]
    readers.close()


def test_a_mistake_of_the_program_says_where_it_was_made():
    readers = opened(raise_at(0, KeyError("ours")))
    with pytest.raises(KeyError) as caught:
        next(readers)
    assert "in act" in caught.value.__notes__[0]
    readers.close()


def end(how):
    def act(number):
        if number == 2:
            os._exit(7) if how is None else os.kill(os.getpid(), how)

    return act


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (signal.SIGKILL, "was ended by SIGKILL, as the system does where memory runs out"),
        (signal.SIGQUIT, "was ended by SIGQUIT"),
        (None, "ended with status 7"),
    ],
)
def test_a_process_that_ends_is_named_in_its_turn_and_takes_the_others_along(how, text):
    readers = opened(end(how))
    processes = [next(readers)[2] for _ in range(2)]
    with pytest.raises(ChildProcessError, match=rf"reads clips ahead \(data.workers\) {text}$"):
        next(readers)
    assert all(map(is_gone, processes))


def test_a_process_that_hangs_ends_the_stream():
    readers = opened(timeout=0.5)
    processes = [next(readers)[2] for _ in range(2)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    with pytest.raises(TimeoutError, match=r"no clips came for 0.5 seconds \(data.timeout\)"):
        # At most so many were read ahead.
        for _ in range(2 * AHEAD + 1):
            next(readers)
    assert all(map(is_gone, processes))


def sleep(number):
    time.sleep(1.5 if number == 0 else 0)


def test_one_can_wait_a_little_for_a_slow_batch():
    readers = opened(sleep, workers=1, timeout=60)
    assert not readers.wait(0.05)
    assert readers.wait(60) and readers.wait(0.01)
    assert next(readers)[1] == 0
    readers.close()


def test_many_short_waits_are_one_long_one():
    readers = opened(lambda number: time.sleep(60), workers=1, timeout=0.3)
    with pytest.raises(TimeoutError):
        for _ in range(10):
            assert not readers.wait(0.1)


def test_signals_to_stop_do_not_reach_them():
    readers = opened()
    processes = [next(readers)[2] for _ in range(2)]
    for process in processes:
        for number in STOPS:
            os.kill(process, number)
    assert [next(readers)[1] for _ in range(10)] == list(range(2, 12))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []).isdisjoint(STOPS)
    readers.close()


# Leaves while its processes are busy for ten minutes.
PROGRAM = """
    import time
    from tests.data.test_readers import opened

    readers = opened(lambda number: time.sleep(600 if number > 1 else 0))
    print(*[next(readers)[2] for _ in range(2)], flush=True)
    raise SystemExit(3)
"""


def test_they_end_where_the_program_ends_without_closing_them():
    path = os.pathsep.join(part or "." for part in sys.path)
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    main = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, timeout=60
    )
    assert main.returncode == 3 and main.stderr == b""
    assert all(is_gone(int(word)) for word in main.stdout.split())


def read_for_ever(end):
    readers = opened(lambda number: time.sleep(600 if number > 1 else 0))
    end.send([next(readers)[2] for _ in range(2)])
    next(readers)


def test_they_end_with_a_process_that_is_killed():
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    main = context.Process(target=read_for_ever, args=(there,))
    main.start()
    processes = here.recv()
    assert len(processes) == 2 and not any(map(is_gone, processes))
    main.kill()
    main.join()
    until(lambda: all(map(is_gone, processes)))


def test_too_little_shared_memory_is_said(monkeypatch):
    def share(tensor):
        raise RuntimeError(
            "unable to allocate shared memory(shm): No space left on device (28)\nC++"
        )

    monkeypatch.setattr(torch.Tensor, "share_memory_", share)
    with pytest.raises(OSError, match="4 batches read ahead .data.workers 2. take 0 MB .*28.$"):
        opened()


def test_odd_errors_cannot_be_pickled():
    """Or the test above would not show what it says."""
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(Odd(1, 2)))  # noqa: S301
