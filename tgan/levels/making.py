"""Levels from latents and seeds: what a run of levels makes, as numbers of tiles."""

from collections.abc import Iterable

import numpy as np
import torch

from tgan.config.data_sets import DATA_SETS
from tgan.config.tiles import TileSet
from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches
from tgan.data.views import TileView, level_view
from tgan.runs.trained import TrainedRun
from tgan.sampling.latents import decode

# Levels that are made at once.
BATCH_SIZE = 64


class LevelMaker:
    """The levels that the generator of a run makes.

    Args:
        run: of `data.name levels`, without classes.

    Raises:
        ValueError: another run.

    Example:
        >>> maker = LevelMaker(tgan.load("runs/levels"))
        >>> maker.of_seeds(range(16)).shape
        (16, 14, 28)
    """

    def __init__(self, run: TrainedRun) -> None:
        name = run.config.data.name
        if DATA_SETS[name].are_pictures:
            raise ValueError(f"'{run.path}' is a run of data.name {name}; one of levels is needed")
        self.run, self.size = run, run.config.generator.z_slow
        self._view: TileView = level_view(run.config.data)

    @property
    def tiles(self) -> TileSet:
        """The tiles that levels are made of."""
        return self._view.tiles

    def of_latents(self, latents: np.ndarray) -> np.ndarray:
        """Make levels (N, rows, columns), uint8, of latents (N, size) in [-1, 1]."""
        tensor = torch.from_numpy(np.asarray(latents, np.float32))
        clips = decode(self.run.generator, tensor, batch_size=BATCH_SIZE)
        return self._view.levels(np.stack(list(clips)))

    def of_seeds(self, seeds: Iterable[int]) -> np.ndarray:
        """Make levels (N, rows, columns), uint8, one per seed, as `tgan generate` does."""
        return self._view.levels(self.run.sample(seeds, batch_size=BATCH_SIZE))

    def of_clips(self, source: ClipSource, count: int, *, seed: int = 0) -> np.ndarray:
        """Draw `count` real windows (N, rows, columns), uint8, as training draws them."""
        batch = ClipBatches(source, batch_size=count, seed=seed)[0]
        return self._view.levels(batch[0].numpy())
