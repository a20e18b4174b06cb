"""The training loop."""

from collections.abc import Iterator
from itertools import count

from torch import Tensor

from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.models.conditions import condition_of
from tgan.sampling.decoding import batch_latents
from tgan.training.processes import finish, stop_signals
from tgan.training.recorder import Recorder, Run
from tgan.training.steps import Batch, Terms


def fit(run: Run, *, first_step: int = 0) -> int:
    """Train from `first_step`, whose state the task holds, until `config.train.steps`.

    Metrics, previews and checkpoints are written before a step, so that the first and the last
    state of a run are on record.

    Returns:
        0, or the number of the signal that asked to stop; a checkpoint is saved either way.

    Raises:
        ArithmeticError: a loss or a weight is no longer finite.
        OSError: the disk is full or gone.
        In both cases the last checkpoint is whole.
    """
    first, last = first_step, max(run.config.train.steps, first_step)
    recorder = Recorder(run, first_step=first)
    reals, latents = _reals(run, first), _latents(run, first)
    if first == 0:
        recorder.measure_distance(0)

    terms: Terms = {}
    with stop_signals(run.accelerator) as stop, recorder.progress(first, last) as bar:
        for step in range(first, last + 1):
            ending = step == last or stop.agreed()
            recorder.report(step, terms, bar)
            if step > first or step == 0:
                recorder.preview(step, always=ending)
                recorder.measure_critic(step, always=ending)
            if step > first:
                recorder.save(step, always=ending)
            if ending:
                break
            terms = run.task.step(step, reals, latents)
            bar.update()

    if stop.number == 0 and last > first:
        recorder.measure_distance(last)
    finish(run.accelerator)
    return stop.number


def _reals(run: Run, first_step: int) -> Iterator[Batch]:
    """Normalised real clips (N, C, T, H, W) of this process's share, on its device."""
    batches = ClipBatches(
        run.source,
        batch_size=run.config.train.batch_size,
        seed=run.config.train.seed,
        rank=run.accelerator.process_index,
        world_size=run.accelerator.num_processes,
    )
    device = run.accelerator.device
    stream = stream_batches(
        batches,
        first=first_step * run.task.reals_per_step,
        workers=run.config.data.workers,
        pin_memory=device.type == "cuda",
    )
    condition = condition_of(run.config)
    for clips, labels in stream:
        samples = normalise(clips.to(device, non_blocking=True))
        yield Batch(samples, condition.of(samples, labels.to(device, non_blocking=True)))


def _latents(run: Run, first_step: int) -> Iterator[Tensor]:
    """Latents (N, K) of this process's share of the global batch, on its device."""
    batch_size, rank = run.config.train.batch_size, run.accelerator.process_index
    share = batch_size // run.accelerator.num_processes
    for draw in count(first_step * run.task.latents_per_step):
        latents = batch_latents(
            run.config.train.seed,
            draw,
            batch_size=batch_size,
            size=run.config.generator.z_slow,
        )
        yield latents[rank * share : (rank + 1) * share].to(run.accelerator.device)
