"""What a network's Fréchet distance makes of real clips spoiled in known ways.

    python -m tests.truths.ranking transnetv2 shapes 64 [PATH]

prints the distances from one set of real clips to another set, and to that set shuffled in time,
reversed, frozen (its first frames), with noise, and to pure noise. The sets are those of
docs/features.md; all but `digits` need the shared data sets.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from tests.conftest import SHARED
from tgan.data.clips import open_clips
from tgan.data.made.digits import MovingDigits
from tgan.data.pixels import normalise
from tgan.features import FeatureNetwork, load_features

NUM_FRAMES, SIDE, BATCH = 16, 64, 16
WAYS = ("real", "shuffled", "reversed", "frozen", "noisy", "noise")
Sets = tuple[np.ndarray, np.ndarray]


def digits(count: int) -> Sets:
    """Digits to train on, and held-out ones."""
    sources = (MovingDigits(size=count), MovingDigits(size=count, held_out=True))
    return tuple(np.stack([source.clip(i) for i in range(count)]) for source in sources)


def shapes(count: int) -> Sets:
    """Two halves of MoCoGAN's moving shapes, drawn at random, from their first frame."""
    source = open_clips(SHARED / "datasets/shapes", num_frames=NUM_FRAMES, resolution=SIDE)
    drawn = np.random.default_rng(0).permutation(len(source))[: 2 * count].tolist()
    clips = np.stack([source.clip(index, 0) for index in drawn])
    return clips[:count], clips[count:]


def weizmann(count: int) -> Sets:
    """Performers of even and of odd number; the same strip gives several clips."""
    folder = SHARED / "datasets/weizmann"
    source = open_clips(folder, num_frames=NUM_FRAMES, resolution=SIDE)
    files = sorted((folder / "actions").rglob("*.jpg"))
    performers = np.array([int(re.sub(r"\D", "", file.stem)) // 8 for file in files])
    rng = np.random.default_rng(0)

    def draw(indices: np.ndarray) -> np.ndarray:
        turns = [int(indices[k % len(indices)]) for k in range(count)]
        return np.stack([source.clip(i, int(rng.integers(source.num_starts(i)))) for i in turns])

    return draw(np.flatnonzero(performers % 2 == 0)), draw(np.flatnonzero(performers % 2 == 1))


def sprites(count: int) -> Sets:
    """Two halves of the characters, on black, each cycle of 8 frames played twice."""
    with np.load(SHARED / "datasets/sprites/sprites_rgba64x8.npz") as file:
        videos = file["video"]
    rng = np.random.default_rng(0)
    characters = rng.permutation(len(videos) // 9)
    halves = np.split(9 * characters[:, None] + np.arange(9), 2)
    rows = [half.flatten() for half in halves]
    for half in rows:
        rng.shuffle(half)
    return tuple(_on_black(videos[half[:count]]) for half in rows)


SETS = {"digits": digits, "shapes": shapes, "weizmann": weizmann, "sprites": sprites}


def spoiled(clips: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Clips (N, T, H, W, C) as they are, and spoiled."""
    rng = np.random.default_rng(1)
    yield "real", clips
    orders = [rng.permutation(clips.shape[1]) for _ in clips]
    yield "shuffled", np.stack([clip[o] for clip, o in zip(clips, orders, strict=True)])
    yield "reversed", clips[:, ::-1]
    yield "frozen", np.repeat(clips[:, :1], clips.shape[1], 1)
    noisy = clips + rng.normal(0, 16, clips.shape)
    yield "noisy", noisy.clip(0, 255).round().astype(np.uint8)
    yield "noise", rng.integers(0, 256, clips.shape, dtype=np.uint8)


def features(network: FeatureNetwork, clips: np.ndarray) -> np.ndarray:
    """Of clips, or of all their frames: (M, D), float64."""
    batches = [clips[begin : begin + BATCH].copy() for begin in range(0, len(clips), BATCH)]
    found = [network(normalise(torch.from_numpy(batch))).flatten(0, -2) for batch in batches]
    return torch.cat(found).double().numpy()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The distance between Gaussians fitted to two sets of features.

    The same number as `tgan.metrics.frechet` gives: tr (A^1/2 B A^1/2)^1/2 is the sum of the
    singular values of A^1/2 B^1/2. Fast where there are fewer features than dimensions.
    """
    x, y = ((f - f.mean(0)) / np.sqrt(len(f) - 1) for f in (a, b))
    cross = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(np.square(a.mean(0) - b.mean(0)).sum() + (x**2).sum() + (y**2).sum() - 2 * cross)


def distances(network: FeatureNetwork, sets: Sets, ways: Sequence[str] = WAYS) -> dict[str, float]:
    """The Fréchet distance from the first set to the second and to it spoiled in some ways."""
    base = features(network, sets[0])
    return {
        way: frechet(base, features(network, clips))
        for way, clips in spoiled(sets[1])
        if way in ways
    }


def _on_black(videos: np.ndarray) -> np.ndarray:
    visible = videos[..., :3] * (videos[..., 3:].astype(np.float32) / 255)
    cycle = visible.round().astype(np.uint8)
    return np.concatenate([cycle, cycle], axis=1)


if __name__ == "__main__":
    name, data, count, *path = sys.argv[1:]
    network = load_features(name, *map(Path, path))
    for way, distance in distances(network, SETS[data](int(count))).items():
        print(f"{name} {data} {count} {way:9} {distance:.3f}", flush=True)
