"""Jobs in steps that can be interrupted: the same call goes on bit for bit."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from tgan.config.reading import differences
from tgan.metrics.state import State, join, part_of
from tgan.system.files import write_whole

SECONDS = 30.0
# Settings that a message lists at most.
LISTED = 3


class OtherSettings(ValueError):
    """The state in a file is that of work with other settings."""


class Job(Protocol):
    """Work in `batches` steps whose state between two of them is a table of arrays."""

    batches: int

    def step(self, number: int) -> None: ...

    def result(self) -> dict[str, Any]:
        """What came out, fit for JSON."""
        ...

    def state(self) -> State: ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None: ...


def run_jobs(
    jobs: Mapping[str, Job],
    *,
    path: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    bar: tqdm | None = None,
    seconds: float = SECONDS,
    discards_others: bool = False,
) -> dict[str, Any]:
    """Do all jobs in turn and return their results by name.

    Args:
        path: a file for the state, written every so many `seconds` and on Ctrl-C; it is left
            there at the end. None keeps no state.
        settings: all that results depend on, fit for JSON; an interrupted call goes on only
            under the same.
        discards_others: start anew where `path` holds the state of other settings.

    Raises:
        OtherSettings: a ValueError: `path` holds the state of other settings.
        ValueError: `path` holds something else.
        KeyboardInterrupt: after the batch at hand, whose state is written.
    """
    settings = settings or {}
    results, job_name, batch, state = _read(path, settings, discards_others=discards_others)
    saved = time.monotonic()
    with _noted_interrupt() as interrupted:
        for name, job in jobs.items():
            if name in results:
                _advance(bar, job.batches)
                continue
            start = 0
            if name == job_name:
                start = batch
                job.load_state(state)
                _advance(bar, start)
            for number in range(start, job.batches):
                job.step(number)
                _advance(bar, 1)
                due = time.monotonic() - saved >= seconds or interrupted()
                if due and number + 1 < job.batches:
                    _write(path, settings, results, name, number + 1, job)
                    saved = time.monotonic()
                    if interrupted():
                        raise KeyboardInterrupt
            results[name] = job.result()
    return results


@contextmanager
def _noted_interrupt() -> Iterator[Callable[[], bool]]:
    """Ctrl-C inside is noted and changes nothing yet; a second one ends the work at once."""
    noted: list[int] = []

    def note(number: int, frame: Any) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)


def _advance(bar: tqdm | None, steps: int) -> None:
    if bar is not None:
        bar.update(steps)


def _write(
    path: Path | None, settings: Mapping, results: Mapping, name: str, batch: int, job: Job
) -> None:
    if path is None:
        return
    about = {"settings": settings, "results": results, "job": name, "batch": batch}
    arrays: dict[str, Any] = join(state=job.state()) | {"about": np.array(json.dumps(about))}
    write_whole(path, lambda part: np.savez(part, **arrays))


def _read(
    path: Path | None, settings: Mapping, *, discards_others: bool
) -> tuple[dict[str, Any], str | None, int, State]:
    """Results of finished jobs, and the job, batch and state to go on from."""
    nothing: tuple[dict, None, int, State] = {}, None, 0, {}
    if path is None or not path.exists():
        return nothing
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        about = json.loads(str(arrays.pop("about")))
        found = about["results"], about["job"], about["batch"], part_of(arrays, "state")
        different = differences(about["settings"], json.loads(json.dumps(settings)))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ValueError(f"'{path}' is no interrupted evaluation: {error}") from None
    if different and not discards_others:
        listed = "; ".join(different[:LISTED])
        raise OtherSettings(f"'{path}' is an interrupted evaluation with other settings ({listed})")
    return nothing if different else found
