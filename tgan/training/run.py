"""All that a training run needs, as it goes from hand to hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from accelerate import Accelerator

from tgan.config import Config
from tgan.data.clips import ClipSource
from tgan.data.fingerprint import fingerprint
from tgan.media.rates import as_rate
from tgan.models.conditions import Conditioning, conditioning_of
from tgan.training.gan import GANTask


@dataclass
class Run:
    """All that a training run needs.

    Attributes:
        classes: names of the classes that networks are conditioned on, or that the critic learns.
        held_out: real clips kept from training, for the distance; None measures none.
        labelled: real clips whose classes a critic learns; None for a critic that learns none.
        origins: lines on what came from Python, which the configuration cannot say.
        remarks: further lines for whoever starts it.
    """

    config: Config
    run_dir: Path
    accelerator: Accelerator
    task: GANTask
    source: ClipSource
    classes: Sequence[str] = ()
    held_out: ClipSource | None = None
    labelled: ClipSource | None = None
    origins: Sequence[str] = ()
    remarks: Sequence[str] = ()

    @cached_property
    def data(self) -> str | None:
        """Fingerprint of the clips as they are when it is first asked for."""
        return fingerprint(self.source)

    @property
    def fps(self) -> float | None:
        """Frames per second of the clips; None where they have no rate."""
        return as_rate(getattr(self.source, "fps", None))

    @cached_property
    def conditioning(self) -> Conditioning:
        """What generator and critic receive beside a sample."""
        return conditioning_of(self.config, self.classes)

    @property
    def conditions(self) -> ClipSource:
        """Clips that samples take their conditions from.

        Pictures that training never saw, where there are any; classes as frequent as in training.
        """
        return (self.config.data.input and self.held_out) or self.source
