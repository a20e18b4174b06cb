import copy
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path

import pytest

from tgan.config import Config
from tgan.config.data_sets import DATA_SETS
from tgan.config.effects import NEEDS, without_effect
from tgan.config.reading import flat_settings, make_config

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
# For each setting: a value of it, a configuration in which it has none, and one in which it has.
CASES = {
    "log.keep_last": (5, {"log.checkpoint_every": 0}, {}),
    "log.fps": (4.0, {"data.num_frames": 1}, {}),
    "log.milestones": ([500], {"train.steps": 499}, {"train.steps": 500}),
    "data.fps": (12.0, {"data.name": "moving_digits"}, {"data.name": "videos"}),
    "data.stride": (2, {"data.name": "moving_digits"}, {"data.name": "videos"}),
    "data.num_digits": (1, {"data.name": "videos"}, {"data.name": "moving_digits"}),
    "data.num_clips": (9, {"data.name": "images"}, {"data.name": "shapes3d"}),
    "data.path": ("x", {"data.name": "shapes3d"}, {"data.name": "images"}),
    "data.held_out_path": ("x", {"data.name": "torchvision"}, {"data.name": "videos"}),
    "train.mutations": (["minimax"], {}, {"train.schedule": "evolutionary"}),
    "train.diversity_weight": (1.0, {}, {"train.schedule": "evolutionary"}),
    "train.survivors": (2, {}, {"train.schedule": "evolutionary"}),
    "train.unroll": (3, {"train.schedule": "alternating"}, {"train.schedule": "unrolled"}),
    "data.num_labels": (20, {}, {"train.cross_entropy_weight": 1.0}),
    "data.label_draw": (3, {}, {"data.num_labels": 20}),
    "critic.shift": (True, {"critic.batch_norm": False}, {}),
    "generator_optimizer.alpha": (0.5, {"generator_optimizer.name": "adam"}, {}),
    "critic_optimizer.alpha": (0.5, {"critic_optimizer.name": "adam"}, {}),
    "generator_optimizer.betas": ((0.0, 0.5), {}, {"generator_optimizer.name": "adam"}),
    "critic_optimizer.betas": ((0.0, 0.5), {}, {"critic_optimizer.name": "adam"}),
}


def changed(settings):
    config = copy.deepcopy(Config())
    for name, value in settings.items():
        group, _, member = name.rpartition(".")
        setattr(attrgetter(group)(config), member, value)
    return config


def named(config):
    return [line.split()[0] for line in without_effect(config)]


def test_all_rows_are_settings_and_tried():
    assert set(NEEDS) == set(CASES) <= set(flat_settings(asdict(Config())))


@pytest.mark.parametrize("name", CASES)
def test_a_setting_is_named_exactly_where_it_does_nothing(name):
    value, without, with_effect = CASES[name]
    assert name in named(changed({**without, name: value}))
    assert name not in named(changed({**with_effect, name: value}))
    # What nobody changed is no mistake.
    assert name not in named(changed(without))


def test_a_line_says_what_is_needed():
    (line,) = without_effect(changed({"critic.shift": True, "critic.batch_norm": False}))
    assert line == "critic.shift True has no effect: it needs critic.batch_norm true"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_configurations_that_come_along_have_no_idle_settings(path):
    with_paths = [kind for kind, facts in DATA_SETS.items() if facts.needs_path]
    needs_path = any(f"name: {kind}\n" in path.read_text() for kind in with_paths)
    config = make_config(path, {"data.path": "somewhere"} if needs_path else {})
    assert without_effect(config) == []
