"""The training clip nearest to each of a few samples, as numbers and as a picture."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tgan.data.pixels import to_bytes
from tgan.data.views import View
from tgan.evaluation.streams import Clips, RealClips
from tgan.media.video import write_samples
from tgan.metrics.nearest import NearestClips
from tgan.metrics.state import State


class Nearest:
    """A job for `tgan.evaluation.runner`: nearest training clips of samples and of real clips.

    Samples much nearer to training clips than held-back real clips are, are copies.

    Args:
        train: the training clips; `samples` of them are looked at.
        count: how many samples and held-back clips.
        picture: a file for the samples, each above its nearest clip; its ending as of
            `tgan.media.video.write_samples`. None writes none.
        view: what is shown of clips there.
    """

    def __init__(
        self,
        *,
        train: RealClips,
        fake: Clips,
        held_out: Clips,
        count: int,
        samples: int,
        batch_size: int,
        picture: Path | None = None,
        view: View | None = None,
    ) -> None:
        self.train, self.samples, self.batch_size = train, samples, batch_size
        self.batches = math.ceil(samples / batch_size)
        self.picture, self.count, self.view = picture, count, view or View()
        queries = [to_bytes(clips(0, count)).cpu().numpy() for clips in (fake, held_out)]
        self._nearest = NearestClips(np.concatenate(queries))

    def step(self, number: int) -> None:
        """Look at batch `number` of the training clips."""
        first = number * self.batch_size
        count = min(self.batch_size, self.samples - first)
        self._nearest.add(self.train.draw(first, count)[0].numpy())

    def result(self) -> dict[str, dict[str, Any]]:
        """`nearest`: distances, root mean square in levels; writes the picture."""
        if self.picture is not None:
            pairs = np.stack([self._nearest.queries, self._nearest.clips], 1)[: self.count]
            shown = self.view(pairs.reshape(-1, *pairs.shape[2:]))
            write_samples(self.picture, shown, columns=2, legend=self.view.legend)
        fake, real = np.split(self._nearest.distances, 2)
        protocol = {"distance": "root mean square over all pixels, in levels of 255"}
        return {
            "nearest": {
                "value": float(fake.mean()),
                "distances": fake.tolist(),
                "real": {"value": float(real.mean()), "distances": real.tolist()},
                "ratio": float(fake.mean() / real.mean()) if real.mean() else None,
                "picture": None if self.picture is None else str(self.picture),
                "protocol": protocol | {"samples": self.count, "training_clips": self.samples},
            }
        }

    def state(self) -> State:
        """Everything but the samples, as arrays."""
        return self._nearest.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._nearest.load_state(state)
