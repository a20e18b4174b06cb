"""The typed description of an experiment.

Plain dataclasses, read from YAML and from the command line; nothing in them names a class or a
module, so a configuration cannot import or run code. Defaults are the paper's UCF-101 setting
(Saito et al. 2017) except for the data.
"""

from dataclasses import dataclass, field
from typing import Literal

from tgan.config.names import (
    BatchViewName,
    ConstraintName,
    CriticName,
    DataName,
    GeneratorName,
    InitialisationName,
    MutationName,
    ObjectiveName,
    PictureName,
    ScheduleName,
)


@dataclass
class DataConfig:
    """Where clips come from; an image is a clip of one frame.

    Attributes:
        name: videos (a folder, prepared or not), images (a folder of pictures, or a .npz file),
            picture (a single one, whole), rgbd (pictures with depth), torchvision (images of a
            data set that it knows), or what is built in: moving_digits, or digits, stacked_digits
            (three, one in each channel) and shapes3d (rendered boxes, cylinders and spheres), which
            are images. levels are windows of levels of games, built in or a folder of text levels.
            own, here and below, is what came from Python.
        path: the folder or file; for torchvision the folder that it keeps data sets in (none: in
            the user's cache); for digits, moving or not, an MNIST image file in IDX format (none:
            scikit-learn's digits); for levels a folder of text levels (none: built-in ones).
        held_out_path: another one, for distances only; what is built in has its own, and those of
            torchvision are the test split.
        dataset: of torchvision, by its name there.
        download: whether torchvision fetches a data set that is not there.
        labels_key: the array of a .npz file that names the classes of its images.
        resolution: height and width, 4 or 5 times a power of two, from 8; of a picture the longer
            side, at most, any number.
        channels: 1 for grey, 3 for RGB, 4 for RGB and one more; of levels one for every tile.
        num_frames: frames per clip: what the generator can make, such as a multiple of 16; 1 for
            images.
        fps: videos: frames per second that all are resampled to; none takes every frame of a
            folder once, and a packed folder as it is.
        stride: every stride-th frame of a video is taken.
        num_digits: moving digits per clip.
        num_clips: number of different clips of moving digits, stacked digits, rendered shapes, or
            built-in levels.
        tiles: levels: a line for every tile, such as "X ground solid #8a5a34": its character, and
            after it a name, solid, deadly, and a colour, all of which can be left out; the first
            tile is the empty one. None are the tiles of built-in levels.
        window: levels: height and width of the windows; none for the resolution. The rest of the
            square is filled with the empty tile, and cut off from samples.
        crops: images, rgbd: random squares per picture; 0 takes the middle square of each.
        pixel_bounds: images: the numbers that become black and white in pictures of more than 8
            bits; none takes the range of 16 bits, and refuses 32 bits and floats.
        depth_bounds: rgbd: near and far, in the units of the files; depth between them fills the
            fourth channel.
        depth_holes: rgbd: keep what was not measured as byte 0, or fill it from the nearest
            measured pixel.
        classes: names of the classes to take, where the data have classes; none takes all clips.
        num_labels: how many clips a critic that learns classes (train.cross_entropy_weight) is told
            the class of, as many of each class; those of all others are hidden. None tells it of
            all that have one.
        label_draw: which clips these are: another number draws others.
        input: a picture that is derived from each image, which generator and critic receive:
            edges, grey, or low_resolution (a quarter of the side).
        keep_gb: videos that are not packed: gigabytes of memory, in each process that trains, for
            frames that are kept once they were decoded; the other videos are decoded each time.
        workers: processes that read ahead; 0 reads in the training process.
        timeout: seconds to wait for clips of such a process before the run ends; 0 waits for ever.
        max_bad_share: of the clips drawn by a process (1,000 or more), how many may be replaced by
            others because they cannot be read; above it the run ends with a checkpoint.
        changed: warn, or refuse to go on, where the data are not those that a checkpoint was
            trained on.
    """

    name: DataName = "moving_digits"
    path: str | None = None
    held_out_path: str | None = None
    dataset: str | None = None
    download: bool = False
    labels_key: str | None = None
    resolution: int = 64
    channels: int = 3
    num_frames: int = 16
    fps: float | None = None
    stride: int = 1
    num_digits: int = 2
    num_clips: int = 10_000
    tiles: list[str] = field(default_factory=list)
    window: list[int] | None = None
    crops: int = 0
    pixel_bounds: list[float] | None = None
    depth_bounds: list[float] | None = None
    depth_holes: Literal["keep", "fill"] = "keep"
    classes: list[str] = field(default_factory=list)
    num_labels: int | None = None
    label_draw: int = 0
    input: PictureName | None = None
    keep_gb: float = 1.0
    workers: int = 0
    timeout: float = 300.0
    max_bad_share: float = 0.01
    changed: Literal["warn", "refuse"] = "warn"


@dataclass
class GeneratorConfig:
    """The generator.

    Attributes:
        name: tgan, or a baseline: deconv3d (3-D deconvolutions), videogan (two streams); for
            images dcgan, or translator, which starts from a picture (data.input). They have z_slow,
            width, image_init and, but for translator, image_shift, and refuse the rest. For
            data.name picture pyramid, which has scales, coarsest, width and image_init.
        z_slow: numbers in the latent of a video.
        z_fast: numbers in the latent of a frame.
        temporal_width: channels of the temporal generator's first layer.
        width: channels of the image generator's first map.
        upsampling: tgan: how maps of frames are enlarged: by deconvolution, as in the paper, or
            bilinear, with smoother images.
        slow_in_image: whether the image generator sees the latent of the video too.
        self_modulation: tgan: whether the latent of the video also makes gains and shifts of all
            later maps of the image generator.
        temporal_shift: whether the temporal generator's batch norms have a shift.
        image_shift: whether the image generator's batch norms have a shift.
        slope: dcgan: of its rectifiers below zero.
        scales: pyramid: stages, which are trained in turn, coarse to fine, for as many steps each.
        coarsest: pyramid: pixels on the shorter side of the first stage's image.
        temporal_init: initialisation of the temporal generator.
        image_init: initialisation of what makes images; none leaves it to the architecture
            (uniform for tgan, he_normal for deconv3d, small_normal for videogan, dcgan for dcgan,
            normal for translator).
    """

    name: GeneratorName = "tgan"
    z_slow: int = 100
    z_fast: int = 100
    temporal_width: int = 512
    width: int = 512
    upsampling: Literal["deconvolution", "bilinear"] = "deconvolution"
    slow_in_image: bool = True
    self_modulation: bool = False
    temporal_shift: bool = False
    image_shift: bool = True
    slope: float = 0.0
    scales: int = 5
    coarsest: int = 25
    temporal_init: InitialisationName = "he_normal"
    image_init: InitialisationName | None = None


@dataclass
class CriticConfig:
    """The critic.

    Attributes:
        name: conv3d, or for images patch, which scores patches of 11x11 pixels; it has width and
            init alone, and no classes.
        width: channels after its first layer.
        batch_norm: whether it has batch norms.
        shift: whether they have a shift.
        activation: leaky_relu, or maxmin, which sorts pairs of channels and keeps gradients' norms.
        conditioning: how it takes a class: concatenation (appended to every pixel), or projection
            (the inner product of an embedding of the class with the last features).
        sees_batch: statistics of its batch that its last layer sees beside a clip's features: none,
            discrimination (how close the clip is to the others), or deviation (how much all vary);
            for clips that are too much alike (docs/collapse.md).
        packs: how many clips of a batch it scores as one, for the same purpose; 1 for each alone.
        init: initialisation.
    """

    name: CriticName = "conv3d"
    width: int = 64
    batch_norm: bool = True
    shift: bool = False
    activation: Literal["leaky_relu", "maxmin"] = "leaky_relu"
    conditioning: Literal["concatenation", "projection"] = "concatenation"
    sees_batch: BatchViewName = "none"
    packs: int = 1
    init: InitialisationName = "he_normal"


@dataclass
class ConstraintConfig:
    """What keeps the critic Lipschitz; none leaves a setting to the constraint's own default.

    Attributes:
        name: see docs/constraints.md.
        maximum: bound on weights, on singular values or on layers' norms.
        interval: act after every interval-th update of the critic alone: project its weights, or
            take a step of a penalty times the interval, for which the optimiser is slowed down.
        clips_gains: svc: whether gains of batch norms are clipped too.
        method: svc: how singular values are clipped.
        weight: of a penalty.
        iterations: of what is iterated at every update.
    """

    name: ConstraintName = "svc"
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
        schedule: simultaneous (both losses from one pass over the same fakes), alternating
            (n_critic critic updates on fresh fakes, then the generator), unrolled (as
            alternating, with a generator that looks updates of the critic ahead), or
            evolutionary (as alternating, with children of the generator, one by each mutation,
            the fittest of which survive); see docs/collapse.md.
        n_critic: critic updates per generator update; 1 under the simultaneous schedule.
        unroll: unrolled: updates of the critic that the generator's loss goes through; each takes
            about the time and the memory of an update under a gradient penalty.
        mutations: evolutionary: losses, each of which makes a child of every parent: any of
            minimax, non_saturating, least_squares.
        diversity_weight: evolutionary: of diversity in the fitness of a child, beside quality.
        survivors: evolutionary: children that are the parents of the next step; a process's batch
            is a multiple of it.
        seed: of weights, latents and order of clips.
        cool_down: share of the steps, at the end, in which both learning rates fall to 0 in a
            straight line; 0 keeps them.
        ema_decay: decay of a running mean of the generator's weights; none keeps no mean.
        mixed_precision: no, bf16, fp16 (CUDA only), or auto, which is bf16 on a CPU with
            instructions for it and no elsewhere.
        tf32: whether NVIDIA GPUs from Ampere on round the factors of float32 convolutions to TF32,
            which is several times as fast; samples and measures are always computed without.
        deterministic: whether GPUs compute the same bits every time, so that equal runs and
            resumed ones are equal; slower. CPUs do so anyway.
        cuda_graph: whether what a step computes is recorded once, as CUDA graphs, and launched as a
            whole from then on, which helps where the host is slower than its GPU. Needs a single
            process and batches of one shape (docs/performance.md).
        checkpoint_activations: whether the generator's backward pass computes norms and
            rectifiers again rather than keep what they gave, which takes less memory and more
            time, with the same results (docs/performance.md). On a CPU freed memory goes back to
            the system, too. For the generators tgan, deconv3d, videogan and dcgan.
        l1_weight: what the generator pays per unit of mean absolute difference between its images
            and the real ones that its input pictures are derived from (data.input); 0 for nothing.
        feature_matching_weight: what the generator pays per unit of mean squared difference between
            the critic's mean features of its samples and of real ones (docs/collapse.md); none is
            1 under the objective feature_matching, and 0 under others.
        reconstruction_weight: what a pyramid pays per unit of mean squared difference between the
            picture and what its first noise is to remake it as, 10 in the paper; 0 for nothing.
        cross_entropy_weight: what the critic pays per nat of the cross entropy between the classes
            of labelled clips and its own guess, beside its objective; above 0 it has an output for
            each class, and classifies (docs/few_labels.md).
        augment: how the critic's view of clips, real or not, is changed at random, alike in all
            frames of a clip: any of translation, shift, flip, colour, cutout.
        check_ranks: whether several processes compare all weights at every log.every-th step, and
            before each checkpoint.
        timeout: seconds that a process waits for the others before it ends the run.
    """

    steps: int = 100_000
    batch_size: int = 32
    schedule: ScheduleName = "simultaneous"
    n_critic: int = 1
    unroll: int = 5
    mutations: list[MutationName] = field(
        default_factory=lambda: ["minimax", "non_saturating", "least_squares"]
    )
    diversity_weight: float = 0.01
    survivors: int = 1
    seed: int = 0
    cool_down: float = 0.0
    ema_decay: float | None = None
    mixed_precision: Literal["no", "bf16", "fp16", "auto"] = "no"
    tf32: bool = True
    deterministic: bool = False
    cuda_graph: bool = False
    checkpoint_activations: bool = False
    l1_weight: float = 0.0
    feature_matching_weight: float | None = None
    reconstruction_weight: float = 0.0
    cross_entropy_weight: float = 0.0
    augment: list[Literal["translation", "shift", "flip", "colour", "cutout"]] = field(
        default_factory=list
    )
    check_ranks: bool = True
    timeout: float = 1800.0


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
    fps: float = 8.0


@dataclass
class Config:
    """A whole experiment.

    Attributes:
        objective: what critic and generator minimise.
        conditional: whether generator and critic receive the class of a video.
    """

    objective: ObjectiveName = "wasserstein"
    conditional: bool = False
    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    constraint: ConstraintConfig = field(default_factory=ConstraintConfig)
    generator_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    critic_optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def classifies(self) -> bool:
        """Whether the critic learns the classes of labelled clips, too."""
        return self.train.cross_entropy_weight > 0
