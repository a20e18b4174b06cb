"""Settings of a pyramid: it, the critic of its patches and its one picture belong together."""

import math

from tgan.config import Config
from tgan.config.names import OWN
from tgan.config.sizes import RECEPTIVE_FIELD

# Orders of updates in which stages can begin.
_SCHEDULES = ("simultaneous", "alternating")


def problems_of_pyramids(config: Config) -> list[str]:
    """A text for each setting that a pyramid, or what is made for one, does not go with."""
    problems, paid = [], config.train.reconstruction_weight
    if not 0 <= paid < math.inf:
        problems.append(f"train.reconstruction_weight {paid} is negative or not finite")
    if config.critic.name == "patch" and (config.conditional or config.data.input):
        problems.append("critic.name patch takes no classes and no input pictures")
    if config.generator.name == "pyramid":
        return problems + _of_parts(config) + _of_sizes(config) + _of_training(config)
    if config.data.name == "picture":
        problems.append(
            f"data.name picture needs generator.name pyramid, not {config.generator.name}"
        )
    if paid:
        problems.append("train.reconstruction_weight needs generator.name pyramid")
    return problems


def _of_parts(config: Config) -> list[str]:
    problems = []
    if config.data.name != "picture":
        problems.append(f"generator.name pyramid needs data.name picture, not {config.data.name}")
    if config.critic.name not in ("patch", OWN):
        problems.append(f"generator.name pyramid needs critic.name patch, not {config.critic.name}")
    if config.conditional:
        problems.append("generator.name pyramid has no classes: conditional true")
    return problems


def _of_sizes(config: Config) -> list[str]:
    coarsest, resolution, problems = config.generator.coarsest, config.data.resolution, []
    if coarsest < RECEPTIVE_FIELD:
        problems.append(
            f"generator.coarsest {coarsest} is below the {RECEPTIVE_FIELD} pixels that a stage sees"
        )
    if coarsest > resolution:
        problems.append(f"generator.coarsest {coarsest} is above data.resolution {resolution}")
    return problems


def _of_training(config: Config) -> list[str]:
    train, problems = config.train, []
    if train.steps < config.generator.scales:
        problems.append(
            f"train.steps {train.steps} are fewer than generator.scales {config.generator.scales}"
        )
    if train.schedule not in _SCHEDULES:
        problems.append(
            f"train.schedule {train.schedule} does not go with generator.name pyramid: choose "
            f"{' or '.join(_SCHEDULES)}"
        )
    if train.ema_decay is not None:
        problems.append(
            "train.ema_decay: a pyramid's stages begin as copies, which a running mean lags behind"
        )
    if train.cuda_graph:
        problems.append("train.cuda_graph true needs one shape, and a pyramid's images grow")
    if config.log.distance_clips:
        problems.append(
            f"log.distance_clips {config.log.distance_clips} compares many pictures with many: set "
            "it to 0; tgan picture measure compares with one"
        )
    return problems
