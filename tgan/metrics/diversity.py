"""`diversity_*` and `acd_*`: how far samples are from each other, and frames within one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.running import RunningMean
from tgan.metrics.state import State, join, part_of


class Diversity:
    """The mean distance between two samples, of generated ones and of real ones beside them.

    Far below the real one it tells of collapse. Estimated without bias from disjoint pairs of
    consecutive samples, which are independent.
    """

    def __init__(self) -> None:
        self.real, self.fake = _Pairs(), _Pairs()

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each."""
        self.real.add(real)
        self.fake.add(fake)

    def result(self) -> dict[str, Any]:
        """`value` of the generated samples, `real` of the real ones, and their `ratio`."""
        return beside(self.real.distances, self.fake.distances)

    def state(self) -> State:
        """Everything, as arrays."""
        return join(real=self.real.state(), fake=self.fake.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self.real.load_state(part_of(state, "real"))
        self.fake.load_state(part_of(state, "fake"))


class ContentDistance:
    """The average content distance: the mean distance between two frames of a clip.

    Small where things stay what they are. 0 for a frozen clip, so it says nothing alone: the
    real clips' is beside it. Frames with a feature that is NaN show nothing and do not count;
    `left_out` counts the clips with fewer than two that do.

    Source: Tulyakov et al. 2018 (MoCoGAN), section 4.
    """

    def __init__(self) -> None:
        self.real, self.fake = RunningMean(), RunningMean()
        self._left_out = np.zeros(2, int)

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, T, size) of each."""
        for side, (mean, clips) in enumerate([(self.real, real), (self.fake, fake)]):
            distances = np.array([content_distance(clip) for clip in clips])
            shown = ~np.isnan(distances)
            mean.add(distances[shown])
            self._left_out[side] += (~shown).sum()

    def result(self) -> dict[str, Any]:
        """`value` of the generated samples, `real` of the real ones, and their `ratio`."""
        left_out = {"real": int(self._left_out[0]), "fake": int(self._left_out[1])}
        found = beside(self.real, self.fake)
        if found["value"] is None:
            found["warning"] = "no clip shows anything in two of its frames"
        return found | {"left_out": left_out}

    def state(self) -> State:
        """Everything, as arrays."""
        own = {"left_out": self._left_out}
        return join(own=own, real=self.real.state(), fake=self.fake.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._left_out = part_of(state, "own")["left_out"].copy()
        self.real.load_state(part_of(state, "real"))
        self.fake.load_state(part_of(state, "fake"))


def content_distance(frames: np.ndarray) -> float:
    """Mean Euclidean distance over all pairs of frames (T, size); NaN below two that show."""
    frames = np.asarray(frames, np.float64)
    frames = frames[~np.isnan(frames).any(1)]
    if len(frames) < 2:
        return float("nan")
    pairs = zip(*np.triu_indices(len(frames), 1), strict=True)
    return float(np.mean([np.linalg.norm(frames[a] - frames[b]) for a, b in pairs]))


def beside(real: RunningMean, fake: RunningMean) -> dict[str, Any]:
    """The mean of the generated samples with that of the real ones beside it."""
    ratio = fake.mean / real.mean if real.mean and fake.mean is not None else None
    return {
        "value": fake.mean,
        "stderr": fake.stderr,
        "real": {"value": real.mean, "stderr": real.stderr},
        "ratio": ratio,
    }


class _Pairs:
    """Distances between sample 0 and 1, 2 and 3, ..."""

    def __init__(self) -> None:
        self.distances = RunningMean()
        self._waiting: np.ndarray | None = None

    def add(self, features: np.ndarray) -> None:
        features = np.asarray(features, np.float64)
        if self._waiting is not None:
            features = np.concatenate([self._waiting[None], features])
        self._waiting = features[-1] if len(features) % 2 else None
        second = features[1::2]
        first = features[: 2 * len(second) : 2]
        self.distances.add(np.linalg.norm(first - second, axis=1))

    def state(self) -> State:
        waiting = {} if self._waiting is None else {"waiting": self._waiting}
        return join(distances=self.distances.state(), own=waiting)

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.distances.load_state(part_of(state, "distances"))
        self._waiting = part_of(state, "own").get("waiting")
