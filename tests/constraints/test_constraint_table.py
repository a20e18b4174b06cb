import dataclasses

import pytest
import torch

from tgan.config import ConstraintConfig
from tgan.config.names import OWN
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.constraints.constrain import make_constraint
from tgan.models import VideoCritic
from tgan.rng.noise import Noise

SETTINGS = [
    (name, field.name)
    for name, make in CONSTRAINTS.items()
    if dataclasses.is_dataclass(make)
    for field in dataclasses.fields(make)
    if field.type in (int, float, "int", "float")
]


def test_the_configuration_names_every_constraint_and_has_every_setting():
    (names,) = (f.type for f in dataclasses.fields(ConstraintConfig) if f.name == "name")
    assert set(names.__args__) == CONSTRAINTS.keys() | {OWN}
    known = {field.name for field in dataclasses.fields(ConstraintConfig)}
    for make in filter(dataclasses.is_dataclass, CONSTRAINTS.values()):
        assert {field.name for field in dataclasses.fields(make) if field.init} <= known


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("name, setting", SETTINGS)
def test_settings_that_are_not_positive_are_named(name, setting, value):
    with pytest.raises(ValueError, match=f"constraint.{setting} {value} is not positive"):
        CONSTRAINTS[name](**{setting: value})


@pytest.mark.parametrize("value", [1.0, 2.5, True, "3"])
@pytest.mark.parametrize("name", [name for name, setting in SETTINGS if setting == "interval"])
def test_an_interval_is_a_whole_number(name, value):
    with pytest.raises(ValueError, match=f"constraint.interval {value!r} is not a whole number"):
        CONSTRAINTS[name](interval=value)


def test_every_penalty_and_every_projection_takes_an_interval_and_no_other_strategy():
    for name, make in CONSTRAINTS.items():
        acts = make.penalty is not Constraint.penalty or make.project is not Constraint.project
        assert ((name, "interval") in SETTINGS) == acts
        assert make().has_penalty == (make.penalty is not Constraint.penalty)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_an_interval_that_a_constraint_does_not_support_is_refused_with_those_that_do(name):
    able = [name for name, setting in SETTINGS if setting == "interval"]
    if name in able:
        assert make_constraint(CONSTRAINTS, name, {"interval": 3}).interval == 3
    else:
        with pytest.raises(ValueError, match="takes no interval, 3 here") as told:
            make_constraint(CONSTRAINTS, name, {"interval": 3})
        assert str(told.value).startswith(f"constraint '{name}'") and "\n" not in str(told.value)
        assert str(told.value).endswith(f"updates of the critic are {', '.join(able)}")
    assert make_constraint(CONSTRAINTS, name, {"interval": 1}).interval == 1


@pytest.mark.parametrize("interval", [1, 4])
def test_a_constraint_is_due_after_multiples_of_its_interval(interval):
    constraint = CONSTRAINTS["weight_clip"](interval=interval)
    due = [update for update in range(1, 10) if constraint.is_due(update)]
    assert due == list(range(interval, 10, interval))


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_all_hooks_run_on_a_critic_that_goes_on_scoring(name):
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, num_frames=4, resolution=32, width=2, batch_norm=False)
    # So steep that a one-sided penalty has something to say.
    with torch.no_grad():
        critic.last.weight.mul_(100)
    clips = torch.rand(2, 1, 4, 32, 32)
    constraint = CONSTRAINTS[name]()
    assert isinstance(constraint, Constraint)
    constraint.attach(critic, (clips[:1],))
    penalty = constraint.penalty(critic, critic, clips, -clips, Noise(0))
    loss = critic(clips).sum()
    assert (penalty is None) == (type(constraint).penalty is Constraint.penalty)
    # No gradient has a norm of exactly 1 here, and no kernel is orthonormal.
    assert penalty is None or (penalty.shape == () and penalty > 0)
    (loss if penalty is None else loss + penalty).backward()
    assert all(p.grad is not None for p in critic.parameters() if p.requires_grad)
    constraint.project(critic, 5)
    assert torch.isfinite(critic(clips)).all()
