"""From the arguments of `tgan detect images` to pictures and their scores."""

import dataclasses
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn
from tqdm import tqdm

from tgan.anomaly.images.encoder import DIRECTORY, load_encoder
from tgan.anomaly.images.pca import PrincipalComponents
from tgan.anomaly.images.pictures import are_abnormal, check_scores_pictures, picture_tensor
from tgan.anomaly.images.scores import (
    Scored,
    score_by_critic,
    score_by_encoder,
    score_by_search,
    search_reports,
)
from tgan.cli.picture_arguments import HELD_OUT, METHODS
from tgan.config import Config, DataConfig
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out, open_like
from tgan.runs.trained import load


@dataclass(frozen=True)
class Detector:
    """All that scoring needs, loaded and checked.

    Attributes:
        methods: names in `DETECTORS`.
        source, pictures: what is scored, as a source and as a tensor (N, C, 1, H, W).
        is_abnormal: (N,), or None where nothing says what is normal.
        training: the pictures that the run was trained on; None unless a method needs them.
    """

    arguments: Namespace
    config: Config
    methods: list[str]
    generator: nn.Module
    critic: nn.Module
    encoder: nn.Module | None
    source: ClipSource
    pictures: Tensor
    is_abnormal: np.ndarray | None
    training: ClipSource | None

    def score(self) -> dict[str, Scored]:
        """Scores by method, on the CPU."""
        return {method: DETECTORS[method](self) for method in self.methods}


def open_detector(arguments: Namespace) -> Detector:
    """Load networks and pictures.

    Raises:
        ValueError: a run of another kind, no encoder or one of other weights, pictures that are
            not there, or classes that they do not have.
    """
    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    generator, config, device = run.generator, run.config, run.device
    check_scores_pictures(config, arguments.run)
    critic = run.critic
    methods = arguments.methods or [
        name for name in METHODS if name != "encoder" or (arguments.run / DIRECTORY).exists()
    ]
    encoder = None
    if "encoder" in methods:
        encoder = load_encoder(arguments.run, generator)[0].to(device)
    training = open_dataset(config.data) if "pca" in methods else None
    source = open_pictures(arguments.pictures, config.data, labels_key=arguments.labels_key)
    is_abnormal = are_abnormal(source, arguments.normal) if arguments.normal else None
    for network in (generator, critic):
        network.requires_grad_(False).to(device)
    pictures = picture_tensor(source).to(device)
    loaded = (methods, generator, critic, encoder, source, pictures, is_abnormal, training)
    return Detector(arguments, config, *loaded)


def open_pictures(text: str, data: DataConfig, *, labels_key: str | None = None) -> ClipSource:
    """The pictures that `text` names, at the resolution and with the channels of `data`.

    Args:
        text: a folder, a .npz file, or `held-out`: what `data` hold back, of all classes.
        labels_key: the array of an archive that names classes.

    Raises:
        ValueError: nothing there, or data that hold nothing back.
    """
    if text != HELD_OUT:
        whole = dataclasses.replace(data, classes=[], crops=0, labels_key=labels_key)
        return open_like(whole, text)
    if labels_key is not None:
        raise ValueError(f"--labels-key is for a .npz file, not for {HELD_OUT}")
    source = open_held_out(dataclasses.replace(data, classes=[]))
    if source is None:
        raise ValueError(
            f"{HELD_OUT}: the run's data.name {data.name} holds nothing back and names no "
            "data.held_out_path; name a folder"
        )
    return source


def _by_critic(detector: Detector) -> Scored:
    return score_by_critic(
        detector.pictures, detector.critic, batch_size=detector.arguments.batch_size
    )


def _by_search(detector: Detector) -> Scored:
    options = {name: getattr(detector.arguments, name) for name in ("steps", "restarts")}
    batch_size = detector.arguments.batch_size
    total = search_reports(len(detector.pictures), batch_size=batch_size, **options)
    with tqdm(total=total, unit="step", desc="search") as bar:
        return score_by_search(
            detector.pictures,
            detector.generator,
            detector.critic,
            size=detector.config.generator.z_slow,
            seed=detector.arguments.seed,
            batch_size=batch_size,
            report=bar.update,
            **options,
        )


def _by_encoder(detector: Detector) -> Scored:
    return score_by_encoder(
        detector.pictures,
        detector.generator,
        detector.critic,
        detector.encoder,
        batch_size=detector.arguments.batch_size,
    )


def _by_pca(detector: Detector) -> Scored:
    return PrincipalComponents(picture_tensor(detector.training)).score(detector.pictures)


DETECTORS: dict[str, Callable[[Detector], Scored]] = {
    "critic": _by_critic,
    "search": _by_search,
    "encoder": _by_encoder,
    "pca": _by_pca,
}
