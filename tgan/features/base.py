"""What every feature network promises, so that a metric works with any of them."""

from typing import Protocol

from torch import Tensor


class FeatureNetwork(Protocol):
    """Maps videos to vectors; a fixed function, in inference mode, on its own device.

    Attributes:
        name: says what the network is.
        size: D, numbers in a vector.
        per_frame: whether there is a vector per frame rather than one per video.
        frames_apart: may be left out; whether the vector of a frame depends on that frame alone,
            so that a metric which reads one frame of a clip gives no others.
        protocol: what a reported number depends on, fit for JSON: `name`, `layer`, `source` and
            `sha256` of the weights, `preprocessing`, ...
    """

    name: str
    size: int
    per_frame: bool
    protocol: dict[str, object]

    def __call__(self, video: Tensor) -> Tensor:
        """Features of videos (N, C, T, H, W), float32 in [-1, 1], C of 1 or 3, on any device.

        The input is a generator's own output, or what `tgan.data.pixels.normalise` makes of bytes;
        resizing and rounding are up to the network.

        Returns:
            (N, T, D) if `per_frame`, else (N, D): float32, without gradient.

        Raises:
            ValueError: a video of a shape that the network cannot take.
        """
        ...


class Classifier(FeatureNetwork, Protocol):
    """A feature network that also tells classes apart.

    Attributes:
        labels: the names of the K classes.
    """

    labels: list[str]

    def probabilities(self, video: Tensor) -> Tensor:
        """Probabilities of the classes of videos as in `__call__`; each row sums to 1.

        Returns:
            (N, T, K) if `per_frame`, else (N, K).
        """
        ...
