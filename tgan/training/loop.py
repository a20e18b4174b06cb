"""The training loop."""

import sys
from functools import partial

from tgan.system.progress import write
from tgan.training.estimate import OwnEstimate
from tgan.training.health import watching
from tgan.training.processes import finish
from tgan.training.recorder import recording
from tgan.training.run import Run
from tgan.training.steps import Terms
from tgan.training.stopping import Request, requests_to_stop
from tgan.training.streams import Reals, streams_of

# Seconds between two looks whether the run is asked to stop while it waits for data.
PAUSE = 0.5


def fit(run: Run, *, first_step: int = 0) -> int:
    """Train from `first_step`, whose state the task holds, until `config.train.steps`.

    Metrics, checkpoints and previews are written before a step, so that the first and the last
    state of a run are on record. A run that is asked to stop finishes its step and saves; what was
    due then is made up for when it goes on, at the last step, too. What a step needs of the data
    is drawn before it, so that a run whose data fail saves, too.

    Returns:
        0, or the number of the signal that asked to stop; a checkpoint is saved either way.

    Raises:
        ArithmeticError: a number is no longer finite, or processes have different weights.
        OSError: the disk is full or gone.
        ChildProcessError: the data failed in another process.
        Exception: whatever reading data raised, once a checkpoint is saved.
        In all cases the last checkpoint is whole.
    """
    first, last = first_step, max(run.config.train.steps, first_step)
    reals, latents = streams_of(
        run,
        first,
        workers=run.config.data.workers,
        timeout=run.config.data.timeout,
        max_bad_share=run.config.data.max_bad_share,
        say=partial(write, file=sys.stderr),
    )
    with (
        requests_to_stop(run.accelerator) as request,
        recording(run, first_step=first, last_step=last) as recorder,
        watching(run, first_step=first) as health,
    ):
        if first == 0:
            request.idle(partial(recorder.measure_distance, 0))
        terms: Terms = {}
        estimate = OwnEstimate(run, last_step=last)
        for step in range(first, last + 1):
            if step < last:
                _draw(reals, run.task.reals_per_step, request)
            ending = request.agreed() or step == last
            health.check(step, always=ending)
            estimate.end(step)
            recorder.report(step, terms, replaced=reals.account.replaced)
            if step > first:
                recorder.save(step, always=ending)
            if recorder.rests(step, last=step == last):
                request.idle(partial(recorder.rest, step, last=step == last))
                # What was cut off is due in this state: the run ends in it.
                ending = request.agreed() or ending
                if step > first:
                    recorder.save(step, always=ending)
            if ending:
                break
            estimate.begin()
            terms = health.step(step, reals, latents)
            recorder.advance()
    finish(run.accelerator)
    if request.failed:
        raise request.failure or ChildProcessError("another process of this run failed")
    return request.number


def _draw(reals: Reals, count: int, request: Request) -> None:
    """Read the batches of a step; a failure, as well as a signal, asks the run to stop."""
    try:
        while not (reals.fetch(count, seconds=PAUSE) or request.noted):
            pass
    except Exception as error:  # noqa: BLE001
        request.failure = error
