"""What `tgan evaluate` measures: a run's samples and critic, and the real clips beside them."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from tgan.config import Config, DataConfig
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset
from tgan.evaluation.streams import GeneratedClips
from tgan.evaluation.swap import Player
from tgan.runs.build import (
    build_held_out,
    build_source,
    build_told,
    load_critic,
    load_generator,
    with_labels,
)
from tgan.training.checkpoint import MANIFEST, find_checkpoint

HELD_OUT, TRAIN = "held-out", "train"
# Settings of data that change nothing about the clips of training.
NOT_TRAINED_ON = ("held_out_path", "workers", "labels", "download")


@dataclass
class Subject:
    """A checkpoint of a run.

    Attributes:
        path: of the checkpoint.
        config: of the run.
        generator: on its device, in inference mode.
        about: path, step, SHA-256 of the checkpoint's manifest, and which weights, for JSON.
    """

    path: Path
    config: Config
    generator: nn.Module
    about: dict[str, Any]

    def clips(self, first_seed: int) -> GeneratedClips:
        """Samples from `first_seed` on, of classes as frequent as in the training data.

        A generator that starts from pictures gets those of held-out clips, where there are any.
        """
        condition, source = build_told(self.config)
        return GeneratedClips(
            self.generator,
            size=self.config.generator.z_slow,
            first_seed=first_seed,
            condition=condition,
            source=source,
        )

    def training_clips(self) -> ClipSource:
        """What the run was trained on.

        Raises:
            ValueError: it is no longer there, or has other classes than it had.
        """
        return build_source(with_labels(self.config))

    def player(self, first_seed: int, device: str) -> Player:
        """The samples with the critic that they were trained against."""
        critic, _ = load_critic(self.path)
        return Player(self.clips(first_seed), critic.to(device))


def load_subject(run: str, *, weights: str, device: str) -> Subject:
    """The checkpoint that `run` names, or its newest.

    Raises:
        ValueError: there is none, or it has no such weights.
    """
    checkpoint = find_checkpoint(run)
    generator, config = load_generator(checkpoint.path, weights=weights)
    if weights == "auto":
        weights = "average" if "average" in checkpoint.tensors else "generator"
    about = {
        "path": str(checkpoint.path),
        "step": checkpoint.step,
        "manifest_sha256": hashlib.sha256((checkpoint.path / MANIFEST).read_bytes()).hexdigest(),
        "weights": weights,
    }
    return Subject(checkpoint.path, config, generator.to(device), about)


def real_clips(config: Config, data: str) -> tuple[ClipSource, dict[str, Any]]:
    """The real clips that `--data` names, of the sizes in `config`, and what they are, for JSON.

    Raises:
        ValueError: the run has no held-out clips, or there are none at that path.
    """
    settings = config.data
    if data == HELD_OUT:
        source = build_held_out(config)
        if source is None:
            raise ValueError(
                "the run has no held-out clips (data.held_out_path): name a folder with --data, or "
                "--data train for the clips that it was trained on"
            )
        path = settings.dataset or settings.held_out_path or settings.path
    elif data == TRAIN:
        source, path = build_source(config), settings.dataset or settings.path
    else:
        source, path = open_like(settings, data), data
    kind = data if data in (HELD_OUT, TRAIN) else "folder"
    return source, {"kind": kind, "from": path or settings.name, "videos": len(source)}


def bare_config(
    data: str, *, resolution: int, num_frames: int, stride: int, channels: int
) -> Config:
    """A configuration that says of the clips in a folder what a run would."""
    sizes = {"resolution": resolution, "num_frames": num_frames, "channels": channels}
    sizes["stride"] = stride
    name = "images" if num_frames == 1 else "videos"
    return Config(data=DataConfig(name=name, path=data, **sizes))


def check_unseen(subject: Subject, source: ClipSource, kind: str) -> None:
    """Check clips that a run is judged by beside its training clips.

    Raises:
        ValueError: they are its training clips, or not of its classes.
    """
    config = subject.config
    if kind == TRAIN:
        raise ValueError(
            "gam and nearest need clips that the run was not trained on: name a folder with --data"
        )
    unlabelled = any(source.label(index) is None for index in range(len(source)))
    if config.conditional and (source.labels != config.data.labels or unlabelled):
        found = ", ".join(source.labels) or "none"
        raise ValueError(
            f"gam and nearest need clips of the run's classes, {', '.join(config.data.labels)}; "
            f"those of the real clips are {found}"
        )


def check_rivals(a: Config, b: Config) -> list[str]:
    """Warnings on two runs whose critics are to be swapped.

    Raises:
        ValueError: one critic cannot take the other's samples.
    """
    for name in ("num_frames", "resolution", "channels"):
        first, second = getattr(a.data, name), getattr(b.data, name)
        if first != second:
            raise ValueError(f"gam: the runs differ in data.{name}, {first} and {second}")
    if (a.conditional, a.given, a.data.labels) != (b.conditional, b.given, b.data.labels):
        raise ValueError(
            "gam: the runs differ in what networks are told, so critics cannot be swapped"
        )
    first, second = asdict(a.data), asdict(b.data)
    different = [n for n in first if n not in NOT_TRAINED_ON and first[n] != second[n]]
    if different:
        return [f"gam: the runs were trained on different data ({', '.join(different)} differ)"]
    return []


def open_like(settings: DataConfig, path: str) -> ClipSource:
    """The clips at another path, of the sizes and the kind of data that `settings` has.

    Raises:
        ValueError: there are none.
    """
    name = settings.name
    if name not in ("images", "videos", "rgbd"):
        name = "images" if settings.num_frames == 1 else "videos"
    return open_dataset(replace(settings, name=name, path=path))
