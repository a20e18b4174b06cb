"""What tests share: a tiny configuration, and the data sets beside the checkout."""

import gc
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from tgan.cli import main
from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    DataConfig,
    GeneratorConfig,
    LogConfig,
    TrainConfig,
)
from tgan.media.video import write_video

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# Shells start background jobs, and so what tests start in turn, deaf to what the keyboard sends,
# and `nohup` does so with what a closed terminal sends.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGQUIT", "SIGHUP"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture(scope="session")
def shared():
    """Returns a path below the shared material, or skips the test where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs ../shared/{name}, which is not here")
        return path

    return find


@pytest.fixture(scope="session")
def labelled_videos(tmp_path_factory) -> Path:
    """A packed folder, 32x32 RGB: 3 videos of a square that moves down, 2 of one that moves right.

    The classes are called `down` and `right`.
    """
    folder = tmp_path_factory.mktemp("labelled")
    for name, count in (("down", 3), ("right", 2)):
        for number in range(count):
            frames = np.zeros((16, 32, 32, 3), np.uint8)
            for t, frame in enumerate(frames):
                place = [slice(t, t + 12), slice(number * 4, number * 4 + 12)]
                frame[tuple(place if name == "down" else place[::-1])] = 200
            write_video(folder / "videos" / name / f"{number}.png", frames)
    main(
        ["prepare", str(folder / "videos"), "--out", str(folder / "packed")]
        + ["--labels", "folders", "--resolution", "32", "--workers", "1"]
    )
    return folder / "packed"


@pytest.fixture
def tiny_config() -> Config:
    return make_tiny_config()


def make_tiny_config() -> Config:
    """The smallest networks that train: seconds for a few steps."""
    return Config(
        data=DataConfig(resolution=32, channels=1, num_digits=1, num_clips=50),
        generator=GeneratorConfig(z_slow=8, z_fast=8, temporal_width=8, width=16),
        critic=CriticConfig(width=4),
        constraint=ConstraintConfig(name="svc", interval=2),
        train=TrainConfig(steps=4, batch_size=4),
        log=LogConfig(
            critic_every=0,
            every=1,
            preview_every=0,
            preview_count=2,
            checkpoint_every=2,
            trackers=[],
        ),
    )


@pytest.fixture(autouse=True)
def fresh_accelerate_state():
    """Accelerate keeps devices and precision per process; each test starts without."""
    yield
    if "accelerate" in sys.modules:
        sys.modules["accelerate"].state.AcceleratorState._reset_state(reset_partial_state=True)


_imported = 0


@pytest.fixture(autouse=True)
def imports_are_no_garbage():
    """Every run collects garbage as it ends: a second among all that torch's modules hold."""
    global _imported
    if len(sys.modules) > _imported:
        _imported = len(sys.modules)
        gc.collect()
        gc.freeze()
