"""A small 3-D network that tells the classes of the user's own videos apart.

`tgan train-classifier` trains it. Its probabilities give an Inception Score, its features a
Fréchet distance, for data on which no published network says anything; numbers of two different
classifiers do not compare.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from einops import rearrange
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tgan.features.frames import resize_bytes, rgb_bytes
from tgan.features.weights import existing_file, fill, load_state, sha256_of
from tgan.models.layers import BatchNorm
from tgan.system.files import write_whole
from tgan.system.folders import are_names, is_count

# The key of our facts in the file's metadata.
FACTS = "tgan_classifier"
WIDTHS = (32, 64, 128, 256)
# Of pixels a side, and of frames.
_MOST = 65_536


@dataclass(frozen=True)
class ClassifierFacts:
    """What a trained classifier is, stored beside its weights.

    Attributes:
        labels: names of the K classes.
        resolution: side of the frames that it was trained on; others are resized.
        num_frames, stride: of the clips that it was trained on.
        steps, seed: of the training.
        data: name of the folder of clips, or of the configuration that names them.
        held_out: the same of the held-out clips; None where a sixth of `data` was.
        held_out_clips: how many those are.
        held_out_accuracy: share of them that it gets right.
    """

    labels: Sequence[str]
    resolution: int
    num_frames: int
    stride: int
    steps: int
    seed: int
    data: str
    held_out: str | None
    held_out_clips: int
    held_out_accuracy: float


class VideoClassifier(nn.Module):
    """Maps clips (N, 3, T, H, W) in [-1, 1] to logits (N, K); any T, H and W.

    Four 3-D convolutions with batch norm, which all halve height and width, and all but the first
    the time; then the mean over time and space. (Group norm hardly learns from small figures on a
    plain background: 38 % instead of 100 % on the sprites' actions.)
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        inputs = (3, *WIDTHS)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv3d(before, after, 3, (1 if before == 3 else 2, 2, 2), 1, bias=False),
                    BatchNorm(after),
                    nn.ReLU(),
                )
                for before, after in zip(inputs, WIDTHS, strict=False)
            )
        )
        self.last = nn.Linear(WIDTHS[-1], num_classes)

    def features(self, clips: Tensor) -> Tensor:
        """What the last layer takes in: (N, 256)."""
        return self.stages(clips).mean((2, 3, 4))

    def forward(self, clips: Tensor) -> Tensor:
        return self.last(self.features(clips))


class ClassifierFeatures:
    """Features (N, 256) and class probabilities (N, K) by a classifier from a file.

    Args:
        path: what `tgan train-classifier` wrote.
        device: where it runs.

    Raises:
        ValueError: no such file, or something else in it.
    """

    name = "classifier"
    size = WIDTHS[-1]
    per_frame = False
    holds = "a file that `tgan train-classifier` wrote"

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        file = existing_file(path, name=self.name, holds=self.holds)
        facts = read_facts(file)
        self._check(facts, file)
        self.labels, self._side = list(facts.labels), facts.resolution
        with torch.device("meta"):
            network = VideoClassifier(len(self.labels))
        self._network = fill(network, load_state(file), path=file).eval().to(device)
        self._device = device
        self.protocol = {
            "name": self.name,
            "layer": "mean over time and space of the last convolution",
            "source": file.name,
            "sha256": sha256_of(file),
            "preprocessing": f"bytes, bicubic to {self._side}x{self._side}, (x - 128) / 128",
            "trained": asdict(facts),
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        return self._network.features(self._clips(video))

    @torch.no_grad()
    def probabilities(self, video: Tensor) -> Tensor:
        return self._network(self._clips(video)).softmax(1)

    def _clips(self, video: Tensor) -> Tensor:
        return classifier_input(rgb_bytes(video.to(self._device)), self._side)

    def _check(self, facts: ClassifierFacts, file: Path) -> None:
        """Clips of any length will do."""


class FrameClassifierFeatures(ClassifierFeatures):
    """Features (N, T, 256) and class probabilities (N, T, K) of single frames.

    Args:
        path: what `tgan train-classifier --num-frames 1` wrote.
        device: where it runs.

    Raises:
        ValueError: as `ClassifierFeatures`, or a classifier of longer clips.
    """

    name = "frame_classifier"
    per_frame = frames_apart = True
    holds = "a file that `tgan train-classifier --num-frames 1` wrote"

    def __call__(self, video: Tensor) -> Tensor:
        return _of_frames(super().__call__, video)

    def probabilities(self, video: Tensor) -> Tensor:
        return _of_frames(super().probabilities, video)

    def _check(self, facts: ClassifierFacts, file: Path) -> None:
        if facts.num_frames != 1:
            raise ValueError(
                f"'{file}' tells clips of {facts.num_frames} frames apart and {self.name} needs "
                f"{self.holds}"
            )


def _of_frames(function: Callable[[Tensor], Tensor], video: Tensor) -> Tensor:
    """What a function of clips (N, C, T, H, W) gives for each frame: (N, T, ...)."""
    rows = function(rearrange(video, "n c t h w -> (n t) c 1 h w"))
    return rearrange(rows, "(n t) d -> n t d", n=len(video))


def classifier_input(clips: Tensor, side: int) -> Tensor:
    """Bytes (N, T, H, W, 3) as the network's input (N, 3, T, side, side) in [-1, 1)."""
    frames = resize_bytes(rearrange(clips, "n t h w c -> (n t) h w c"), (side, side))
    return (rearrange(frames, "(n t) c h w -> n c t h w", n=len(clips)) - 128) / 128


def write_classifier(path: str | Path, network: VideoClassifier, facts: ClassifierFacts) -> None:
    """Write weights and facts to a safetensors file, which appears whole or not at all."""
    tensors = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
    metadata = {FACTS: json.dumps(asdict(facts))}
    write_whole(path, lambda part: save_file(tensors, part, metadata))


def read_facts(path: Path) -> ClassifierFacts:
    """The facts that `write_classifier` stored.

    Raises:
        ValueError: the file is none of ours.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        facts = ClassifierFacts(**json.loads(metadata[FACTS]))
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, OSError):
        raise ValueError(f"'{path}' is no classifier that `tgan train-classifier` wrote") from None
    counts = (facts.resolution, facts.num_frames, facts.stride)
    if not (are_names(facts.labels) and facts.labels) or not all(
        is_count(n) and 0 < n <= _MOST for n in counts
    ):
        raise ValueError(f"'{path}' describes a classifier without labels or of sizes beyond use")
    return facts
