"""What `tgan evaluate` measures: a run's samples and critic, and the real clips beside them."""

import hashlib
from dataclasses import asdict
from typing import Any

from tgan.config import Config, DataConfig
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_like
from tgan.evaluation.streams import GeneratedClips
from tgan.evaluation.swap import Player
from tgan.runs.trained import HELD_OUT, TRAIN, TrainedRun
from tgan.training.checkpoint import MANIFEST

# Settings of data that change nothing about the clips of training.
NOT_TRAINED_ON = ("held_out_path", "workers", "download")


def generated_clips(run: TrainedRun, first_seed: int) -> GeneratedClips:
    """Samples of a run from `first_seed` on, under conditions as frequent as in training."""
    return GeneratedClips(
        run.generator,
        size=run.config.generator.z_slow,
        first_seed=first_seed,
        conditioning=run.conditioning,
        source=run.conditions,
    )


def player(run: TrainedRun, first_seed: int) -> Player:
    """The samples of a run with the critic that they were trained against."""
    return Player(generated_clips(run, first_seed), run.critic)


def about(run: TrainedRun) -> dict[str, Any]:
    """Path, step, SHA-256 of the checkpoint's manifest, and which weights, for JSON."""
    path = run.checkpoint.path
    return {
        "path": str(path),
        "step": run.step,
        "manifest_sha256": hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest(),
        "weights": run.weights,
    }


def real_clips(
    run: TrainedRun | None, config: Config, data: str
) -> tuple[ClipSource, dict[str, Any]]:
    """The real clips that `--data` names, and what they are, for JSON.

    Raises:
        ValueError: the run has no held-out clips, or there are none at that path.
    """
    settings = config.data
    source = open_like(settings, data) if run is None else run.clips(data)
    places = {
        HELD_OUT: settings.dataset or settings.held_out_path or settings.path,
        TRAIN: settings.dataset or settings.path,
    }
    path = places.get(data, data) if run is not None else data
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


def check_unseen(run: TrainedRun, source: ClipSource, kind: str) -> None:
    """Check clips that a run is judged by beside its training clips.

    Raises:
        ValueError: they are its training clips, or not of its classes.
    """
    if kind == TRAIN:
        raise ValueError(
            "gam and nearest need clips that the run was not trained on: name a folder with --data"
        )
    unlabelled = any(source.label(index) is None for index in range(len(source)))
    if run.config.conditional and (source.labels != run.classes or unlabelled):
        found = ", ".join(source.labels) or "none"
        raise ValueError(
            f"gam and nearest need clips of the run's classes, {', '.join(run.classes)}; "
            f"those of the real clips are {found}"
        )


def check_rivals(a: TrainedRun, b: TrainedRun) -> list[str]:
    """Warnings on two runs whose critics are to be swapped.

    Raises:
        ValueError: one critic cannot take the other's samples.
    """
    for name in ("num_frames", "resolution", "channels"):
        first, second = (getattr(run.config.data, name) for run in (a, b))
        if first != second:
            raise ValueError(f"gam: the runs differ in data.{name}, {first} and {second}")
    conditions = [(r.config.conditional, r.config.data.input, r.classes) for r in (a, b)]
    if conditions[0] != conditions[1]:
        raise ValueError(
            "gam: the runs differ in what networks are conditioned on, so critics cannot be swapped"
        )
    first, second = asdict(a.config.data), asdict(b.config.data)
    different = [n for n in first if n not in NOT_TRAINED_ON and first[n] != second[n]]
    if different:
        return [f"gam: the runs were trained on different data ({', '.join(different)} differ)"]
    return []
