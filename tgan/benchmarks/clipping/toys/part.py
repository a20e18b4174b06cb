"""Part 2: GANs of points in the plane, on which modes that are left out can be counted."""

import time
from pathlib import Path

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.toys.jobs import PICTURE, jobs_of
from tgan.benchmarks.clipping.toys.section import section_of
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.toys.picture import draw_points
from tgan.benchmarks.toys.small import small_experiment
from tgan.benchmarks.toys.toygan import SAMPLES, draw_samples, judge, train_generator
from tgan.data.made.toy import TOYS
from tgan.lookup import look_up


class Toys:
    """Modes, quality and evenness of toy GANs, per strategy, after the same number of updates."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """Trials of every strategy, and its seeds as soon as all of its trials have ended."""
        return jobs_of(plan, results)

    def run(self, job: Job, folder: Path) -> Result:
        """Train one toy GAN, within seconds; an interrupted job starts anew."""
        seed = job.settings["seed"]
        mixture = look_up(TOYS, job.settings["toy"], kind="toy distribution")()
        config = small_experiment(job.settings["settings"])
        begin = time.process_time()
        generator = train_generator(mixture, config, seed)
        seconds = time.process_time() - begin
        samples = draw_samples(generator, SAMPLES, seed)
        draw_points(folder / PICTURE, samples, mixture)
        return judge(samples, mixture, seed) | {"seconds": seconds}

    def section(self, plan: Plan, results: Results) -> Section:
        """A table per mixture, a plot of both, and the samples of seed 0 of every strategy."""
        return section_of(plan, results)
