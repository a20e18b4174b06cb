"""The jobs of an evaluation, and the protocol of their numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tgan.data.clips import ClipSource
from tgan.data.views import view_of
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.controls import ControlClips
from tgan.evaluation.data import RealData, check_unseen
from tgan.evaluation.gam import Gam, Rival, check_rivals, shared_conditions
from tgan.evaluation.measures import Measure, Named
from tgan.evaluation.names import GAM, NEAREST
from tgan.evaluation.nearest import Nearest
from tgan.evaluation.runner import Job
from tgan.evaluation.scores import Results, Scores, versions
from tgan.evaluation.sizes import check_sizes
from tgan.evaluation.streams import Clips, Draws, RealClips, halves
from tgan.features import FeatureNetwork
from tgan.lookup import counted
from tgan.runs.pretrained import WEIGHTS
from tgan.runs.trained import TrainedRun
from tgan.training.checkpoint import MANIFEST

SAMPLES, CONTROL = "samples", "control "
# Samples whose nearest training clip is looked for.
QUERIES = 8


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation measures, opened and checked.

    Attributes:
        run: whose samples are measured; None measures controls alone.
        rival: the run that `gam` is against.
        real: real clips to measure against.
        others: clips that controls are made of; None takes a half of `real`.
        names: of all metrics, in the order of the user.
        metrics: what those over networks stand for.
        networks: by name.
        controls: their names.
        picture: a file for the metric nearest.
    """

    run: TrainedRun | None
    rival: TrainedRun | None
    real: RealData
    others: RealData | None
    names: Sequence[str]
    metrics: Mapping[str, Named]
    networks: Mapping[str, FeatureNetwork]
    controls: Sequence[str]
    draws: Draws
    picture: Path | None

    def jobs(self) -> dict[str, Job]:
        """The jobs by name, in the order of the results.

        Raises:
            ValueError: a metric that the networks, the clips or the runs cannot be used for.
        """
        jobs: dict[str, Job] = {}
        real = self.draws.real(self.real.source)
        if self.run is not None and self.metrics:
            jobs[SAMPLES] = self._comparison(real, self.draws.generated(self.run))
        for name in self.controls:
            jobs[CONTROL + name] = self._control(name)
        if self.run is not None and {GAM, NEAREST} & set(self.names):
            check_unseen(self.real, self.run)
            jobs |= self._jobs_beside_training(self.run, self.draws.real(self.run.data), real)
        return jobs

    @cached_property
    def protocol(self) -> dict[str, Any]:
        """What the protocols of all numbers have in common, fit for JSON."""
        return {
            "clips": self.real.sizes,
            "data": self.real.about(),
            "seeds": {"first_sample": self.draws.first_seed, "real_clips": self.draws.seed},
        }

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All that the numbers depend on, fit for JSON."""
        return {
            "run": None if self.run is None else about(self.run),
            "against": None if self.rival is None else about(self.rival),
            **self.protocol,
            **self.draws.sizes,
            "metric_names": list(self.names),
            "control_names": list(self.controls),
            "networks": {name: dict(n.protocol) for name, n in self.networks.items()},
            "device": self.draws.device,
            "versions": versions(),
            "control_data": None if self.others is None else self.others.about(),
        }

    @cached_property
    def warnings(self) -> list[str]:
        """What a user should know before anything is measured.

        Raises:
            ValueError: two runs that cannot be compared, or too few clips for a metric.
        """
        found = []
        if self.run is not None and self.rival is not None:
            found += check_rivals(self.run, self.rival)
        source, samples = self.real.source, self.draws.samples
        found += [f"skipped {name}: {reason}" for name, reason in source.skipped]
        if len(source) < samples:
            found.append(
                f"{samples} real clips are drawn from {counted(len(source), 'video')}: clips of "
                "one video are alike, so spreads are understated"
            )
        found += check_sizes(self._measures(), self._least_clips)
        return list(dict.fromkeys(found))

    def scores(self, results: Mapping[str, Results]) -> Scores:
        """The results of the jobs, every number with its whole protocol."""
        metrics: dict[str, Any] = {}
        controls: dict[str, Any] = {}
        for job, numbers in results.items():
            complete = {
                name: {**found, "protocol": {**found["protocol"], **self.protocol}}
                for name, found in numbers.items()
            }
            if job.startswith(CONTROL):
                controls[job.removeprefix(CONTROL)] = complete
            else:
                metrics |= complete
        return Scores(metrics, controls, settings=self.settings, warnings=self.warnings)

    def _jobs_beside_training(
        self, run: TrainedRun, train: RealClips, held_out: RealClips
    ) -> dict[str, Job]:
        """The jobs that need training clips."""
        jobs: dict[str, Job] = {}
        sizes = self.draws.sizes
        samples = self.draws.generated(run)
        if self.rival is not None:
            conditions = shared_conditions(run, self.rival)
            others = self.draws.generated(self.rival, source=conditions)
            jobs[GAM] = Gam(
                Rival(samples, run.critic),
                Rival(others, self.rival.critic),
                train=train,
                held_out=held_out,
                **sizes,
            )
        if NEAREST in self.names:
            jobs[NEAREST] = Nearest(
                train=train,
                fake=samples,
                held_out=held_out,
                count=QUERIES,
                picture=self.picture,
                view=view_of(run.config.data),
                **sizes,
            )
        return jobs

    @property
    def _least_clips(self) -> ClipSource:
        """The fewest real clips that samples or controls are measured against."""
        halved = self.controls and self.others is None
        return halves(self.real.source)[0] if halved else self.real.source

    def _measures(self) -> list[Measure]:
        return [
            Measure(
                name,
                named,
                self.networks[named.network],
                samples=self.draws.samples,
                frames=self.real.source.num_frames,
            )
            for name, named in self.metrics.items()
        ]

    def _comparison(self, real: Clips, fake: Clips) -> Comparison:
        batch_size = self.draws.batch_size
        return Comparison(self._measures(), real=real, fake=fake, batch_size=batch_size)

    def _control(self, name: str) -> Comparison:
        """Other clips, corrupted, against the real ones; without any, half against half."""
        sources = (
            halves(self.real.source)
            if self.others is None
            else (self.real.source, self.others.source)
        )
        real, others = map(self.draws.real, sources)
        return self._comparison(real, ControlClips(name, others))


def about(run: TrainedRun) -> dict[str, Any]:
    """Path, step and weights of a run, and the SHA-256 of what identifies it, fit for JSON.

    That is the manifest of a checkpoint, or the weights of an exported folder.
    """
    if run.checkpoint is None:
        path, file, key = run.path, WEIGHTS, "weights_sha256"
    else:
        path, file, key = run.checkpoint.path, MANIFEST, "manifest_sha256"
    digest = hashlib.sha256((path / file).read_bytes()).hexdigest()
    return {"path": str(path), "step": run.step, key: digest, "weights": run.weights}
