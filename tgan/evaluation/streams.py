"""Clips to measure, as pure functions of their numbers: generated, real, and halves of a set."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches
from tgan.data.pixels import normalise
from tgan.data.subset import Subset
from tgan.models.conditions import Conditioning
from tgan.rng import Stream, numpy_rng
from tgan.runs.trained import TrainedRun
from tgan.sampling.decoding import latent_size, sample_batches

# Samples share no seed with previews nor with training's distance; another seed of an evaluation
# takes the next two million, of which gam may need all.
FIRST_SEED, SEEDS_EACH = 2_000_000, 2_000_000


class Clips(Protocol):
    """An endless sequence of clips; clip k depends on k alone."""

    def __call__(self, first: int, count: int) -> Tensor:
        """Clips `first`, `first` + 1, ...: (count, C, T, H, W), float32 in [-1, 1]."""
        ...


class GeneratedClips:
    """Samples of consecutive seeds, under conditions as frequent as among real clips.

    Args:
        generator: in inference mode, on its own device.
        size: numbers in a latent.
        first_seed: of clip 0.
        conditioning: of the generator.
        source: the real clips that conditions are drawn from; None for no conditions.
    """

    def __init__(
        self,
        generator: nn.Module,
        *,
        size: int,
        first_seed: int,
        conditioning: Conditioning | None = None,
        source: ClipSource | None = None,
    ) -> None:
        self.generator, self.size, self.first_seed = generator, size, first_seed
        self.conditioning, self.source = conditioning or Conditioning(), source

    @classmethod
    def of(
        cls, run: TrainedRun, *, first_seed: int, source: ClipSource | None = None
    ) -> "GeneratedClips":
        """Samples of a run.

        Args:
            source: the clips that conditions are drawn from; by default the run's own.
        """
        return cls(
            run.generator,
            size=latent_size(run.generator, run.config.generator),
            first_seed=first_seed,
            conditioning=run.conditioning,
            source=run.conditions if source is None else source,
        )

    def __call__(self, first: int, count: int) -> Tensor:
        seeds = self._seeds(first, count)
        condition = self.condition(first, count)
        (video,) = sample_batches(
            self.generator, seeds, size=self.size, batch_size=count, condition=condition
        )
        return video.float()

    def condition(self, first: int, count: int) -> tuple[Tensor, ...]:
        """The condition that clips `first`, `first` + 1, ... are generated under."""
        if self.source is None:
            return ()
        return self.conditioning.prior(self.source, self._seeds(first, count))

    def _seeds(self, first: int, count: int) -> range:
        return range(self.first_seed + first, self.first_seed + first + count)


class RealClips:
    """Clips drawn as in training: every video once, then again from another start.

    Args:
        seed: of the order.
        device: where they are put.
    """

    def __init__(self, source: ClipSource, *, seed: int, device: str = "cpu") -> None:
        self.batches = ClipBatches(source, batch_size=1, seed=seed)
        self.source, self.seed, self.device = source, seed, device

    def of(self, source: ClipSource) -> "RealClips":
        """Clips of another source, drawn alike."""
        return RealClips(source, seed=self.seed, device=self.device)

    def __call__(self, first: int, count: int) -> Tensor:
        return normalise(self.draw(first, count)[0].to(self.device))

    def draw(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Clips as bytes (count, T, H, W, C), and their labels (count,)."""
        clips, labels = zip(*(self.batches[k] for k in range(first, first + count)), strict=True)
        return torch.cat(clips), torch.cat(labels)


@dataclass(frozen=True)
class Draws:
    """How clips of an evaluation are drawn.

    Attributes:
        samples: clips of each kind.
        batch_size: clips at once.
        seed: another one takes other samples and other real clips.
        device: where real clips are put.
    """

    samples: int
    batch_size: int
    seed: int
    device: str

    @property
    def first_seed(self) -> int:
        """The seed of the first sample."""
        return FIRST_SEED + self.seed * SEEDS_EACH

    @property
    def sizes(self) -> dict[str, int]:
        """How many clips, and how many at once, as arguments of a job."""
        return {"samples": self.samples, "batch_size": self.batch_size}

    def generated(self, run: TrainedRun, *, source: ClipSource | None = None) -> GeneratedClips:
        """Samples of a run; `source` as for `GeneratedClips.of`."""
        return GeneratedClips.of(run, first_seed=self.first_seed, source=source)

    def real(self, source: ClipSource) -> RealClips:
        """Clips of a source."""
        return RealClips(source, seed=self.seed, device=self.device)


def halves(source: ClipSource) -> tuple[Subset, Subset]:
    """Two halves of the videos, at random but always the same, without a video in common.

    Raises:
        ValueError: fewer than two videos.
    """
    if len(source) < 2:
        raise ValueError(
            f"{len(source)} real video cannot be halved; controls need at least 2, or others as "
            "control_data"
        )
    order = numpy_rng(Stream.CONTROLS, 0).permutation(len(source)).tolist()
    return Subset(source, order[::2]), Subset(source, order[1::2])
