import copy
from dataclasses import asdict

import pytest

from tgan.config.reading import Change, flat_settings
from tgan.training.changes import REASONS, changed_settings, refused, warned


def test_equal_settings_have_no_changed_settings(tiny_config):
    assert changed_settings(tiny_config, copy.deepcopy(tiny_config)) == []


def test_changes_have_old_and_new_value(tiny_config):
    now = copy.deepcopy(tiny_config)
    now.critic_optimizer.lr, now.train.steps = 1e-3, 9
    found = changed_settings(tiny_config, now)
    assert found == [
        Change("critic_optimizer.lr", tiny_config.critic_optimizer.lr, 1e-3),
        Change("train.steps", tiny_config.train.steps, 9),
    ]
    assert str(found[1]) == f"train.steps was {tiny_config.train.steps} and is 9"


def test_every_setting_is_free_warned_of_or_refused(tiny_config):
    kinds = {"free": set(), "warned": set(), "refused": set()}
    for name in flat_settings(asdict(tiny_config)):
        change = [Change(name, "old", "new")]
        assert not (refused(change) and warned(change)), name
        kinds["refused" if refused(change) else "warned" if warned(change) else "free"].add(name)
    assert kinds["warned"] == {"train.batch_size", "train.mixed_precision", "train.tf32"}
    rates = {"generator_optimizer.lr", "critic_optimizer.lr"}
    assert {"train.steps", "data.workers", "data.path", "log.every", *rates} <= kinds["free"]
    # What decides the numbers of a step, or the shapes of what a checkpoint holds, is not free.
    for name in ("train.seed", "train.n_critic", "data.resolution", "constraint.maximum"):
        assert name in kinds["refused"]


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
