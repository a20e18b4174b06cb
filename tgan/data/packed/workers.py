"""Worker processes that pack parts, which are handed over in the order of their jobs."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from tqdm import tqdm

from tgan.data.packed.index import Settings
from tgan.data.packed.parts import (
    Job,
    Part,
    clear_unfinished,
    pack_part,
    read_part,
    running_jobs,
    start_worker,
)


def finished_parts(
    jobs: Sequence[Job], folder: Path, settings: Settings, *, workers: int, done: int = 0
) -> Iterator[Part]:
    """Yield the part of each job in turn, from an earlier run or one of `workers` processes.

    A progress bar counts videos, `done` of them before these jobs. Closing the iterator early
    stops the processes.

    Raises:
        OSError: from a worker, the disk is full, say; or a worker was killed. The text names
            the videos at work.
    """
    earlier = {job.number: read_part(folder, job.number, settings) for job in jobs}
    missing = [job for job in jobs if earlier[job.number] is None]
    total = done + sum(len(job.sources) for job in jobs)
    done = total - sum(len(job.sources) for job in missing)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(max(1, min(workers, len(missing))), initializer=start_worker)
    try:
        futures = {job.number: pool.submit(pack_part, job, folder, settings) for job in missing}
        with tqdm(total=total, initial=done, unit="video", disable=None) as bar:
            for job in missing:
                count = len(job.sources)
                futures[job.number].add_done_callback(lambda _, count=count: bar.update(count))
            for job in jobs:
                yield earlier.pop(job.number) or _result(futures.pop(job.number), job, jobs, folder)
    except BaseException:
        # After an error or an interrupt nobody waits for the work at hand.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        clear_unfinished(folder)
        raise
    pool.shutdown()


def _result(future: Future[Part], job: Job, jobs: Sequence[Job], folder: Path) -> Part:
    again = "finished videos are kept: prepare them again to go on"
    try:
        return future.result()
    except BrokenProcessPool as error:
        running = set(running_jobs(folder))
        names = " or ".join(_names(job) for job in jobs if job.number in running)
        message = f"a worker process was killed while packing {names or 'videos'}; {again}"
        raise ChildProcessError(message) from error
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"{reason} while packing {_names(job)}; {again}") from error


def _names(job: Job) -> str:
    first, last = job.sources[0].name, job.sources[-1].name
    return first if first == last else f"{first} to {last}"
