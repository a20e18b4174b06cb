"""C3D fine-tuned on UCF-101: the network of the paper's Inception Score.

The weights are not ours to ship. They and the mean video come from the authors, as the README of
pfnet-research/tgan says; the preprocessing follows its `evaluation/calc_inception.py` line by
line.

Source: Tran et al. 2015, arXiv 1412.0767; Saito et al. 2017, section 6.3.
"""

import functools
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.features.frames import check_frames, to_rgb
from tgan.features.weights import MissingWeights, fill, load_state, sha256_of
from tgan.system.archives import read_arrays

NUM_FRAMES, NUM_CLASSES = 16, 101
# Frames are brought to 128x128, less the mean, then cropped to 112x112.
SIDE, CROP = 128, slice(8, 120)
# The mean video is wider than frames are: its middle counts.
MEAN_SHAPE, MEAN_COLUMNS = (3, NUM_FRAMES, 128, 171), slice(21, 21 + SIDE)
WEIGHTS_NAMES, MEAN_NAME = ("c3d.npz", "c3d.safetensors"), "mean2.npz"
SIZES = {"pool5": 8192, "fc6": 4096, "fc7": 4096, "fc8": NUM_CLASSES, "prob": NUM_CLASSES}


class C3DFeatures:
    """Features (N, D) and class probabilities (N, 101) of clips of 16 frames.

    Args:
        path: a folder with `c3d.npz` (Chainer's names, `conv1a/W`, or those with a common prefix)
            or `c3d.safetensors` (`conv1a.weight`), and with `mean2.npz` (an array `mean`).
        device: where it runs.
        layer: `pool5`, `fc6` and `fc7` (after ReLU), `fc8` or `prob`.

    Raises:
        ValueError: a file is missing, or holds something else.
    """

    per_frame = False

    def __init__(
        self, path: str | Path | None = None, *, device: str = "cpu", layer: str = "fc7"
    ) -> None:
        self.name, self.size, self._layer = f"c3d_{layer}", SIZES[layer], layer
        # UCF-101's order; no number depends on the names.
        self.labels = [str(number) for number in range(NUM_CLASSES)]
        weights, mean = _files(path, self.name)
        with torch.device("meta"):
            network = C3D()
        self._network = fill(network, read_weights(weights), path=weights).eval().to(device)
        self._mean, self._device = read_mean(mean).to(device), device
        self.protocol = {
            "name": self.name,
            "layer": layer,
            "source": weights.name,
            "sha256": sha256_of(weights),
            "mean_sha256": sha256_of(mean),
            "preprocessing": "x * 128 + 128 unrounded, bicubic to 128x128 without smoothing, "
            "BGR, less mean2[..., 21:149], crop 8:120",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        return self._activations(video)[self._layer].flatten(1)

    @torch.no_grad()
    def probabilities(self, video: Tensor) -> Tensor:
        return self._activations(video)["prob"]

    def _activations(self, video: Tensor) -> dict[str, Tensor]:
        return self._network(preprocess(video.to(self._device), self._mean))


def preprocess(video: Tensor, mean: Tensor) -> Tensor:
    """Videos (N, C, 16, H, W) in [-1, 1] as C3D's input (N, 3, 16, 112, 112), BGR less the mean.

    Args:
        mean: (3, 16, 128, 128), BGR, in [0, 255].

    Raises:
        ValueError: another number of frames, or of channels.

    Source: `evaluation/calc_inception.py`, whose cv2.INTER_CUBIC is PyTorch's bicubic without
    antialiasing (both take a = -0.75 and repeat the border).
    """
    check_frames(video, NUM_FRAMES, name="C3D")
    pixels = rearrange(to_rgb(video) * 128 + 128, "n c t h w -> (n t) c h w")
    resized = F.interpolate(pixels, size=(SIDE, SIDE), mode="bicubic")
    clips = rearrange(resized, "(n t) c h w -> n c t h w", t=NUM_FRAMES)
    return (clips.flip(1) - mean)[..., CROP, CROP]


class C3D(nn.Module):
    """Maps clips (N, 3, 16, 112, 112) to what its layers `pool1`, ..., `fc8`, `prob` put out."""

    def __init__(self) -> None:
        super().__init__()
        layers = {
            "conv1a": _conv(3, 64),
            "pool1": _pool(1),
            "conv2a": _conv(64, 128),
            "pool2": _pool(2),
            "conv3a": _conv(128, 256),
            "conv3b": _conv(256, 256),
            "pool3": _pool(2),
            "conv4a": _conv(256, 512),
            "conv4b": _conv(512, 512),
            "pool4": _pool(2),
            "conv5a": _conv(512, 512),
            "conv5b": _conv(512, 512),
            "pool5": _pool(2),
            "fc6": nn.Linear(SIZES["pool5"], SIZES["fc6"]),
            "fc7": nn.Linear(SIZES["fc6"], SIZES["fc7"]),
            "fc8": nn.Linear(SIZES["fc7"], NUM_CLASSES),
        }
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, clips: Tensor) -> dict[str, Tensor]:
        found, h = {}, clips
        for name, layer in self.named_children():
            h = layer(h.flatten(1) if isinstance(layer, nn.Linear) else h)
            # In place: the largest of these takes 50 MB a clip.
            h = h if layer is self.fc8 else h.relu_()
            # What lies before pool5 is large and of no use to a metric.
            if name == "pool1" or name in SIZES:
                found[name] = h
        return found | {"prob": h.softmax(1)}


def _conv(before: int, after: int) -> nn.Conv3d:
    return nn.Conv3d(before, after, 3, padding=1)


def _pool(frames: int) -> nn.MaxPool3d:
    # Chainer covers the border by default.
    return nn.MaxPool3d((frames, 2, 2), ceil_mode=True)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights by the names of `C3D`, from a Chainer snapshot (.npz) or from safetensors.

    Raises:
        ValueError: neither of these.
    """
    if path.suffix != ".npz":
        return load_state(path)
    endings = {"W": "weight", "b": "bias"}
    # All of a snapshot's keys may lie under one prefix, such as `model/`: two parts count.
    split = {tuple(key.split("/")[-2:]): value for key, value in _read_npz(path).items()}
    return {
        f"{parts[0]}.{endings.get(parts[-1], parts[-1])}": torch.from_numpy(value)
        for parts, value in split.items()
    }


def read_mean(path: Path) -> Tensor:
    """The middle (3, 16, 128, 128) of the mean video in a .npz file's array `mean`.

    Raises:
        ValueError: no such array, or of another size.
    """
    mean = _read_npz(path).get("mean")
    if mean is None or mean.size != np.prod(MEAN_SHAPE):
        shape = "missing" if mean is None else mean.shape
        raise ValueError(f"'{path}': the array 'mean' is {shape}, not of {MEAN_SHAPE} numbers")
    video = torch.from_numpy(mean.astype(np.float32).reshape(MEAN_SHAPE))
    return video[..., MEAN_COLUMNS].contiguous()


def _read_npz(path: Path) -> Mapping[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise ValueError(f"'{path}' is no .npz file")
    try:
        return read_arrays(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"'{path}' is no .npz file that can be read: {error}") from None


def _files(path: str | Path | None, name: str) -> tuple[Path, Path]:
    """The files of weights and of the mean in the user's folder."""
    choices = " or ".join(WEIGHTS_NAMES)
    if path is None or not Path(path).is_dir():
        needed = f"features '{name}' need as path a folder that holds {choices}, and {MEAN_NAME}"
        raise MissingWeights(needed + ("" if path is None else f"; '{path}' is no folder"), name)
    weights = [file for n in WEIGHTS_NAMES if (file := Path(path) / n).is_file()]
    mean = Path(path) / MEAN_NAME
    if not weights or not mean.is_file():
        missing = MEAN_NAME if weights else choices
        raise MissingWeights(f"features '{name}': the folder '{path}' holds no {missing}", name)
    return weights[0], mean


C3D_TABLE = {
    "c3d": C3DFeatures,
    **{f"c3d_{layer}": functools.partial(C3DFeatures, layer=layer) for layer in SIZES},
}
