"""The training loop."""

from collections.abc import Iterator

from torch import Tensor

from tgan.training.processes import finish, stop_signals
from tgan.training.recorder import Recorder, Run
from tgan.training.steps import Terms
from tgan.training.streams import RealBatches, latent_batches


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
    reals, latents = _streams(run, first)
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


def _streams(run: Run, first_step: int) -> tuple[RealBatches, Iterator[Tensor]]:
    """Real samples and latents of this process, from those of `first_step` on."""
    config, accelerator, task = run.config, run.accelerator, run.task
    shared = {
        "batch_size": config.train.batch_size,
        "seed": config.train.seed,
        "device": accelerator.device,
        "rank": accelerator.process_index,
        "world_size": accelerator.num_processes,
    }
    reals = RealBatches(
        run.source,
        run.conditioning,
        first=first_step * task.reals_per_step,
        workers=config.data.workers,
        timeout=config.data.timeout,
        max_bad_share=config.data.max_bad_share,
        **shared,
    )
    latents = latent_batches(
        config.generator.z_slow, first=first_step * task.latents_per_step, **shared
    )
    return reals, latents
