import copy
from dataclasses import asdict

import pytest

from tgan.config.reading import flat_settings
from tgan.training.changes import REASONS, Change, changes, refused, warned

# All that may change when a run goes on, as a user would expect; whatever else is refused.
FREE = {
    "train.steps",
    "train.check_ranks",
    "train.timeout",
    "data.workers",
    "data.timeout",
    "data.max_bad_share",
    "data.changed",
    "data.path",
    "data.held_out_path",
    "data.download",
    "generator_optimizer.lr",
    "critic_optimizer.lr",
}
WARNED = {"train.batch_size", "train.mixed_precision"}


def test_equal_settings_have_no_changes(tiny_config):
    assert changes(tiny_config, copy.deepcopy(tiny_config)) == []


def test_changes_have_old_and_new_value(tiny_config):
    now = copy.deepcopy(tiny_config)
    now.critic_optimizer.lr, now.train.steps = 1e-3, 9
    found = changes(tiny_config, now)
    assert found == [
        Change("critic_optimizer.lr", tiny_config.critic_optimizer.lr, 1e-3),
        Change("train.steps", tiny_config.train.steps, 9),
    ]
    assert str(found[1]) == f"train.steps was {tiny_config.train.steps} and is 9"


def test_every_setting_is_free_warned_of_or_refused_with_a_reason(tiny_config):
    for name in flat_settings(asdict(tiny_config)):
        change = [Change(name, "old", "new")]
        is_free = name in FREE or name.startswith("log.")
        assert bool(refused(change)) == (not is_free and name not in WARNED), name
        assert bool(warned(change)) == (name in WARNED), name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("critic.width", "another network's"),
        ("critic_optimizer.name", "the other optimiser"),
        ("generator_optimizer.betas", "gathered under it"),
        ("data.resolution", "other clips"),
        ("objective", "another experiment"),
        ("train.seed", "clips and latents of all steps"),
    ],
)
def test_refusals_say_old_new_and_why(name, reason):
    (text,) = refused([Change(name, 4, 8)])
    assert text.startswith(f"{name} was 4 and is 8 (") and reason in text


def test_every_reason_is_reached(tiny_config):
    reached = {
        next(start for start in REASONS if name.startswith(start))
        for name in flat_settings(asdict(tiny_config))
    }
    assert reached == set(REASONS)
