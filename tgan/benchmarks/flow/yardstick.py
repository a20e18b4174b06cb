"""The yardstick as a whole: clips, training for some minutes, distances, samples as files."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from tgan.benchmarks.engine.machine import describe_machine
from tgan.benchmarks.flow.flow import for_seconds, sample_flow, train_flow
from tgan.benchmarks.flow.unet import UNet3d
from tgan.config.reading import make_config
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.loader import ClipBatches
from tgan.data.pixels import normalise, to_bytes
from tgan.media.video import scale_to_show, write_samples
from tgan.rng.weights import seeded
from tgan.training.measuring import distance_between

# Samples at once, and shown.
_AT_ONCE, _SHOWN = 16, 16


@dataclass(frozen=True)
class Yardstick:
    """Flow matching on the clips of a configuration, for a time.

    Attributes:
        minutes: of training, by the clock.
        width: channels of the U-Net's first level.
        batch_size, lr, decay: of training; decay is the running mean's.
        steps: of Heun's method for a sample; each takes the network twice.
        samples: that are measured.
        seed: of weights, clips, noise and times.
    """

    minutes: float = 5.0
    width: int = 16
    batch_size: int = 16
    lr: float = 1e-3
    decay: float = 0.995
    steps: int = 16
    samples: int = 1024
    seed: int = 0

    TEXTS: ClassVar[dict[str, str]] = {
        "minutes": "of training",
        "width": "channels of the U-Net's first level",
        "batch_size": "clips per step of training",
        "lr": "learning rate of Adam",
        "decay": "of the running mean",
        "steps": "of Heun's method for a sample",
        "samples": "that are measured",
        "seed": "of all that is drawn",
    }

    def run(self, config: str | Path, out: Path, data_path: str | None = None) -> dict[str, Any]:
        """Train, measure, and write scores.json and samples.mp4 into a new folder.

        Raises:
            ValueError: `out` is there already, no clips are kept from training, or as
                `tgan.config.reading.make_config`.
        """
        if out.exists():
            raise ValueError(f"'{out}' exists: name another folder")
        settings = {} if data_path is None else {"data.path": data_path}
        data = make_config(config, settings).data
        source, held_out = open_dataset(data), open_held_out(data)
        if held_out is None:
            raise ValueError("no clips are kept from training: set data.held_out_path")
        out.mkdir(parents=True)
        network = seeded(lambda: UNet3d(channels=data.channels, width=self.width), self.seed)
        begin, steps = time.perf_counter(), count()
        model = train_flow(
            network,
            self._clips(source, steps),
            lr=self.lr,
            decay=self.decay,
            seed=self.seed,
            goes_on=for_seconds(60 * self.minutes),
        )
        trained = time.perf_counter() - begin
        name, distance, seconds = self._distance(model.module, held_out)
        scores = {
            "settings": asdict(self) | {"config": str(config)},
            "machine": describe_machine(),
            "parameters": sum(p.numel() for p in network.parameters()),
            "steps": next(steps),
            "seconds of training": trained,
            name: distance,
            "seconds per sample": seconds,
        }
        (out / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")
        shown = self._samples(model.module, held_out.shape, range(_SHOWN))
        scale = scale_to_show(data.resolution)
        write_samples(out / "samples.mp4", to_bytes(shown).numpy(), columns=4, scale=scale)
        print(f"{name} {distance:.4g}, {seconds:.3g} s per sample, {scores['steps']} steps")
        return scores

    def _clips(self, source: ClipSource, steps: Iterator[int]) -> Iterator[Tensor]:
        batches = ClipBatches(source, batch_size=self.batch_size, seed=self.seed)
        return (normalise(batches[number][0]) for number in steps)

    def _distance(self, model: nn.Module, held_out: ClipSource) -> tuple[str, float, float]:
        """The distance that training prints, by name, and the seconds of a sample."""
        numbers = range(_SHOWN, _SHOWN + self.samples)
        batches = [numbers[first : first + _AT_ONCE] for first in range(0, len(numbers), _AT_ONCE)]
        begin = time.perf_counter()
        fakes = [to_bytes(self._samples(model, held_out.shape, some)).numpy() for some in batches]
        seconds = (time.perf_counter() - begin) / self.samples
        return *distance_between(fakes, held_out, self.samples), seconds

    def _samples(self, model: nn.Module, shape: tuple[int, ...], numbers: range) -> Tensor:
        frames, height, width, channels = shape
        size = (len(numbers), channels, frames, height, width)
        # Each batch has a seed of its own.
        return sample_flow(model, size, steps=self.steps, seed=self.seed + 1 + numbers.start)
