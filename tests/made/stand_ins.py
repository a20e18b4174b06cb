"""Small clips and networks whose every output is known."""

import numpy as np
import torch


class Videos:
    """A source of `count` videos; every pixel of video k is k, but for the frame's number."""

    num_frames = 4
    skipped, num_too_short = [], 0

    def __init__(self, count=10, labels=()):
        self.count, self.labels = count, list(labels)
        self.shape = (4, 8, 8, 1)

    def __len__(self):
        return self.count

    def num_starts(self, index):
        return 3

    def label(self, index):
        return index % len(self.labels) if self.labels else None

    def clip(self, index, start):
        clip = np.full(self.shape, index, np.uint8)
        clip[:, 0, 0, 0] = start + np.arange(4)
        return clip


class Normal:
    """Clips of normal numbers, clip k a function of k, around a mean."""

    def __init__(self, mean=0.0, scale=0.2, shape=(1, 4, 8, 8)):
        self.mean, self.scale, self.shape = mean, scale, shape

    def __call__(self, first, count):
        rows = [
            np.random.default_rng(k).normal(self.mean, self.scale, self.shape)
            for k in range(first, first + count)
        ]
        return torch.from_numpy(np.stack(rows).astype(np.float32))


class Rows:
    """A network of clips: the means of the first `size` rows."""

    name, per_frame = "rows", False
    protocol = {"name": "rows", "sha256": "0" * 64}

    def __init__(self, size=3):
        self.size, self.calls = size, 0

    def __call__(self, video):
        self.calls += 1
        return video.mean((1, 2, 4))[:, : self.size]


class FrameRows(Rows):
    """The same of every frame."""

    name, per_frame = "frame_rows", True

    def __call__(self, video):
        self.calls += 1
        return video.mean((1, 4))[:, :, : self.size]


class Sign(Rows):
    """A classifier: the sign of the first pixel, almost surely."""

    name = "sign"
    labels = ["minus", "plus"]

    def probabilities(self, video):
        plus = (video[:, 0, 0, 0, 0] > 0).float()
        return torch.stack([1 - plus, plus], 1) * 0.98 + 0.01


class FrameSign(FrameRows):
    """The same of every frame."""

    name, frames_apart, labels = "frame_sign", True, Sign.labels

    def probabilities(self, video):
        plus = (video[:, 0, :, 0, 0] > 0).float()
        return torch.stack([1 - plus, plus], 2) * 0.98 + 0.01
