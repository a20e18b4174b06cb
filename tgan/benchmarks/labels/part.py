"""Part of the benchmark of few labels: its runs, a method on a draw of labels."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.labels.methods import METHODS, Method
from tgan.config import Config
from tgan.config.reading import dump_config, parse_config
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.labelled import split, training_parts
from tgan.data.subset import Subset
from tgan.lookup import look_up

# The only part of this benchmark.
PART = "classifiers"
# Where the data lie is no part of what a result depends on, but whether they lie anywhere is.
_PLACES = ("path", "held_out_path")
_ELSEWHERE = "see places"


@dataclass(frozen=True)
class Run:
    """A method that is told so many labels of a draw.

    Attributes:
        method: its name.
        labels: how many.
        draw: which labels; it is added to the seed of the training, too.
    """

    method: str
    labels: int
    draw: int

    @property
    def job_name(self) -> str:
        """The name of its job."""
        return f"{PART}/{self.method}/labels_{self.labels}/draw_{self.draw}"


# The job of every run.
Plan = Mapping[Run, Job]


class Classifiers:
    """Methods on draws of labels."""

    methods: Mapping[str, Method] = MappingProxyType(METHODS)

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return list(plan.values())

    def run(self, job: Job, folder: Path) -> Result:
        """Train a method and count its errors; an interrupted GAN goes on."""
        method = look_up(self.methods, job.settings["method"], kind="method")
        config = parse_config(job.settings["config"], source=f"the configuration of {job.name}")
        config = replace(config, data=replace(config.data, **job.places))
        pictures, others = parts_of(config, chooses=job.settings["chooses"])
        start = time.perf_counter()
        guessed = method(config, pictures, others, folder)
        seconds = time.perf_counter() - start
        wrong = sum(others.label(index) != int(guess) for index, guess in enumerate(guessed))
        return {"wrong": wrong, "of": len(others), "seconds": round(seconds, 1)}


def parts_of(config: Config, *, chooses: bool) -> tuple[Subset, Subset]:
    """Pictures to train on, and others, which the guesses are judged by.

    The latter are what the data hold out, or a sixth of each class where they hold nothing out.

    Args:
        chooses: whether settings are being chosen, for which no picture of the latter counts: a
            sixth of each class of the former takes their place.

    Raises:
        ValueError: pictures without classes, or a class with too few of them.
    """
    pictures, others = training_parts(open_dataset(config.data), open_held_out(config.data))
    return split(pictures) if chooses else (pictures, others)


def job_of(run: Run, config: Config, *, chooses: bool) -> Job:
    """The job of a run: the experiment with its labels, and its draw added to the seed."""
    places = {name: path for name in _PLACES if (path := getattr(config.data, name)) is not None}
    hidden = dict.fromkeys(places, _ELSEWHERE)
    data = replace(config.data, **hidden, num_labels=run.labels, label_draw=run.draw)
    train = replace(config.train, seed=config.train.seed + run.draw)
    text = dump_config(replace(config, data=data, train=train))
    about = {"method": run.method, "config": text, "chooses": chooses}
    return Job(run.job_name, about, places)
