"""What a run leaves behind: metrics, previews, checkpoints, and the distance to real clips."""

import math
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from tgan.config import Config
from tgan.config.reading import dump_config, flat_settings
from tgan.config.text import shown
from tgan.metrics.lipschitz import describe
from tgan.system.files import write_whole
from tgan.system.progress import progress, write
from tgan.training.checkpoint import (
    CONFIG,
    directory_of,
    prune_checkpoints,
    save_checkpoint,
    superseded,
)
from tgan.training.measuring import (
    DISTANCE,
    distance_to,
    real_clips,
    report_on_critic,
    write_preview,
)
from tgan.training.run import Run
from tgan.training.run_dir import METRICS, PREVIEWS, MetricsFile, clear_unfinished, logged_at
from tgan.training.signs import RealClips, Signs
from tgan.training.steps import Terms
from tgan.training.tolerance import Tolerance

IN_EVERY_REPORT = "lipschitz/empirical"


@contextmanager
def recording(run: Run, *, first_step: int, last_step: int) -> Iterator["Recorder"]:
    """A recorder of the steps of a run, which is closed at the end, however that comes."""
    recorder = Recorder(run, first_step=first_step, last_step=last_step)
    try:
        yield recorder
    finally:
        recorder.close()


class Recorder:
    """Writes what a run leaves behind, in the main process alone.

    Every process calls every method at the same step, since losses are averaged over processes.
    What is not a checkpoint may fail, and training goes on.
    """

    def __init__(self, run: Run, *, first_step: int, last_step: int) -> None:
        self.run, self.settings, self.first_step = run, run.config.log, first_step
        self.is_main = run.accelerator.is_main_process
        self._tolerance = Tolerance()
        self._signs = Signs(math.prod(run.source.shape))
        self._saved: int | None = None
        origins = "".join(f"# own {line}\n" for line in run.origins)
        self.config_text = origins + dump_config(run.config)
        if self.is_main:
            run.run_dir.mkdir(parents=True, exist_ok=True)
            clear_unfinished(run.run_dir)
            # A kill may have come after a save, before those that it superseded were deleted.
            prune_checkpoints(run.run_dir, **kept(run, first_step))
            text = self.config_text.encode()
            write_whole(run.run_dir / CONFIG, lambda part: part.write_bytes(text))
            self.metrics = MetricsFile(run.run_dir, first_step=first_step)
            self.data = run.data
        with self._tolerance.of("trackers"):
            run.accelerator.init_trackers(
                "tracking",
                config=_trackable(run.config),
                # What a run logged beyond the checkpoint that it goes on from is dropped.
                init_kwargs={
                    "tensorboard": {"purge_step": first_step + 1},
                    "wandb": {"name": run.run_dir.name},
                    "trackio": {"name": run.run_dir.name},
                },
            )

        self._bar = progress(last_step, unit="step", initial=first_step, disable=not self.is_main)

    def advance(self) -> None:
        """Count a step on the progress bar."""
        self._bar.update()

    def close(self) -> None:
        """Close the progress bar and the trackers, and name what failed."""
        self._bar.close()
        for tracker in self.run.accelerator.trackers:
            with self._tolerance.of(f"the tracker {tracker.name}"):
                tracker.finish()
        # Accelerate would close them again.
        self.run.accelerator.trackers = []
        for line in self._tolerance.summary():
            write(f"warning: {line}", file=sys.stderr)

    def report(self, step: int, terms: Terms, *, replaced: int = 0) -> None:
        """Log the losses of the step before `step`, and show the critic gap beside the bar.

        Args:
            replaced: clips that this process could not read.
        """
        if not terms or not self._due(step, self.settings.every):
            return
        of_this_process = [value.float() for value in terms.values()]
        of_this_process.append(of_this_process[0].new_tensor(replaced))
        stacked = torch.stack(of_this_process)
        *means, replaced = self.run.accelerator.reduce(stacked, "mean").tolist()
        values = dict(zip(terms, means, strict=True))
        if replaced:
            values["data/replaced"] = round(replaced * self.run.accelerator.num_processes)
        if self.is_main:
            self._bar.set_postfix_str(f"critic gap {values['critic_gap']:.4g}", refresh=False)
            self._write(step, values)
            self._warn(self._signs.of_losses(values))

    def rests(self, step: int, *, last: bool) -> bool:
        """Tell, the same in every process, whether something besides training is due at a step."""
        due = [
            self._due(step, n) for n in (self.settings.preview_every, self.settings.critic_every)
        ]
        return last or any(due)

    def rest(self, step: int, *, last: bool) -> None:
        """Do what is due besides training, but for what is on record: it went before a stop.

        Args:
            last: whether this is the last step, at which everything is due.
        """
        self.preview(step, always=last)
        self.measure_critic(step, always=last)
        if last and step > 0:
            self.measure_distance(step)

    def preview(self, step: int, *, always: bool = False) -> None:
        """Write a grid of samples, always of the same seeds, if one is due: MP4, of images PNG."""
        if not self.is_main or not (self._due(step, self.settings.preview_every) or always):
            return
        if step == self.first_step and preview_of(self.run, step).is_file():
            return
        with self._tolerance.of("previews"):
            samples = write_preview(self.run, preview_of(self.run, step))
            with self._tolerance.of("looks at samples"):
                self._warn(self._signs.of_samples(samples, self._real))

    def save(self, step: int, *, always: bool = False) -> None:
        """Write a checkpoint if one is due, then delete those that are no longer kept.

        Raises:
            ArithmeticError: a weight is not finite; nothing is written.
            OSError: it cannot be written; the one before it is whole.
        """
        due = self._due(step, self.settings.checkpoint_every) or step in self.settings.milestones
        if not self.is_main or not (due or always) or step == self._saved:
            return
        tensors = self.run.task.tensors()
        for table, values in tensors.items():
            for name, value in values.items():
                if not torch.isfinite(value).all():
                    raise ArithmeticError(
                        f"'{name}' in {table} is not finite at step {step} and was not saved"
                    )
        path = directory_of(self.run.run_dir, step)
        save_checkpoint(
            path,
            tensors,
            step=step,
            num_videos=len(self.run.source),
            config=self.config_text,
            classes=self.run.classes,
            data=self.data,
            fps=self.run.fps,
        )
        self._saved = step
        prune_checkpoints(self.run.run_dir, **kept(self.run, step))

    def measure_distance(self, step: int) -> None:
        """Print and log how far samples are from held-back real clips, if that is wanted."""
        count, held_out = self.settings.distance_clips, self.run.held_out
        if not self.is_main or held_out is None or count == 0:
            return
        if step == self.first_step and _has_distance(self.metrics.at_first):
            return
        work = f"measuring the distance of {count} samples to held-back clips"
        with self._tolerance.of("distances"), self._at_work(work):
            name, distance = distance_to(self.run, held_out)
            self._write(step, {name: distance})
            write(
                f"step {step}: {name} between {count} samples and {count} held-back "
                f"clips: {distance:.4g}"
            )

    def measure_critic(self, step: int, *, always: bool = False) -> None:
        """Log how Lipschitz the critic is if that is due, and print it where training ends."""
        due = self._due(step, self.settings.critic_every)
        if not self.is_main or self.settings.critic_every == 0 or not (due or always):
            return
        if step == self.first_step and IN_EVERY_REPORT in self.metrics.at_first:
            return
        work = "measuring how Lipschitz the critic is"
        with self._tolerance.of("reports on the critic"), self._at_work(work):
            report = report_on_critic(self.run)
            self._write(step, report.scalars())
            if always:
                write(f"critic at step {step}:\n{describe(report)}")

    def _write(self, step: int, values: dict[str, float]) -> None:
        with self._tolerance.of("metrics"):
            self.metrics.write(step, values)
        for tracker in self.run.accelerator.trackers:
            with self._tolerance.of(f"the tracker {tracker.name}"):
                tracker.log(values, step=step)

    @cached_property
    def _real(self) -> RealClips:
        """Real clips to look at samples beside, read once."""
        return real_clips(self.run)

    def _warn(self, lines: Iterable[str]) -> None:
        for line in lines:
            write(f"warning: {line}", file=sys.stderr)

    @contextmanager
    def _at_work(self, work: str) -> Iterator[None]:
        """Say beside the bar, at once, why no step is taken."""
        self._bar.set_description(work)
        try:
            yield
        finally:
            self._bar.set_description("", refresh=False)

    def _due(self, step: int, every: int) -> bool:
        return every > 0 and step % every == 0


def owes(run: Run, step: int) -> bool:
    """Tell whether a run that was stopped at its last step still owes what is due there."""
    log, found = run.config.log, logged_at(run.run_dir / METRICS, step)
    wants_distance = run.held_out is not None and log.distance_clips > 0
    return (
        bool(superseded(run.run_dir, **kept(run, step)))
        or not preview_of(run, step).is_file()
        or (log.critic_every > 0 and IN_EVERY_REPORT not in found)
        or (wants_distance and not _has_distance(found))
    )


def kept(run: Run, step: int) -> dict[str, Any]:
    """Which checkpoints a run keeps when it has come to a step."""
    log = run.config.log
    return {"step": step, "keep_last": log.keep_last, "milestones": log.milestones}


def preview_of(run: Run, step: int) -> Path:
    """The file of the preview of a step."""
    ending = "mp4" if run.config.data.num_frames > 1 else "png"
    return run.run_dir / PREVIEWS / f"step_{step:08d}.{ending}"


def _has_distance(names: Collection[str]) -> bool:
    return any(name.startswith(DISTANCE) for name in names)


def _trackable(config: Config) -> dict[str, int | float | str | bool]:
    """Flat settings of the types that every tracker takes."""
    return {
        name: value if isinstance(value, int | float | bool) else shown(str(value))
        for name, value in flat_settings(asdict(config)).items()
    }
