"""Clips against real clips: every network runs once per batch, every metric keeps its sums."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from tgan.evaluation.kinds import of_one_frame
from tgan.evaluation.measures import Measure
from tgan.evaluation.streams import Clips
from tgan.metrics.state import State, join, part_of
from tgan.system.precision import without_tf32


class Comparison:
    """A job for `tgan.evaluation.runner`: measures over clips `fake` beside clips `real`.

    Memory does not grow with the number of clips.
    """

    def __init__(
        self, measures: Sequence[Measure], *, real: Clips, fake: Clips, batch_size: int
    ) -> None:
        self.measures, self.real, self.fake = measures, real, fake
        self.batch_size = batch_size
        self.batches = math.ceil(max(measure.samples for measure in measures) / batch_size)

    @torch.no_grad()
    @without_tf32()
    def step(self, number: int) -> None:
        """Measure batch `number`.

        Raises:
            ArithmeticError: samples or features that are not finite.
        """
        first = number * self.batch_size
        active = [measure for measure in self.measures if measure.samples > first]
        fakes = _Features(self.fake, first, self._count(active, first))
        reals = _Features(self.real, first, self._count([m for m in active if m.needs_real], first))
        for measure in active:
            count = self._count([measure], first)
            real = reals.of(measure)[:count] if measure.needs_real else None
            measure.add(real, fakes.of(measure)[:count], first)

    def result(self) -> dict[str, dict[str, Any]]:
        """The numbers with their protocols, by name."""
        return dict(measure.result() for measure in self.measures)

    def state(self) -> State:
        """Everything, as arrays."""
        return join(**{measure.name: measure.metric.state() for measure in self.measures})

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        for measure in self.measures:
            measure.metric.load_state(part_of(state, measure.name))

    def _count(self, measures: Sequence[Measure], first: int) -> int:
        """Clips of the batch from `first` that the neediest of `measures` takes."""
        wanted = max((measure.samples for measure in measures), default=first) - first
        return min(wanted, self.batch_size)


class _Features:
    """What networks give for one batch, each asked once."""

    def __init__(self, clips: Clips, first: int, count: int) -> None:
        self.video, self._first = clips(first, count) if count else torch.empty(0), first
        self._found: dict[tuple[int, bool, bool], np.ndarray] = {}
        if not torch.isfinite(self.video).all():
            raise ArithmeticError(f"clips {first} to {first + count - 1} are not all finite")

    def of(self, measure: Measure) -> np.ndarray:
        """Features, or probabilities where the measure reads those."""
        network: Any = measure.network
        reads_classes = measure.kind.reads_classes
        key = (id(network), reads_classes, measure.reads_one_frame)
        if key not in self._found:
            call = network.probabilities if reads_classes else network
            one = measure.reads_one_frame
            video = of_one_frame(self.video, self._first) if one else self.video
            self._found[key] = call(video).cpu().double().numpy()
        features = self._found[key]
        # A frame without the thing that is measured has no number: content distance passes it over.
        allowed = np.isnan(features) if measure.kind.needs_frames else False
        if not (np.isfinite(features) | allowed).all():
            raise ArithmeticError(f"{measure.name}: '{network.name}' gives numbers not finite")
        return features
