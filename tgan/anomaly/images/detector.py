"""Image anomaly detection: how abnormal pictures are for a GAN that was trained on normal ones."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgan.anomaly.images.encoder import TrainedEncoder, load_encoder, weights_hash
from tgan.anomaly.images.names import ENCODER, METHODS
from tgan.anomaly.images.pca import PrincipalComponents
from tgan.anomaly.images.pictures import (
    Pictures,
    check_scores_pictures,
    open_pictures,
    picture_tensor,
)
from tgan.anomaly.images.results import ImageScores
from tgan.anomaly.images.scores import (
    SEARCH_STEPS,
    MethodScores,
    fixed,
    score_by_critic,
    score_by_encoder,
    score_by_search,
    search_reports,
)
from tgan.lookup import look_up
from tgan.runs.checks import check_alone
from tgan.runs.trained import TrainedRun, load
from tgan.system.device import usable_device
from tgan.system.progress import progress


class ImageDetector:
    """Scores pictures by a GAN of images that was trained on normal ones.

    Args:
        run: of images without classes, as `tgan.load` returns it, or the path that `tgan.load`
            takes; its networks stay as they are.
        methods: any of `critic`, `search` (AnoGAN), `encoder` (f-AnoGAN) and `pca` (principal
            components of the training pictures, a baseline). All by default, without `encoder`
            where the run has none.
        encoder: for the method of that name: a network from pictures (N, C, 1, H, W) to latents,
            or what `train_encoder` returned. By default the one that was saved with the run.
        steps: of a search.
        restarts: searches per picture.
        seed: of the searches' starts.
        batch_size: pictures that go through networks at once.
        device: where networks and pictures are moved to; by default where the generator is.

    Attributes:
        methods: names of the methods, in the order of the results.

    Raises:
        ValueError: the run is one of clips or of a conditional GAN, its critic does not judge
            pictures one by one, an unknown method, a number that is out of range, or a device that
            cannot be used; for a path, as `tgan.load`.
        NoEncoder: a ValueError: the run has no encoder, or one of other weights.

    Example:
        >>> run = tgan.load("runs/without-9")
        >>> found = tgan.ImageDetector(run, methods=["critic", "pca"]).score("held-out")
        >>> found.scores["pca"]  # (N,), higher is more abnormal
        >>> found.metrics(normal=[str(digit) for digit in range(9)])

    An encoder has to be trained first, once for each run:

        >>> from tgan.anomaly.images.encoder_training import train_encoder
        >>> train_encoder(run, steps=1000, learning_rate=1e-3).save(run.path)
    """

    def __init__(
        self,
        run: TrainedRun | str | Path,
        methods: Sequence[str] | None = None,
        *,
        encoder: nn.Module | TrainedEncoder | None = None,
        steps: int = SEARCH_STEPS,
        restarts: int = 1,
        seed: int = 0,
        batch_size: int = 64,
        device: str | torch.device | None = None,
    ) -> None:
        run = load(run) if isinstance(run, str | Path) else run
        check_scores_pictures(run)
        for name in methods or ():
            look_up(DETECTORS, name, kind="method")
        _check(1, steps=steps, restarts=restarts, batch_size=batch_size)
        _check(0, seed=seed)
        self.run = run
        self.methods = list(dict.fromkeys(methods or default_methods(run, encoder)))
        for name in self.methods:
            _check_critic(run, name)
        self.search = {"steps": steps, "restarts": restarts, "seed": seed}
        self.batch_size = batch_size
        self.generator, self.critic = run.generator, run.critic
        self.device = next(self.generator.parameters()).device
        if device is not None:
            self.device = usable_device(device)
            self.generator, self.critic = (n.to(self.device) for n in (run.generator, run.critic))
        self.encoder = None
        if "encoder" in self.methods:
            found = load_encoder(run.path, run.generator) if encoder is None else encoder
            network = found.network if isinstance(found, TrainedEncoder) else found
            self.encoder = network.to(self.device)
        if "pca" in self.methods:
            len(run.data)  # Raises if they are gone, before anything is scored.

    def open(
        self,
        pictures: Any,
        *,
        labels: Sequence[Any] | None = None,
        labels_key: str | None = None,
    ) -> Pictures:
        """Open pictures without scoring them yet; arguments and errors as for `score`."""
        return open_pictures(self.run, pictures, labels=labels, labels_key=labels_key)

    def score(
        self,
        pictures: Any,
        *,
        labels: Sequence[Any] | None = None,
        labels_key: str | None = None,
    ) -> ImageScores:
        """Score pictures by every method; a bar shows the progress of a search.

        Args:
            pictures: a folder, with a folder per class if there are classes, or a `.npz` file
                with an array `images`, both read at the run's resolution and channels; `held-out`,
                the pictures that the run's own data hold back from training, of all classes; or,
                of the run's sizes, uint8 (N, H, W, C) or (N, 1, H, W, C), a dataset or a source
                of clips, as `tgan.train` takes them.
            labels: (N,), the class of each picture of an array.
            labels_key: the array of a `.npz` file that holds the class of each picture.

        Raises:
            ValueError: there are no such pictures, the run's data hold none back, they have
                another type or other sizes, or classes do not belong to them.
        """
        opened = self.open(pictures, labels=labels, labels_key=labels_key)
        tensor = opened.tensor.to(self.device)
        networks = [self.generator, self.critic]
        networks += [] if self.encoder is None else [self.encoder]
        with fixed(*networks):
            found = {name: DETECTORS[name](self, tensor).cpu() for name in self.methods}
        return ImageScores(opened, found, self._about())

    def _about(self) -> dict[str, Any]:
        return {
            "search": self.search,
            "run": str(self.run.path),
            "generator": weights_hash(self.generator),
        }

    def __repr__(self) -> str:
        return f"ImageDetector('{self.run.path}', {self.methods})"


def default_methods(
    run: TrainedRun, encoder: nn.Module | TrainedEncoder | None = None
) -> list[str]:
    """List all methods, without `encoder` where neither the run nor the caller has one."""
    has_encoder = encoder is not None or (Path(run.path) / ENCODER).exists()
    return [name for name in METHODS if name != "encoder" or has_encoder]


def _by_critic(detector: ImageDetector, pictures: Tensor) -> MethodScores:
    return score_by_critic(pictures, detector.critic, batch_size=detector.batch_size)


def _by_search(detector: ImageDetector, pictures: Tensor) -> MethodScores:
    batch_size, search = detector.batch_size, detector.search
    counts = {name: search[name] for name in ("steps", "restarts")}
    total = search_reports(len(pictures), batch_size=batch_size, **counts)
    with progress(total, unit="step", desc="search") as bar:
        return score_by_search(
            pictures,
            detector.generator,
            detector.critic,
            size=detector.run.config.generator.z_slow,
            batch_size=batch_size,
            report=bar.update,
            **search,
        )


def _by_encoder(detector: ImageDetector, pictures: Tensor) -> MethodScores:
    assert detector.encoder is not None, "the detector has this method, but no encoder"
    networks = (detector.generator, detector.critic, detector.encoder)
    return score_by_encoder(pictures, *networks, batch_size=detector.batch_size)


def _by_pca(detector: ImageDetector, pictures: Tensor) -> MethodScores:
    return PrincipalComponents(picture_tensor(detector.run.data)).score(pictures)


# Each scores pictures (N, C, 1, H, W) on the detector's device.
DETECTORS: dict[str, Callable[[ImageDetector, Tensor], MethodScores]] = {
    "critic": _by_critic,
    "search": _by_search,
    "encoder": _by_encoder,
    "pca": _by_pca,
}


def _check_critic(run: TrainedRun, method: str) -> None:
    """Refuse a method that looks at single pictures through a critic of several."""
    if method != "pca":
        check_alone(run.config, f"method '{method}'", features=method != "critic")


def _check(least: int, **numbers: int) -> None:
    for name, value in numbers.items():
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} {value} is no whole number from {least}")
