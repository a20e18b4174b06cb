"""Validation of settings: every problem is collected and all are raised at once, before anything
is built."""

import math
from operator import attrgetter
from typing import get_args

from tgan.config import Config, DataConfig
from tgan.config.data_sets import DATA_SETS, TORCHVISION_SETS, special_settings
from tgan.config.names import OWN, MutationName
from tgan.config.pyramids import problems_of_pyramids
from tgan.config.sizes import base_side
from tgan.config.tiles import MAX_TILES, check_channels, check_window, is_built_in
from tgan.lookup import alternatives, did_you_mean, look_up


def validate(config: Config) -> None:
    """Raise one ValueError that lists every setting that is out of range or does not fit."""
    # Without its facts there is nothing to check the settings of a data set against.
    look_up(DATA_SETS, config.data.name, kind="data.name")
    problems = [problem for check in _CHECKS for problem in check(config)]
    if problems:
        raise ValueError("; ".join(problems))


_AT_LEAST_ONE = {
    "data": ["channels", "num_frames", "stride", "num_digits", "num_clips"],
    "generator": ["z_slow", "z_fast", "temporal_width", "width", "scales"],
    "critic": ["width", "packs"],
    "train": ["steps", "batch_size", "n_critic", "survivors"],
    "log": ["every", "preview_count", "keep_last"],
}
_AT_LEAST_ZERO = {
    "data": ["workers", "crops", "label_draw"],
    "train": ["seed", "unroll"],
    "log": ["preview_every", "checkpoint_every", "critic_every", "distance_clips"],
}
# Far beyond any use, and short of what a typing slip asks the machine for.
_AT_MOST = {
    "data.num_frames": 4096,
    "data.resolution": 4096,
    "data.channels": MAX_TILES,
    "data.num_clips": 10**7,
    "data.num_digits": 1000,
    "data.crops": 10**7,
    "data.num_labels": 10**9,
    "data.label_draw": 10**9,
    "data.stride": 10**6,
    "data.workers": 1024,
    "generator.z_slow": 65536,
    "generator.z_fast": 65536,
    "generator.temporal_width": 65536,
    "generator.width": 65536,
    "generator.scales": 64,
    "generator.coarsest": 4096,
    "critic.width": 65536,
    "critic.packs": 4096,
    "constraint.interval": 10**12,
    "constraint.iterations": 10**6,
    "train.steps": 10**12,
    "train.batch_size": 10**6,
    "train.n_critic": 10**6,
    "train.unroll": 1000,
    "train.timeout": 10**7,
    "log.every": 10**12,
    "log.preview_every": 10**12,
    "log.preview_count": 4096,
    "log.checkpoint_every": 10**12,
    "log.critic_every": 10**12,
    "log.keep_last": 10**6,
    "log.distance_clips": 10**7,
}


# Generators in which nothing is cheap to compute again (`tgan.models.stages`).
_WITHOUT_STAGES = ("translator", "pyramid", OWN)
# Objectives whose critic learns the log-odds of a sample's being real; of one's own nothing is
# known.
_LOG_ODDS = ("minimax", "non_saturating", OWN)


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
        if (value := attrgetter(name)(config)) is not None and value > maximum
    ]
    milestones = [f"log.milestones {m} is below 1" for m in config.log.milestones if m < 1]
    return below + above + milestones


def _not_positive(config: Config) -> list[str]:
    names = ["generator_optimizer.lr", "critic_optimizer.lr", "log.fps", "train.timeout"]
    names += ["data.fps"]
    names += ["generator_optimizer.eps", "critic_optimizer.eps"]
    names += [f"constraint.{name}" for name in ("maximum", "interval", "weight", "iterations")]
    return [
        f"{name} {value} is not positive and finite"
        for name in names
        if (value := attrgetter(name)(config)) is not None and not 0 < value < math.inf
    ]


def _of_training(config: Config) -> list[str]:
    train, problems = config.train, []
    if train.schedule == "simultaneous" and train.n_critic != 1:
        problems.append(
            f"train.n_critic {train.n_critic} needs train.schedule alternating; "
            "the simultaneous schedule updates each network once"
        )
    if train.checkpoint_activations and config.generator.name in _WITHOUT_STAGES:
        problems.append(
            f"train.checkpoint_activations true does nothing for generator.name "
            f"{config.generator.name}; it is for tgan, deconv3d, videogan and dcgan"
        )
    matched = train.feature_matching_weight
    if matched is not None and not 0 <= matched < math.inf:
        problems.append(f"train.feature_matching_weight {matched} is negative or not finite")
    if matched == 0 and config.objective == "feature_matching":
        problems.append(
            "train.feature_matching_weight 0 leaves the generator nothing to minimise under the "
            "objective feature_matching"
        )
    if train.ema_decay is not None and not 0 < train.ema_decay < 1:
        problems.append(f"train.ema_decay {train.ema_decay} is not between 0 and 1")
    if not 0 <= train.cool_down <= 1:
        problems.append(f"train.cool_down {train.cool_down} is not in [0, 1]")
    if not 0 <= config.generator.slope < 1:
        problems.append(f"generator.slope {config.generator.slope} is not in [0, 1)")
    if config.log.distance_clips == 1:
        problems.append("log.distance_clips 1 is too few: 0 for none, or at least 2")
    return problems


def _of_evolution(config: Config) -> list[str]:
    train, problems = config.train, []
    mutations = train.mutations
    if not mutations:
        choices = alternatives(get_args(MutationName))
        problems.append(f"train.mutations is empty: name one or more of {choices}")
    for name in dict.fromkeys(name for name in mutations if mutations.count(name) > 1):
        problems.append(f"train.mutations [{', '.join(mutations)}] has {name} more than once")
    if train.survivors > max(len(mutations), 1):
        problems.append(
            f"train.survivors {train.survivors} is above {len(mutations)}, the children that "
            "train.mutations make of the first parent"
        )
    if not 0 <= train.diversity_weight < math.inf:
        problems.append(
            f"train.diversity_weight {train.diversity_weight} is negative or not finite"
        )
    if train.schedule == "evolutionary" and config.objective not in _LOG_ODDS:
        problems.append(
            f"objective {config.objective} does not go with train.schedule evolutionary, whose "
            f"mutations and fitness take scores as log-odds; choose {alternatives(_LOG_ODDS[:-1])}"
        )
    return problems


def _of_optimizers(config: Config) -> list[str]:
    problems = []
    for name in ("generator_optimizer", "critic_optimizer"):
        optimizer = getattr(config, name)
        if not 0 <= optimizer.alpha < 1:
            problems.append(f"{name}.alpha {optimizer.alpha} is not in [0, 1)")
        if not all(0 <= beta < 1 for beta in optimizer.betas):
            problems.append(f"{name}.betas {optimizer.betas} are not in [0, 1)")
    return problems


def _of_packs(config: Config) -> list[str]:
    critic, problems = config.critic, []
    for name, usual in (("packs", 1), ("sees_batch", "none")):
        value = getattr(critic, name)
        if critic.name == OWN and value != usual:
            problems.append(f"critic.{name} {value} does nothing for critic.name {OWN}")
    if critic.sees_batch != "none" and config.train.batch_size <= critic.packs:
        several = f"critic.packs {critic.packs} that are scored as one" * (critic.packs > 1)
        problems.append(
            f"critic.sees_batch {critic.sees_batch} compares samples of a batch, and "
            f"train.batch_size {config.train.batch_size} {several and f'with {several} '}is one"
        )
    if critic.packs <= 1:
        return problems
    if config.train.batch_size % critic.packs:
        problems.append(
            f"train.batch_size {config.train.batch_size} is no multiple of critic.packs "
            f"{critic.packs}"
        )
    if config.conditional or config.data.input is not None:
        setting = "conditional true" if config.conditional else f"data.input {config.data.input}"
        problems.append(
            f"critic.packs {critic.packs} and {setting} exclude each other: samples of a pack have "
            "a condition each"
        )
    return problems


def _of_conditions(config: Config) -> list[str]:
    problems, paid = [], config.train.l1_weight
    if config.conditional:
        problems += _several_classes(config, "conditional true")
    if not 0 <= paid < math.inf:
        problems.append(f"train.l1_weight {paid} is negative or not finite")
    if config.critic.conditioning == "projection" and not config.conditional:
        problems.append("critic.conditioning projection needs conditional true")
    picture = config.data.input
    if picture is None:
        problems += ["train.l1_weight needs data.input"] if paid else []
        needs = config.generator.name == "translator"
        return problems + (["generator.name translator needs data.input"] if needs else [])
    if config.conditional:
        problems.append(f"data.input {picture} and conditional true exclude each other")
    if config.generator.name not in ("translator", OWN):
        problems.append(
            f"data.input {picture} needs generator.name translator, not {config.generator.name}"
        )
    if config.train.augment:
        problems.append(f"train.augment moves images, but not their data.input ({picture})")
    if picture == "low_resolution" and config.data.resolution % 4:
        problems.append(
            f"data.input low_resolution needs a multiple of 4, not {config.data.resolution}"
        )
    return problems


def _several_classes(config: Config, setting: str) -> list[str]:
    data = config.data
    if data.name != "moving_digits" or data.num_digits == 1:
        return []
    return [
        f"{setting} needs clips of one class, and moving digits with data.num_digits "
        f"{data.num_digits} have several: set it to 1"
    ]


def _of_classification(config: Config) -> list[str]:
    weight, count = config.train.cross_entropy_weight, config.data.num_labels
    setting, problems = f"train.cross_entropy_weight {weight}", []
    if not 0 <= weight < math.inf:
        problems.append(f"{setting} is negative or not finite")
    if count is not None and count < 2:
        problems.append(f"data.num_labels {count} is below 2")
    if not config.classifies:
        return problems
    if config.conditional:
        problems.append(
            f"{setting} and conditional true exclude each other: the critic would be told what it "
            "is to guess"
        )
    if config.data.input is not None:
        problems.append(f"{setting} and data.input {config.data.input} exclude each other")
    for name, usual in (("packs", 1), ("sees_batch", "none")):
        value = getattr(config.critic, name)
        if value != usual:
            problems.append(
                f"{setting} and critic.{name} {value} exclude each other: the class of a clip "
                "would depend on others"
            )
    return problems + _several_classes(config, setting)


def _of_data(config: Config) -> list[str]:
    data, problems, defaults = config.data, [], DataConfig()
    if (
        config.generator.name != "pyramid"
        and not config.generator.name == config.critic.name == OWN
    ):
        try:
            base_side(data.resolution)
        except ValueError as error:
            problems.append(f"data.{error}")
    facts = DATA_SETS[data.name]
    if facts.single_frames and data.num_frames != 1:
        problems.append(
            f"data.num_frames {data.num_frames} is not 1: data.name {data.name} are single frames"
        )
    if facts.channels and data.channels not in facts.channels:
        problems.append(
            f"data.channels {data.channels} is not {alternatives(facts.channels)}, "
            f"as data.name {data.name} needs"
        )
    for name, owners in special_settings().items():
        if data.name not in owners and getattr(data, name) != getattr(defaults, name):
            problems.append(f"data.{name} needs data.name {alternatives(owners)}")
    bounds = data.depth_bounds
    if bounds is not None and not (len(bounds) == 2 and 0 <= bounds[0] < bounds[1] < math.inf):
        problems.append(
            f"data.depth_bounds {bounds} has to be [near, far], finite, with 0 <= near < far"
        )
    bounds = data.pixel_bounds
    if bounds is not None and not (
        len(bounds) == 2 and -math.inf < bounds[0] < bounds[1] < math.inf
    ):
        problems.append(
            f"data.pixel_bounds {bounds} has to be [low, high], finite, with low < high"
        )
    if not 0 <= data.timeout < math.inf:
        problems.append(f"data.timeout {data.timeout} is negative or not finite")
    if not 0 <= data.keep_gb < math.inf:
        problems.append(f"data.keep_gb {data.keep_gb} is negative or not finite")
    if not 0 <= data.max_bad_share <= 1:
        problems.append(f"data.max_bad_share {data.max_bad_share} is not in [0, 1]")
    if facts.needs_path and data.path is None:
        what = "the file of one" if data.name == "picture" else "a folder of"
        problems.append(f"data.path is missing: name {what} {data.name}")
    return problems + _unknown_dataset(data) + _of_tiles(config)


def _of_tiles(config: Config) -> list[str]:
    data = config.data
    if DATA_SETS[data.name].are_pictures:
        return []
    problems = []
    try:
        check_channels(data.channels, data.tiles)
        check_window(data.window, data.resolution)
        if data.path is None and not is_built_in(data.tiles):
            problems.append("data.tiles are those of levels at data.path, which is missing")
    except ValueError as error:
        problems.append(f"data.{error}")
    if data.input is not None:
        problems.append(
            f"data.input {data.input} is derived from colours; data.name levels has none"
        )
    if config.log.distance_clips:
        problems.append(
            f"log.distance_clips {config.log.distance_clips} measures colours, and levels have "
            "none: set it to 0; tgan levels measure compares tiles"
        )
    unfit = [name for name in ("colour", "flip") if name in config.train.augment]
    if unfit:
        problems.append(
            f"train.augment {', '.join(unfit)}: tiles have no shades, and some a left and a right; "
            "translation and cutout go with data.name levels"
        )
    return problems


def _unknown_dataset(data: DataConfig) -> list[str]:
    if data.name != "torchvision" or data.dataset in TORCHVISION_SETS:
        return []
    choices = ", ".join(TORCHVISION_SETS)
    if data.dataset is None:
        return [f"data.dataset is missing: name one of {choices}"]
    near = did_you_mean(data.dataset, TORCHVISION_SETS)
    return [f"unknown data.dataset '{data.dataset}'{near}; choose from {choices}"]


_CHECKS = (
    _out_of_range,
    _not_positive,
    _of_training,
    _of_evolution,
    _of_optimizers,
    _of_packs,
    _of_conditions,
    _of_classification,
    _of_data,
    problems_of_pyramids,
)
