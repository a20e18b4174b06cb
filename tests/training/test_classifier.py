from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from tgan.training.classifier import count_correct, shift, train_classifier


@dataclass
class Sweeps:
    """Bars that sweep across the picture: class 0 downwards, class 1 upwards.

    Only the order of frames tells the classes apart.
    """

    labels: list[str] = field(default_factory=lambda: ["down", "up"])
    num_frames: int = 6
    shape: tuple = (6, 16, 16, 1)
    skipped: list = field(default_factory=list)
    num_too_short: int = 0
    first: int = 0

    def __len__(self):
        return 32

    def num_starts(self, index):
        return 3

    def label(self, index):
        return index % 2

    def clip(self, index, start):
        rng = np.random.default_rng(self.first + index)
        clip = rng.integers(0, 20, self.shape, dtype=np.uint8)
        for time, frame in enumerate(clip):
            row = (2 * time + rng.integers(2)) % 14
            frame[row if self.label(index) == 0 else 14 - row] = 255
        return clip


def trained(**options):
    settings = {"side": 16, "steps": 30, "batch_size": 8, "seed": 0} | options
    return train_classifier(Sweeps(), **settings)


def test_it_learns_a_motion_and_tells_it_in_clips_it_has_not_seen():
    losses = []
    network = trained(report=losses.append)
    assert len(losses) == 30 and losses[-1] < 0.3 < losses[0]
    assert not network.training
    unseen = Sweeps(first=1000)
    assert count_correct(network, unseen, side=16, batch_size=5) == len(unseen)


def test_accuracy_counts_each_video_once():
    network = trained(steps=1)
    with torch.no_grad():
        network.last.weight.zero_()
        network.last.bias.copy_(torch.tensor([1.0, 0.0]))
    for batch_size in (1, 7, 100):
        assert count_correct(network, Sweeps(), side=16, batch_size=batch_size) == 16


def test_a_seed_decides_everything():
    state = torch.random.get_rng_state()
    first, second, other = (trained(steps=2, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["last.weight"], other["last.weight"])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_loss_that_is_not_finite_stops():
    network = trained(steps=1)
    with torch.no_grad():
        network.last.bias.fill_(float("nan"))
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(ArithmeticError, match="the classifier's loss is nan at step 0"),
    ):
        patch.setattr("tgan.training.classifier._build", lambda *_: network)
        trained(steps=1)


def test_shifts_are_translations_with_the_edge_repeated():
    clips = torch.randint(256, (20, 2, 16, 16, 1), dtype=torch.uint8)
    moved = shift(clips, np.random.default_rng(0))
    ways = np.random.default_rng(0).integers(-2, 3, (20, 2))
    assert {tuple(way) for way in ways.tolist()} != {(0, 0)}
    for clip, found, (down, right) in zip(clips.numpy(), moved.numpy(), ways, strict=True):
        padded = np.pad(clip, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
        expected = padded[:, 2 - down : 18 - down, 2 - right : 18 - right]
        np.testing.assert_array_equal(found, expected)
