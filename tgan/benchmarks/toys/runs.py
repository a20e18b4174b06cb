"""Runs of toy GANs: trained, judged and drawn."""

import time
from pathlib import Path

from tgan.benchmarks.engine.jobs import Job, Result
from tgan.benchmarks.toys.picture import draw_points
from tgan.benchmarks.toys.small import small_experiment
from tgan.benchmarks.toys.toygan import SAMPLES, draw_samples, judge, train_generator
from tgan.data.made.toy import TOYS
from tgan.lookup import look_up


def run_toy(job: Job, picture: Path) -> Result:
    """Train a toy GAN, draw its samples, and judge them.

    Args:
        job: its settings are `toy`, a key of `TOYS`, `seed`, and `settings`, dotted ones of a
            small experiment.
        picture: a PNG file to write.

    Returns:
        As `judge`, and `seconds` of this process that training took.

    Raises:
        ArithmeticError: training diverged.
    """
    seed = job.settings["seed"]
    mixture = look_up(TOYS, job.settings["toy"], kind="toy distribution")()
    config = small_experiment(job.settings["settings"])
    begin = time.process_time()
    generator = train_generator(mixture, config, seed)
    seconds = time.process_time() - begin
    samples = draw_samples(generator, SAMPLES, seed)
    draw_points(picture, samples, mixture)
    return judge(samples, mixture, seed) | {"seconds": seconds}
