"""The generative adversarial metric between two runs: each critic judges the other's samples."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgan.config.names import OWN
from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise
from tgan.evaluation.streams import GeneratedClips, RealClips
from tgan.metrics.gam import Judgement, best_threshold, compare, judge_fakes, judge_reals
from tgan.metrics.state import State
from tgan.runs.checks import check_alone
from tgan.runs.trained import TrainedRun

# Settings of data that change nothing about the clips of training, and those of them that change
# nothing at all.
_NOT_TRAINED_ON = {"held_out_path", "keep_gb", "workers", "download"}
_ONLY_READING = {"keep_gb", "workers", "download"}


def check_rivals(a: TrainedRun, b: TrainedRun) -> list[str]:
    """Warnings on two runs whose critics are to be swapped.

    Raises:
        ValueError: one critic cannot take the other's samples, or does not score them one by one.
    """
    for run in (a, b):
        check_alone(run.config, "gam")
    for name in ("num_frames", "resolution", "channels"):
        first, second = (getattr(run.config.data, name) for run in (a, b))
        if first != second:
            raise ValueError(f"gam: the runs differ in data.{name}, {first} and {second}")
    conditions = [(r.config.conditional and r.classes, r.config.data.input) for r in (a, b)]
    if conditions[0] != conditions[1]:
        raise ValueError(
            "gam: the runs differ in what networks are conditioned on, so critics cannot be swapped"
        )
    different = [name for name in _differing(a, b) if name not in _NOT_TRAINED_ON]
    if different:
        return [f"gam: the runs were trained on different data ({', '.join(different)} differ)"]
    return []


def shared_conditions(a: TrainedRun, b: TrainedRun) -> ClipSource | None:
    """The clips that conditions of `a` are drawn from, where those of `b` are the same.

    None where they are not, or cannot be known to be; so data that two runs share is opened once.
    """
    if a.config.data.name == OWN or not set(_differing(a, b)) <= _ONLY_READING:
        return None
    return a.conditions


@dataclass(frozen=True)
class Rival:
    """One of two runs: its samples and its critic, in inference mode; high scores mean real."""

    clips: GeneratedClips
    critic: nn.Module

    def scores(self, video: Tensor, condition: tuple[Tensor, ...]) -> np.ndarray:
        """Scores (N,), float64, of videos (N, C, T, H, W) in [-1, 1] under a condition."""
        device = next(self.critic.parameters()).device
        conditions = [tensor.to(device) for tensor in condition]
        return self.critic(video.to(device), *conditions).cpu().double().numpy()


class Gam:
    """A job for `tgan.evaluation.runner`: the metric of run `a` against run `b`.

    Each critic scores `samples` training clips and as many samples of its own generator, which
    set its threshold, then held-back real clips and samples of the other's generator. Thresholds
    and errors come from different samples. Scores, 64 bytes per sample, are all that is kept.

    Args:
        train, held_out: real clips; the runs must have been trained on the first.
    """

    def __init__(
        self,
        a: Rival,
        b: Rival,
        *,
        train: RealClips,
        held_out: RealClips,
        samples: int,
        batch_size: int,
    ) -> None:
        self.rivals, self.real = {"a": a, "b": b}, {"train": train, "held_out": held_out}
        self.samples, self.batch_size = samples, batch_size
        self.batches = math.ceil(samples / batch_size)
        clips = ("train", "own", "held_out", "other")
        self._scores = {f"{rival}_{name}": np.zeros(0) for rival in "ab" for name in clips}

    @torch.no_grad()
    def step(self, number: int) -> None:
        """Score batch `number` of everything.

        Raises:
            ArithmeticError: a score that is not finite.
        """
        first = number * self.batch_size
        count = min(self.batch_size, self.samples - first)
        for name, real in self.real.items():
            clips, labels = real.draw(first, count)
            video = normalise(clips)
            for rival in "ab":
                condition = self.rivals[rival].clips.conditioning.of(video, labels)
                self._score(rival, name, video, condition)
        for rival, other in ("ab", "ba"):
            samples = self.rivals[rival].clips
            self._score(other, "other", *_generate(samples, first, count))
            self._score(rival, "own", *_generate(samples, self.samples + first, count))

    def result(self) -> dict[str, dict[str, Any]]:
        """`gam`: see `tgan.metrics.gam.compare`, with both thresholds."""
        judged: dict[str, Judgement] = {}
        thresholds = {}
        for rival, other in ("ab", "ba"):
            scores = {name: self._scores[f"{rival}_{name}"] for name in ("train", "own")}
            threshold, error = best_threshold(scores["train"], scores["own"])
            thresholds[rival] = {"threshold": threshold, "balanced_error_on_own": error}
            judged[f"{rival}_on_{other}"] = judge_fakes(self._scores[f"{rival}_other"], threshold)
            judged[f"{rival}_on_real"] = judge_reals(self._scores[f"{rival}_held_out"], threshold)
        protocol = {
            "samples": self.samples,
            "threshold": "least balanced error on own samples and training clips",
            "critic": "inference mode: batch norms with their running statistics",
            "as": "Im et al. 2016; above 1 the first run wins, as in Saito et al. 2017",
        }
        return {"gam": compare(**judged) | {"critics": thresholds, "protocol": protocol}}

    def state(self) -> State:
        """The scores."""
        return dict(self._scores)

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._scores = {name: state[name] for name in self._scores}

    def _score(self, rival: str, name: str, video: Tensor, condition: tuple[Tensor, ...]) -> None:
        scores = self.rivals[rival].scores(video, condition)
        if not np.isfinite(scores).all():
            raise ArithmeticError(f"the critic of run {rival.upper()} gives scores not finite")
        key = f"{rival}_{name}"
        self._scores[key] = np.concatenate([self._scores[key], scores])


def _differing(a: TrainedRun, b: TrainedRun) -> list[str]:
    """The settings of data in which two runs differ."""
    first, second = asdict(a.config.data), asdict(b.config.data)
    return [name for name in first if first[name] != second[name]]


def _generate(clips: GeneratedClips, first: int, count: int) -> tuple[Tensor, tuple[Tensor, ...]]:
    return clips(first, count), clips.condition(first, count)
