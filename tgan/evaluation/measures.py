"""From a metric's name to what computes it: a kind of statistic over a feature network.

A name such as `frechet_efficientnet_lite0` says both. Names of published metrics are kept for
their published protocol: network, preprocessing, number of samples and of frames.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from einops import rearrange

from tgan.features.base import FeatureNetwork
from tgan.lookup import did_you_mean
from tgan.metrics.diversity import ContentDistance, Diversity
from tgan.metrics.frechet import FrechetDistance
from tgan.metrics.histogram import ClassHistogram
from tgan.metrics.inception import InceptionScore
from tgan.metrics.kid import KernelDistance, block_size
from tgan.metrics.state import State

# A covariance of this many dimensions takes 0.5 GB.
MAX_DIMENSIONS = 8192
# Inception scores over a quarter of the samples each, as the paper has four.
SCORES = 4


class Metric(Protocol):
    """Statistics of real and generated features that arrive in batches, equally many of each."""

    def add(self, real: np.ndarray | None, fake: np.ndarray) -> None: ...

    def result(self) -> dict[str, Any]:
        """`value`, and what belongs to it."""
        ...

    def state(self) -> State: ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None: ...


@dataclass(frozen=True)
class Kind:
    """A statistic over any feature network.

    Attributes:
        make: from a network and a number of samples.
        arrange: features (N, T, D) of a network of frames, and the number of the first clip, to
            what the metric takes.
        needs_frames: makes sense for networks of frames only.
        reads_classes: takes probabilities instead of features.
    """

    make: Callable[[FeatureNetwork, int], Metric]
    arrange: Callable[[np.ndarray, int], np.ndarray] | None = None
    needs_frames: bool = False
    reads_classes: bool = False


def every_frame(features: np.ndarray, first: int) -> np.ndarray:
    """Every frame is a sample."""
    return rearrange(features, "n t d -> (n t) d")


def one_frame_each(features: np.ndarray, first: int) -> np.ndarray:
    """Frame k mod T of clip k: frames of one clip are too alike to count as separate samples."""
    count, frames = features.shape[:2]
    return features[np.arange(count), (first + np.arange(count)) % frames]


def mean_frame(features: np.ndarray, first: int) -> np.ndarray:
    """A clip is the mean of its frames."""
    return features.mean(1)


KINDS = {
    "frechet": Kind(lambda network, n: FrechetDistance(network.size), every_frame),
    "kid": Kind(
        lambda network, n: KernelDistance(network.size, block=block_size(n)), one_frame_each
    ),
    "diversity": Kind(lambda network, n: Diversity(), mean_frame),
    "acd": Kind(lambda network, n: ContentDistance(), needs_frames=True),
    "inception_score": Kind(
        lambda network, n: InceptionScore(len(network.labels), group=max(n // SCORES, 1)),
        reads_classes=True,
    ),
    "class_histogram": Kind(lambda network, n: ClassHistogram(network.labels), reads_classes=True),
}


@dataclass(frozen=True)
class Named:
    """A metric with a name of its own.

    Attributes:
        kind, network: keys of their tables.
        samples, frames: of the published protocol; None leaves them open.
        needs_real: whether real clips are measured too.
        source: whose protocol it is.
    """

    kind: str
    network: str
    samples: int | None = None
    frames: int | None = None
    needs_real: bool = True
    source: str | None = None


NAMED = {
    "fvd": Named("frechet", "i3d", 2048, 16, source="StyleGAN-V, fvd2048_16f"),
    # Four seeds of 10,000 samples, of which the authors' program keeps 10000 // 48 * 48.
    "inception_score_ucf101": Named(
        "inception_score", "c3d", SCORES * 9984, 16, needs_real=False, source="Saito et al. 2017"
    ),
    "acd_color": Named("acd", "color"),
}


def parse_metric(name: str, networks: Iterable[str]) -> Named:
    """What a metric's name stands for: one of `NAMED`, or `<kind>_<network>`.

    Raises:
        ValueError: neither; the message lists the choices.
    """
    if name in NAMED:
        return NAMED[name]
    networks = sorted(networks)
    for kind in KINDS:
        network = name.removeprefix(f"{kind}_")
        if network in networks and network != name:
            return Named(kind, network)
    every = [*NAMED, *(f"{kind}_{network}" for kind in KINDS for network in networks)]
    raise ValueError(
        f"unknown metric '{name}'{did_you_mean(name, every)}; choose from gam, nearest, "
        f"{', '.join(NAMED)}, or KIND_NETWORK with a KIND of {', '.join(KINDS)} and a NETWORK of "
        f"{', '.join(networks)}"
    )


class Measure:
    """One metric over one network while clips stream by.

    Args:
        name: of the metric.
        named: what it stands for.
        samples: of each kind, unless its protocol says another number.
        frames: T of the clips.

    Raises:
        ValueError: the network cannot be used for it, or the clips are not of its protocol.
    """

    def __init__(
        self, name: str, named: Named, network: FeatureNetwork, *, samples: int, frames: int
    ) -> None:
        self.name, self.named, self.network = name, named, network
        self.kind = KINDS[named.kind]
        self.samples = named.samples or samples
        self.needs_real = named.needs_real
        self._check(frames)
        self.metric = self.kind.make(network, self.samples)

    def add(self, real: np.ndarray | None, fake: np.ndarray, first: int) -> None:
        """Take in what the network gave for clips `first`, ... of each kind."""
        arranged = [None if side is None else self._arrange(side, first) for side in (real, fake)]
        self.metric.add(*arranged)

    def result(self) -> tuple[str, dict[str, Any]]:
        """The name, which tells of a projection, and the number with its protocol."""
        found = self.metric.result()
        name = self.name
        if "projection" in found:
            plain = f"{self.named.kind}_{self.named.network}"
            name = f"{plain}_projected{found['projection']['dimensions']}"
        protocol = {"kind": self.named.kind, "network": dict(self.network.protocol)}
        protocol |= {"dimensions": self.network.size, "samples": self.samples}
        if self.named.source:
            protocol["as"] = self.named.source
        return name, found | {"protocol": protocol}

    def _arrange(self, features: np.ndarray, first: int) -> np.ndarray:
        if self.kind.reads_classes or not self.network.per_frame or self.kind.arrange is None:
            return features
        return self.kind.arrange(features, first)

    def _check(self, frames: int) -> None:
        network, named = self.network, self.named
        if self.kind.needs_frames and not network.per_frame:
            problem = "gives one vector per clip and this needs one per frame"
        elif self.kind.reads_classes and not hasattr(network, "probabilities"):
            problem = "tells no classes apart"
        elif named.kind == "frechet" and network.size > MAX_DIMENSIONS:
            problem = f"has {network.size} dimensions and a covariance takes {MAX_DIMENSIONS}"
        elif named.frames not in (None, frames):
            plain = f"{named.kind}_{named.network}"
            problem = f"takes {named.frames} frames and these clips have {frames}: ask for {plain}"
        else:
            return
        raise ValueError(f"{self.name}: network '{network.name}' {problem}")


def build_measures(
    names: Iterable[str],
    networks: Mapping[str, FeatureNetwork],
    *,
    samples: int,
    frames: int,
) -> list[Measure]:
    """One measure per name, over networks that `parse_metric` and `load_networks` gave.

    Raises:
        ValueError: as `parse_metric` and `Measure`.
    """
    parsed = {name: parse_metric(name, networks) for name in names}
    return [
        Measure(name, named, networks[named.network], samples=samples, frames=frames)
        for name, named in parsed.items()
    ]
