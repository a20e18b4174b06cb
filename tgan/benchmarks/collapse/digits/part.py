"""Part on stacked digits: DCGANs of images in 1,000 modes, which a classifier counts."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

from tgan.benchmarks.collapse.digits.jobs import PICTURE, jobs_of
from tgan.benchmarks.collapse.digits.reader import reader_of
from tgan.benchmarks.collapse.digits.section import section_of
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.experiments import RUN, log_settings, train, variation
from tgan.benchmarks.page.content import Section
from tgan.config import DataConfig
from tgan.config.reading import parse_config
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.made.stacked import MODES
from tgan.media.video import write_samples
from tgan.metrics.modes import count_labels
from tgan.runs.trained import load
from tgan.sampling.decoding import sample_videos

# Of samples; far from those of previews.
FIRST_SEED = 2_000_000
# Samples that the generator makes at once.
BATCH = 250
# Samples in a picture, in how many columns, and how many times as large.
SHOWN, COLUMNS, SCALE = 64, 8, 3
OPEN: dict[str, Callable[[DataConfig], ClipSource | None]] = {
    "training": open_dataset,
    "held_out": open_held_out,
}


class Digits:
    """Modes and evenness of DCGANs of stacked digits, per cure, after equal updates."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return jobs_of(plan)

    def run(self, job: Job, folder: Path) -> Result:
        """Count the modes of a DCGAN's samples, or of real images, and draw some of them.

        A DCGAN is trained from its newest checkpoint on; how long it took is known of those that
        were trained at one go.
        """
        at_one_go, begin = not (folder / RUN).exists(), time.process_time()
        images = _real(job) if "control" in job.settings else _samples(job, folder / RUN)
        seconds = {"seconds": time.process_time() - begin} if at_one_go else {}
        write_samples(folder / PICTURE, images[:SHOWN, None], columns=COLUMNS, scale=SCALE)
        reader = reader_of(images.shape[1])
        report = count_labels(reader.modes(images), MODES)
        return {
            "modes": report.covered,
            "reverse_kl": report.reverse_kl,
            "accuracy": reader.accuracy,
            **seconds,
        }

    def section(self, plan: Plan, results: Results) -> Section:
        """A table, and samples of seed 0 of every cure."""
        return section_of(plan, results)


def _real(job: Job) -> np.ndarray:
    """The first images (N, H, H, 3), uint8, of a data set, over again where it has fewer."""
    config = parse_config(yaml.safe_dump(job.settings["config"]))
    source = OPEN[job.settings["control"]](config.data)
    assert source is not None, "stacked digits have images that are held out"
    return np.concatenate(
        [source.clip(index % len(source), 0) for index in range(job.settings["samples"])]
    )


def _samples(job: Job, run_dir: Path) -> np.ndarray:
    """Samples (N, H, H, 3), uint8, of a DCGAN that is trained to its end.

    Raises:
        ArithmeticError: it diverged.
    """
    text = yaml.safe_dump(job.settings["config"])
    steps = variation(text, job.settings["settings"]).train.steps
    train(variation(text, log_settings(steps) | job.settings["settings"]), run_dir)
    run = load(run_dir)
    seeds = range(FIRST_SEED, FIRST_SEED + job.settings["samples"])
    size = run.config.generator.z_slow
    return np.concatenate(list(sample_videos(run.generator, seeds, size=size, batch_size=BATCH)))
