"""A run of images for `tgan detect images` and `tgan train-encoder`: what they load of it."""

from functools import cached_property
from pathlib import Path

from torch import nn

from tgan.data.clips import ClipSource
from tgan.runs.build import build_held_out, build_source, load_critic, load_generator


class ImageRun:
    """A trained run as `tgan.anomaly.images.pictures.TrainedGAN` describes it.

    Args:
        path: of a run or a checkpoint.
        weights: of the generator, as `load_generator` takes them.
        device: where both networks are moved to.

    Raises:
        ValueError: no whole checkpoint there, or it has no such weights.
    """

    def __init__(self, path: Path, *, weights: str, device: str) -> None:
        generator, self.config = load_generator(path, weights=weights)
        self.path, self.device = path, device
        self.generator = generator.to(device)

    @cached_property
    def critic(self) -> nn.Module:
        """The critic, in inference mode."""
        return load_critic(self.path)[0].to(self.device)

    @cached_property
    def data(self) -> ClipSource:
        """The clips that it was trained on."""
        return build_source(self.config)

    @cached_property
    def held_out(self) -> ClipSource | None:
        """Clips that training never saw; None where there are none."""
        return build_held_out(self.config)
