"""Tiny GANs of videos, trained for two steps."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.conftest import make_tiny_config
from tgan.media.video import write_video
from tgan.runs.build import build_run
from tgan.training.loop import fit


def train_tiny(directory: Path, *, seed: int = 0, conditional: bool = False, **data) -> Path:
    """A run of moving digits, or of other `data` settings, with a running mean."""
    config = make_tiny_config()
    config.data, config.conditional = replace(config.data, **data), conditional
    config.train.steps, config.train.ema_decay, config.train.seed = 2, 0.5, seed
    config.generator.image_init = "he_normal"
    fit(build_run(config, directory))
    return directory


def write_noise(folder: Path, count: int = 4, *, first: int = 0, high: int = 256) -> Path:
    """A folder of videos 32x32 of random bytes below `high`."""
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        write_video(folder / f"{number}.mp4", rng.integers(0, high, (18, 32, 32, 3), np.uint8))
    return folder
