"""Metrics by name: a kind of statistic over a feature network.

A name such as `frechet_efficientnet_lite0` says both. Names of published metrics are kept for
their published protocol: network, preprocessing, number of samples and of frames.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tgan.evaluation.kinds import KINDS, SCORES, Kind, Metric
from tgan.evaluation.names import GAM, NEAREST
from tgan.features.base import FeatureNetwork
from tgan.lookup import did_you_mean
from tgan.metrics.pooled import pooled_size

# A matrix of this many dimensions takes 0.5 GB.
MAX_DIMENSIONS = 8192


@dataclass(frozen=True)
class Named:
    """What the name of a metric stands for.

    Attributes:
        kind, network: their names.
        samples, frames: of the published protocol; None leaves them open.
        needs_real: whether real clips are measured too.
        source: whose protocol it is.
        own: a user's own kind; None is the one in `KINDS`.
    """

    kind: str
    network: str
    samples: int | None = None
    frames: int | None = None
    needs_real: bool = True
    source: str | None = None
    own: Kind | None = None


NAMED = {
    "fvd": Named("frechet", "i3d", 2048, 16, source="StyleGAN-V, fvd2048_16f"),
    # The count that its package takes by default.
    "jedi": Named("mmd2", "vjepa", 5000, 16, source="Luo et al. 2024, videojedi 1.1.0"),
    "cd_fvd": Named("frechet", "videomae", 2048, 16, source="Ge et al. 2024, cd-fvd 0.1.1"),
    # Four seeds of 10,000 samples, of which the authors' program keeps 10000 // 48 * 48.
    "inception_score_ucf101": Named(
        "inception_score", "c3d", SCORES * 9984, 16, needs_real=False, source="Saito et al. 2017"
    ),
    "acd_color": Named("acd", "color"),
}


def default_metrics(num_frames: int, *, are_pictures: bool = True) -> list[str]:
    """Metrics that need no weights, for clips of so many frames, or for levels."""
    if not are_pictures:
        return ["frechet_tiles", "kid_tiles", "diversity_tiles", "diversity_pixels"]
    pooled = f"pooled{pooled_size(num_frames)}"
    names = [f"frechet_{pooled}", f"kid_{pooled}", f"diversity_{pooled}", "diversity_pixels"]
    return names if num_frames == 1 else [*names, "acd_color"]


def parse_metrics(
    metrics: Iterable[str | tuple[str, Kind | Metric]], networks: Iterable[str]
) -> dict[str, Named]:
    """What metrics stand for, by name: as `parse_metric`, or pairs of a name and a user's own.

    A metric of one's own has a name that ends in its network's, such as `shift_pooled192`. It is a
    `Kind`, or a `Metric`, which is copied before it is used.

    Raises:
        ValueError: a name that says no network, or that the package has; something else than a
            metric.
    """
    networks = sorted(networks)
    found = {}
    for metric in metrics:
        if isinstance(metric, str):
            found[metric] = parse_metric(metric, networks)
        elif isinstance(metric, tuple) and len(metric) == 2 and isinstance(metric[0], str):
            found[metric[0]] = _own_metric(*metric, networks)
        else:
            raise ValueError(
                f"{metric!r:.80} is no metric: a name is needed, or a pair of a name and a metric"
            )
    return found


def parse_metric(name: str, networks: Iterable[str]) -> Named:
    """What a metric's name stands for: one of `NAMED`, or `<kind>_<network>`.

    Raises:
        ValueError: neither; the message lists the choices.
    """
    networks = sorted(networks)
    found = _known_metric(name, networks)
    if found is not None:
        return found
    every = [*NAMED, GAM, NEAREST, *(f"{kind}_{n}" for kind in KINDS for n in networks)]
    raise ValueError(
        f"unknown metric '{name}'{did_you_mean(name, every)}; choose from {GAM}, {NEAREST}, "
        f"{', '.join(NAMED)}, or KIND_NETWORK with a KIND of {', '.join(KINDS)} and a NETWORK of "
        f"{', '.join(networks)}"
    )


def _known_metric(name: str, networks: Iterable[str]) -> Named | None:
    if name in NAMED:
        return NAMED[name]
    pairs = {f"{kind}_{network}": Named(kind, network) for kind in KINDS for network in networks}
    return pairs.get(name)


def _own_metric(name: str, own: Kind | Metric, networks: Iterable[str]) -> Named:
    if name in (GAM, NEAREST) or _known_metric(name, networks):
        raise ValueError(f"metric '{name}' is one of the package's: give yours another name")
    network = max((n for n in networks if name.endswith(f"_{n}")), key=len, default=None)
    if network is None:
        raise ValueError(
            f"metric '{name}' has to end in the network that it reads, such as '{name}_pixels'; "
            f"choose from {', '.join(networks)}"
        )
    if not isinstance(own, Kind):
        lacking = [a for a in ("add", "result", "state", "load_state") if not hasattr(own, a)]
        if lacking or isinstance(own, type):
            what = f"has no {', '.join(lacking)}" if lacking else "is a class; hand over an object"
            raise ValueError(f"metric '{name}': {own!r:.80} {what}")
        own = Kind(partial(_copy_of, own))
    return Named(name.removesuffix(f"_{network}"), network, own=own)


def _copy_of(metric: Metric, network: FeatureNetwork, samples: int) -> Metric:
    return deepcopy(metric)


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
        self.kind = named.own or KINDS[named.kind]
        self.samples = named.samples or samples
        self.needs_real = named.needs_real
        self.frames = frames
        self._check()
        self.metric = self.kind.make(network, self.samples)

    @property
    def reads_one_frame(self) -> bool:
        """Whether the network need not be given more than one frame of each clip."""
        return self.kind.reads_one_frame and getattr(self.network, "frames_apart", False)

    def add(self, real: np.ndarray | None, fake: np.ndarray, first: int) -> None:
        """Take in what the network gave for clips `first`, ... of each kind."""
        sides: Any = (None if side is None else self._arrange(side, first) for side in (real, fake))
        self.metric.add(*sides)

    def result(self) -> tuple[str, dict[str, Any]]:
        """The name, which tells of a projection, and the number with its protocol.

        Raises:
            ValueError: a user's own metric has a result without `value`.
        """
        found, name = self.metric.result(), self.name
        if not isinstance(found, Mapping) or "value" not in found:
            raise ValueError(f"metric '{name}': its result has no 'value': {found!r:.80}")
        if "projection" in found:
            plain = f"{self.named.kind}_{self.named.network}"
            name = f"{plain}_projected{found['projection']['dimensions']}"
        protocol: dict[str, Any] = {"kind": self.named.kind}
        protocol["network"] = dict(self.network.protocol)
        protocol |= {"dimensions": self.network.size, "samples": self.samples}
        if self.named.source:
            protocol["as"] = self.named.source
        return name, found | {"protocol": protocol}

    def _arrange(self, features: np.ndarray, first: int) -> np.ndarray:
        if not self.network.per_frame or self.kind.arrange is None:
            return features
        return self.kind.arrange(features, first)

    def _check(self) -> None:
        network, named = self.network, self.named
        if self.kind.needs_frames and not network.per_frame:
            problem = "gives one vector per clip and this needs one per frame"
        elif self.kind.reads_classes and not hasattr(network, "probabilities"):
            problem = "tells no classes apart"
        elif self.kind.keeps_matrix and network.size > MAX_DIMENSIONS:
            problem = f"has {network.size} dimensions and this takes {MAX_DIMENSIONS}: ask for kid"
        elif named.frames not in (None, self.frames):
            plain, here = f"{named.kind}_{named.network}", self.frames
            problem = f"takes {named.frames} frames and these clips have {here}: ask for {plain}"
        else:
            return
        raise ValueError(f"{self.name}: network '{network.name}' {problem}")


def build_measures(
    metrics: Iterable[str | tuple[str, Kind | Metric]],
    networks: Mapping[str, FeatureNetwork],
    *,
    samples: int,
    frames: int,
) -> list[Measure]:
    """One measure per metric, over networks that `load_networks` returned.

    Raises:
        ValueError: as `parse_metrics` and `Measure`.
    """
    return [
        Measure(name, named, networks[named.network], samples=samples, frames=frames)
        for name, named in parse_metrics(metrics, networks).items()
    ]
