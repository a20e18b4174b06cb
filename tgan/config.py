"""The typed description of an experiment.

Plain dataclasses, read from YAML and from the command line; nothing in them names a class or a
module, so a configuration cannot import or run code. Defaults are the paper's UCF-101 setting
(Saito et al. 2017) except for the data.
"""

import math
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from tgan.lookup import did_you_mean
from tgan.sizes import base_side

Initialisation = Literal["he_normal", "lecun_normal", "uniform", "normal", "dcgan", "small_normal"]
# Names of `tgan.data.torchvision_sets`, which are checked before anything is imported.
TORCHVISION_NAMES = (
    *("MNIST", "FashionMNIST", "KMNIST", "USPS"),
    *("CIFAR10", "CIFAR100", "SVHN", "STL10", "GTSRB"),
)
# What is made of single frames.
_IMAGES = ("images", "torchvision", "digits")


@dataclass
class DataConfig:
    """Where clips come from; an image is a clip of one frame.

    Attributes:
        name: videos (a folder, prepared or not), images (a folder of pictures, or a .npz file),
            torchvision (images of a data set that it knows), or what is built in: moving_digits,
            or digits, which are images.
        path: the folder or file; for torchvision the folder that it keeps data sets in (none: in
            the user's cache); for moving digits an MNIST image file in IDX format (none:
            scikit-learn's digits).
        held_out_path: another one, for distances only; digits have their own, and those of
            torchvision are the test split.
        dataset: of torchvision, by its name there.
        download: whether torchvision fetches a data set that is not there.
        labels_key: the array of a .npz file that names the classes of its images.
        resolution: height and width, 4 or 5 times a power of two, from 8.
        channels: 1 for grey, 3 for RGB, 4 for RGB and one more.
        num_frames: frames per clip: what the generator can make, such as a multiple of 16; 1 for
            images.
        stride: every stride-th frame of a video is taken.
        num_digits: moving digits per clip.
        num_clips: number of different clips of moving digits.
        classes: names of the classes to take, where the data have classes; none takes all clips.
        labels: names of the classes; a conditional run takes them from its data.
        workers: processes that read ahead; 0 reads in the training process.
    """

    name: Literal["moving_digits", "videos", "images", "torchvision", "digits"] = "moving_digits"
    path: str | None = None
    held_out_path: str | None = None
    dataset: str | None = None
    download: bool = False
    labels_key: str | None = None
    resolution: int = 64
    channels: Literal[1, 3, 4] = 3
    num_frames: int = 16
    stride: int = 1
    num_digits: int = 2
    num_clips: int = 10_000
    classes: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    workers: int = 0


@dataclass
class GeneratorConfig:
    """The generator.

    Attributes:
        name: tgan, or a baseline: deconv3d (3-D deconvolutions), videogan (two streams), or dcgan
            for images. The baselines have z_slow, width, image_shift and image_init, and refuse
            the rest.
        z_slow: numbers in the latent of a video.
        z_fast: numbers in the latent of a frame.
        temporal_width: channels of the temporal generator's first layer.
        width: channels of the image generator's first map.
        slow_in_image: whether the image generator sees the latent of the video too.
        temporal_shift: whether the temporal generator's batch norms have a shift.
        image_shift: whether the image generator's batch norms have a shift.
        temporal_init: initialisation of the temporal generator.
        image_init: initialisation of what makes images; none leaves it to the architecture
            (uniform for tgan, he_normal for deconv3d, small_normal for videogan, dcgan for dcgan).
    """

    name: Literal["tgan", "deconv3d", "videogan", "dcgan"] = "tgan"
    z_slow: int = 100
    z_fast: int = 100
    temporal_width: int = 512
    width: int = 512
    slow_in_image: bool = True
    temporal_shift: bool = False
    image_shift: bool = True
    temporal_init: Initialisation = "he_normal"
    image_init: Initialisation | None = None


@dataclass
class CriticConfig:
    """The critic.

    Attributes:
        name: of the architecture.
        width: channels after its first layer.
        batch_norm: whether it has batch norms.
        shift: whether they have a shift.
        init: initialisation.
    """

    name: Literal["conv3d"] = "conv3d"
    width: int = 64
    batch_norm: bool = True
    shift: bool = False
    init: Initialisation = "he_normal"


@dataclass
class ConstraintConfig:
    """What keeps the critic Lipschitz; none leaves a setting to the constraint's own default.

    Attributes:
        name: see docs/constraints.md.
        maximum: bound on weights, on singular values or on layers' norms.
        interval: project after every interval-th update of the critic.
        clips_gains: svc: whether gains of batch norms are clipped too.
        method: svc: how singular values are clipped.
        weight: of a penalty.
        iterations: of what is iterated at every update.
    """

    name: Literal[
        "none",
        "weight_clip",
        "svc",
        "svc_certified",
        "spectral_norm",
        "spectral_norm_conv",
        "wgan_gp",
        "wgan_lp",
        "dragan",
        "r1",
        "r1_r2",
        "orthonormal",
        "parseval",
        "aol",
    ] = "svc"
    maximum: float | None = None
    interval: int | None = None
    clips_gains: bool | None = None
    method: Literal["svd", "gram", "matmul", "subspace"] | None = None
    weight: float | None = None
    iterations: int | None = None


@dataclass
class OptimizerConfig:
    """An optimiser.

    Attributes:
        name: rmsprop or adam.
        lr: learning rate.
        alpha: rmsprop: decay of the running mean square.
        betas: adam: decays of the running means of gradient and square.
        eps: added to the root of the running mean square.
    """

    name: Literal["rmsprop", "adam"] = "rmsprop"
    lr: float = 5e-5
    alpha: float = 0.99
    betas: tuple[float, float] = (0.5, 0.9)
    eps: float = 1e-8


@dataclass
class TrainConfig:
    """How training goes.

    Attributes:
        steps: generator updates in all.
        batch_size: clips in the global batch, whatever the number of processes.
        schedule: simultaneous (both losses from one pass over the same fakes) or alternating
            (n_critic critic updates on fresh fakes, then the generator).
        n_critic: critic updates per generator update; 1 under the simultaneous schedule.
        seed: of weights, latents and order of clips.
        ema_decay: decay of a running mean of the generator's weights; none keeps no mean.
        mixed_precision: no, bf16, or fp16 (CUDA only).
        augment: how the critic's view of clips, real or not, is changed at random, alike in all
            frames of a clip: any of translation, flip, colour, cutout.
    """

    steps: int = 100_000
    batch_size: int = 32
    schedule: Literal["simultaneous", "alternating"] = "simultaneous"
    n_critic: int = 1
    seed: int = 0
    ema_decay: float | None = None
    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    augment: list[Literal["translation", "flip", "colour", "cutout"]] = field(default_factory=list)


@dataclass
class LogConfig:
    """What is written while training, and how often (in steps; 0 is never).

    Attributes:
        every: of metrics.
        preview_every: of previews, always the same seeds.
        preview_count: samples in a preview.
        checkpoint_every: of checkpoints; the last step always has one.
        critic_every: of reports on how Lipschitz the critic is (docs/constraints.md).
        keep_last: how many recent checkpoints are kept.
        milestones: steps whose checkpoints are kept for good.
        trackers: any of tensorboard, wandb, trackio.
        distance_clips: clips in the distance between samples and held-back real clips, printed
            before the first and after the last step; 0 measures none.
        fps: of previews.
    """

    every: int = 10
    preview_every: int = 1000
    preview_count: int = 16
    checkpoint_every: int = 1000
    critic_every: int = 1000
    keep_last: int = 3
    milestones: list[int] = field(default_factory=list)
    trackers: list[Literal["tensorboard", "wandb", "trackio"]] = field(
        default_factory=lambda: ["tensorboard"]
    )
    distance_clips: int = 0
    fps: float = 8


@dataclass
class Config:
    """A whole experiment.

    Attributes:
        objective: what critic and generator minimise.
        conditional: whether generator and critic are told the class of a video.
    """

    objective: Literal[
        "wasserstein", "minimax", "non_saturating", "least_squares", "hinge", "relativistic"
    ] = "wasserstein"
    conditional: bool = False
    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    constraint: ConstraintConfig = field(default_factory=ConstraintConfig)
    generator_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    critic_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    log: LogConfig = field(default_factory=LogConfig)


def validate(config: Config) -> None:
    """Raise one ValueError that lists every setting that is out of range or does not fit."""
    problems = [*_out_of_range(config), *_not_positive(config), *_misfits(config)]
    try:
        base_side(config.data.resolution)
    except ValueError as error:
        problems.append(f"data.{error}")
    if problems:
        raise ValueError("; ".join(problems))


_AT_LEAST_ONE = {
    "data": ["num_frames", "stride", "num_digits", "num_clips"],
    "generator": ["z_slow", "z_fast", "temporal_width", "width"],
    "critic": ["width"],
    "train": ["steps", "batch_size", "n_critic"],
    "log": ["every", "preview_count", "keep_last"],
}
_AT_LEAST_ZERO = {
    "data": ["workers"],
    "train": ["seed"],
    "log": ["preview_every", "checkpoint_every", "critic_every", "distance_clips"],
}
_TWICE_DIFFERENTIATED = ("wgan_gp", "wgan_lp", "dragan", "r1", "r1_r2")
# Far beyond any use, and short of what a typing slip asks the machine for.
_AT_MOST = {
    "data.num_frames": 4096,
    "data.resolution": 4096,
    "data.num_clips": 10**7,
    "generator.z_slow": 65536,
    "generator.z_fast": 65536,
    "generator.temporal_width": 65536,
    "generator.width": 65536,
    "critic.width": 65536,
}


def _out_of_range(config: Config) -> list[str]:
    below = [
        f"{group}.{name} {value} is below {minimum}"
        for minimum, table in ((1, _AT_LEAST_ONE), (0, _AT_LEAST_ZERO))
        for group, names in table.items()
        for name in names
        if (value := getattr(getattr(config, group), name)) < minimum
    ]
    above = [
        f"{name} {value} is above {maximum}"
        for name, maximum in _AT_MOST.items()
        if (value := attrgetter(name)(config)) > maximum
    ]
    milestones = [f"log.milestones {m} is below 1" for m in config.log.milestones if m < 1]
    return below + above + milestones


def _not_positive(config: Config) -> list[str]:
    names = ["generator_optimizer.lr", "critic_optimizer.lr", "log.fps"]
    names += ["generator_optimizer.eps", "critic_optimizer.eps"]
    names += [f"constraint.{name}" for name in ("maximum", "interval", "weight", "iterations")]
    return [
        f"{name} {value} is not positive and finite"
        for name in names
        if (value := attrgetter(name)(config)) is not None and not 0 < value < math.inf
    ]


def _misfits(config: Config) -> list[str]:
    train, data, problems = config.train, config.data, []
    if train.schedule == "simultaneous" and train.n_critic != 1:
        problems.append(
            f"train.n_critic {train.n_critic} needs train.schedule alternating; "
            "the simultaneous schedule updates each player once"
        )
    if config.conditional and data.name == "moving_digits":
        problems.append(
            "conditional true needs data with classes (videos, images, torchvision, digits); "
            "moving digits have none"
        )
    if data.name in _IMAGES and data.num_frames != 1:
        problems.append(
            f"data.num_frames {data.num_frames} is not 1: data.name {data.name} are single frames"
        )
    if data.name in ("moving_digits", "videos") and data.channels == 4:
        problems.append(f"data.channels 4 needs data.name images; {data.name} have 1 or 3")
    if data.name != "images" and data.labels_key is not None:
        problems.append("data.labels_key needs data.name images")
    problems += _torchvision_misfits(data)
    if config.constraint.name in _TWICE_DIFFERENTIATED and train.mixed_precision == "fp16":
        problems.append(
            f"constraint.name {config.constraint.name} differentiates the critic twice, which "
            "overflows in fp16; choose bf16 or no"
        )
    if config.generator.name == "videogan" and train.mixed_precision == "fp16":
        problems.append("generator.name videogan does not train in fp16; choose bf16 or no")
    if data.name in ("videos", "images") and data.path is None:
        problems.append(f"data.path is missing: name a folder of {data.name} (--data.path DIR)")
    if train.ema_decay is not None and not 0 < train.ema_decay < 1:
        problems.append(f"train.ema_decay {train.ema_decay} is not between 0 and 1")
    for name in ("generator_optimizer", "critic_optimizer"):
        optimizer = getattr(config, name)
        if not 0 <= optimizer.alpha < 1:
            problems.append(f"{name}.alpha {optimizer.alpha} is not in [0, 1)")
        if not all(0 <= beta < 1 for beta in optimizer.betas):
            problems.append(f"{name}.betas {optimizer.betas} are not in [0, 1)")
    if config.log.distance_clips == 1:
        problems.append("log.distance_clips 1 is too few: 0 for none, or at least 2")
    return problems


def _torchvision_misfits(data: DataConfig) -> list[str]:
    if data.name != "torchvision":
        given = {"dataset": data.dataset is not None, "download": data.download}
        return [f"data.{name} needs data.name torchvision" for name in given if given[name]]
    if data.dataset in TORCHVISION_NAMES:
        return []
    choices = ", ".join(TORCHVISION_NAMES)
    if data.dataset is None:
        return [f"data.dataset is missing: name one of {choices}"]
    near = did_you_mean(data.dataset, TORCHVISION_NAMES)
    return [f"unknown data.dataset '{data.dataset}'{near}; choose from {choices}"]
