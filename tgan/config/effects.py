"""Settings that have no effect where they stand: they are told, not refused."""

from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

from tgan.config import Config
from tgan.config.reading import flat_settings


class Need(NamedTuple):
    """What a setting needs to have an effect: a condition, and what it is in words."""

    holds: Callable[[Config], bool]
    words: str


def _of_data(*names: str) -> Need:
    return Need(lambda c: c.data.name in names, f"data.name {' or '.join(names)}")


def _optimizer(group: str, name: str) -> Need:
    return Need(lambda c: getattr(c, group).name == name, f"{group}.name {name}")


def _of_schedule(name: str) -> Need:
    return Need(lambda c: c.train.schedule == name, f"train.schedule {name}")


# A setting that is not at its default and whose need does not hold has no effect.
NEEDS = {
    "log.keep_last": Need(lambda c: c.log.checkpoint_every > 0, "log.checkpoint_every above 0"),
    "log.fps": Need(lambda c: c.data.num_frames > 1, "videos, and data.num_frames is 1"),
    "log.milestones": Need(
        lambda c: min(c.log.milestones) <= c.train.steps, "train.steps that reach one of them"
    ),
    "data.fps": _of_data("videos"),
    "data.stride": _of_data("videos", "own"),
    "data.num_digits": _of_data("moving_digits"),
    "data.num_clips": _of_data("moving_digits", "stacked_digits", "shapes3d", "levels"),
    "data.path": _of_data(
        "moving_digits",
        "digits",
        "videos",
        "images",
        "picture",
        "rgbd",
        "torchvision",
        "levels",
    ),
    "data.held_out_path": _of_data("videos", "images", "rgbd", "levels"),
    "train.unroll": _of_schedule("unrolled"),
    "train.mutations": _of_schedule("evolutionary"),
    "train.diversity_weight": _of_schedule("evolutionary"),
    "train.survivors": _of_schedule("evolutionary"),
    "data.num_labels": Need(lambda c: c.classifies, "train.cross_entropy_weight above 0"),
    "data.label_draw": Need(lambda c: c.data.num_labels is not None, "data.num_labels"),
    "critic.shift": Need(lambda c: c.critic.batch_norm, "critic.batch_norm true"),
    "generator_optimizer.alpha": _optimizer("generator_optimizer", "rmsprop"),
    "critic_optimizer.alpha": _optimizer("critic_optimizer", "rmsprop"),
    "generator_optimizer.betas": _optimizer("generator_optimizer", "adam"),
    "critic_optimizer.betas": _optimizer("critic_optimizer", "adam"),
}


def without_effect(config: Config) -> list[str]:
    """A text for each setting that was changed and does nothing, with what it needs.

    Example:
        >>> without_effect(Config(critic=CriticConfig(shift=True, batch_norm=False)))
        ['critic.shift True has no effect: it needs critic.batch_norm true']
    """
    now, defaults = (flat_settings(asdict(each)) for each in (config, Config()))
    return [
        f"{name} {now[name]} has no effect: it needs {need.words}"
        for name, need in NEEDS.items()
        if now[name] != defaults[name] and not need.holds(config)
    ]
