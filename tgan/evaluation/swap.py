"""Two runs swap their critics: scores for the generative adversarial metric."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgan.data.pixels import normalise
from tgan.evaluation.streams import GeneratedClips, RealClips
from tgan.metrics.gam import Judgement, best_threshold, compare, judge_fakes, judge_reals
from tgan.metrics.state import State


@dataclass(frozen=True)
class Player:
    """A run's samples and its critic, in inference mode; higher scores are more real."""

    clips: GeneratedClips
    critic: nn.Module

    def scores(self, video: Tensor, condition: tuple[Tensor, ...]) -> np.ndarray:
        """Scores (N,), float64, of videos (N, C, T, H, W) in [-1, 1] under a condition."""
        device = next(self.critic.parameters()).device
        conditions = [tensor.to(device) for tensor in condition]
        return self.critic(video.to(device), *conditions).double().cpu().numpy()


class Swap:
    """A job for `tgan.evaluation.runner`: the metric of run `a` against run `b`.

    Each critic scores `samples` training clips and as many samples of its own generator, which
    set its threshold, then held-back real clips and samples of the other's generator. Thresholds
    and errors come from different samples. Scores, 64 bytes per sample, are all that is kept.

    Args:
        train, held_out: real clips; the runs must have been trained on the first.
    """

    def __init__(
        self,
        a: Player,
        b: Player,
        *,
        train: RealClips,
        held_out: RealClips,
        samples: int,
        batch_size: int,
    ) -> None:
        self.players, self.real = {"a": a, "b": b}, {"train": train, "held_out": held_out}
        self.samples, self.batch_size = samples, batch_size
        self.batches = math.ceil(samples / batch_size)
        clips = ("train", "own", "held_out", "other")
        self._scores = {f"{player}_{name}": np.zeros(0) for player in "ab" for name in clips}

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
            for player in "ab":
                condition = self.players[player].clips.conditioning.of(video, labels)
                self._score(player, name, video, condition)
        for player, other in ("ab", "ba"):
            samples = self.players[player].clips
            self._score(other, "other", *_generate(samples, first, count))
            self._score(player, "own", *_generate(samples, self.samples + first, count))

    def result(self) -> dict[str, dict[str, Any]]:
        """`gam`: see `tgan.metrics.gam.compare`, with both thresholds."""
        judged: dict[str, Judgement] = {}
        thresholds = {}
        for player, other in ("ab", "ba"):
            scores = {name: self._scores[f"{player}_{name}"] for name in ("train", "own")}
            threshold, error = best_threshold(scores["train"], scores["own"])
            thresholds[player] = {"threshold": threshold, "balanced_error_on_own": error}
            judged[f"{player}_on_{other}"] = judge_fakes(self._scores[f"{player}_other"], threshold)
            judged[f"{player}_on_real"] = judge_reals(self._scores[f"{player}_held_out"], threshold)
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

    def _score(self, player: str, name: str, video: Tensor, condition: tuple[Tensor, ...]) -> None:
        scores = self.players[player].scores(video, condition)
        if not np.isfinite(scores).all():
            raise ArithmeticError(f"the critic of run {player.upper()} gives scores not finite")
        key = f"{player}_{name}"
        self._scores[key] = np.concatenate([self._scores[key], scores])


def _generate(clips: GeneratedClips, first: int, count: int) -> tuple[Tensor, tuple[Tensor, ...]]:
    return clips(first, count), clips.condition(first, count)
