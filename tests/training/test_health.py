import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.conftest import make_tiny_config
from tests.made.checkpoints import assert_same_checkpoints
from tgan.config import LogConfig
from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES, Objective
from tgan.runs.build import build_run
from tgan.runs.parts import Parts
from tgan.training import streams
from tgan.training.checkpoint import find_checkpoint, list_checkpoints
from tgan.training.health import Health, is_due
from tgan.training.loop import fit
from tgan.training.streams import streams_of

# Faults are made in this step, from 0, which leads to the next one; logs ask every 4 steps.
BAD, EVERY, SAVE_EVERY = 5, 4, 2


def make_run(tmp_path, schedule="simultaneous", parts=None, **settings):
    config = make_tiny_config()
    config.data.resolution, config.train.steps = 8, 20
    config.train.schedule = schedule
    config.train.n_critic = 2 if schedule == "alternating" else 1
    config.log.every, config.log.checkpoint_every = EVERY, SAVE_EVERY
    for name, value in settings.items():
        setattr(config.train, name, value)
    return build_run(config, tmp_path, parts)


def poison_batch(monkeypatch, number, value):
    """Put a value into one pixel of real batch `number` of a run."""

    class Poisoned(streams.RealBatches):
        def __init__(self, *args, first=0, **settings):
            super().__init__(*args, first=first, **settings)
            self.number = first

        def __next__(self):
            batch = super().__next__()
            if self.number == number:
                batch.samples.view(-1)[7] = value
            self.number += 1
            return batch

    monkeypatch.setattr(streams, "RealBatches", Poisoned)


def before_step(run, number, change):
    """Have `change` called before each step of a run, with whether it is that number."""
    original = run.task.step

    def step(step, reals, latents):
        change(step == number)
        return original(step, reals, latents)

    run.task.step = step


def set_first(module, name, value):
    with torch.no_grad():
        module.get_parameter(name).view(-1)[0] = value


def diagnosis(run_dir):
    (path,) = run_dir.glob("diagnosis_step_*.json")
    found = json.loads(path.read_text())
    assert path.name == f"diagnosis_step_{found['step']:08d}.json"
    return found


def assert_ends_well(run_dir, *, step):
    """A run that was ended at `step` leaves whole checkpoints before it, of finite numbers."""
    for path in list_checkpoints(run_dir):
        checkpoint = find_checkpoint(path)
        assert checkpoint.step < step
        for table in checkpoint.tensors.values():
            assert all(torch.isfinite(tensor).all() for tensor in table.values())


@pytest.mark.parametrize(
    ("schedule", "value"), [("simultaneous", math.inf), ("alternating", math.nan)]
)
def test_bad_data_are_named_with_the_very_step(tmp_path, monkeypatch, capsys, schedule, value):
    run = make_run(tmp_path, schedule)
    number = BAD * run.task.reals_per_step + run.task.reals_per_step - 1
    poison_batch(monkeypatch, number, value)
    name = f"batch {run.task.reals_per_step} of real samples is {value} at step {BAD + 1};"
    with pytest.raises(ArithmeticError, match=name) as caught:
        fit(run)
    assert "taking steps 1 to 6 again to find where" in capsys.readouterr().err
    assert "Look at the data" in str(caught.value) and "\n" not in str(caught.value)
    found = diagnosis(tmp_path)
    assert (found["step"], found["first"]["kind"]) == (BAD + 1, "input")
    assert found["replay"] == {"from_step": 0, "shows_it": True}
    assert found["last_checkpoint"] == "step_00000004" == find_checkpoint(tmp_path).path.name
    assert_ends_well(tmp_path, step=BAD + 1)


@pytest.mark.parametrize(
    ("schedule", "network", "name"),
    [
        ("simultaneous", "critic", "convs.0.weight"),
        ("alternating", "generator", "image.slow.weight"),
        pytest.param("alternating", "critic", "convs.0.weight", marks=pytest.mark.slow),
        pytest.param("simultaneous", "generator", "image.slow.weight", marks=pytest.mark.slow),
    ],
)
def test_a_bad_weight_is_named(tmp_path, schedule, network, name):
    run = make_run(tmp_path, schedule)
    module = getattr(run.task, network).module
    before_step(run, BAD, lambda now: now and set_first(module, name, math.nan))
    with pytest.raises(ArithmeticError, match=f"the {network}'s '{name}' is nan at step {BAD + 1}"):
        fit(run)
    assert diagnosis(tmp_path)["first"]["kind"] == "weight"
    assert_ends_well(tmp_path, step=BAD + 1)


class Overflows(nn.Module):
    """Passes values on, and multiplies them beyond all numbers when it is told to."""

    def __init__(self):
        super().__init__()
        self.factor = 1.0

    def forward(self, x):
        return x * self.factor


def test_a_layer_that_overflows_is_named(tmp_path):
    run = make_run(tmp_path)
    critic = run.task.critic.module
    critic.convs[0] = nn.Sequential(critic.convs[0], Overflows())
    # The constraint looks at what it was attached to.
    run.task.critic.constraint = Constraint()
    overflows = critic.convs[0][1]
    before_step(run, BAD, lambda now: setattr(overflows, "factor", math.inf if now else 1.0))
    name = rf"the output of the critic's layer 'convs\.0\.1' is (nan|inf) at step {BAD + 1}"
    with pytest.raises(ArithmeticError, match=name):
        fit(run)
    assert diagnosis(tmp_path)["first"]["kind"] == "layer"


@pytest.mark.parametrize(
    ("schedule", "player"),
    [
        ("simultaneous", "generator"),
        ("alternating", "critic"),
        pytest.param("simultaneous", "critic", marks=pytest.mark.slow),
        pytest.param("alternating", "generator", marks=pytest.mark.slow),
    ],
)
def test_an_objective_that_gives_nan_is_named(tmp_path, schedule, player):
    spoil = torch.zeros(())
    plain = {
        "critic": lambda real, fake: fake.mean() - real.mean(),
        "generator": lambda real, fake: -fake.mean(),
    }
    losses = plain | {player: lambda real, fake: plain[player](real, fake) + spoil}
    run = make_run(tmp_path, schedule, Parts(objective=Objective(**losses)))
    before_step(run, BAD, lambda now: spoil.fill_(math.nan if now else 0))
    with pytest.raises(ArithmeticError, match=f"{player}_loss is nan at step {BAD + 1};"):
        fit(run)
    found = diagnosis(tmp_path)
    assert found["first"]["kind"] == "loss"
    assert found["recorded"]["losses"][f"{player}_loss"] == "nan"
    assert_ends_well(tmp_path, step=BAD + 1)


class Steep(torch.autograd.Function):
    """The identity, whose gradient is multiplied by a factor."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.factor, None


def test_a_bad_gradient_is_told_from_a_bad_loss(tmp_path):
    factor = torch.ones(())

    def critic_loss(real, fake):
        real = Steep.apply(real, factor)
        return fake.mean() - real.mean()

    objective = Objective(critic=critic_loss, generator=lambda real, fake: -fake.mean())
    run = make_run(tmp_path, "alternating", Parts(objective=objective))
    run.task.critic.constraint = Constraint()
    before_step(run, BAD, lambda now: factor.fill_(math.inf if now else 1))
    with pytest.raises(ArithmeticError, match="the gradient of the critic's '.*' is (nan|inf)"):
        fit(run)
    found = diagnosis(tmp_path)
    assert found["step"] == BAD + 1 and found["first"]["kind"] == "gradient"
    assert "inf" in found["recorded"]["gradients of the critic"].values() or (
        "nan" in found["recorded"]["gradients of the critic"].values()
    )


def test_a_bad_batch_is_named_where_the_generator_has_no_loss_of_scores(tmp_path, monkeypatch):
    poison_batch(monkeypatch, BAD, math.nan)
    parts = Parts(objective=OBJECTIVES["feature_matching"])
    with pytest.raises(ArithmeticError, match="batch 1 of real samples is nan at step"):
        fit(make_run(tmp_path, parts=parts))
    assert diagnosis(tmp_path)["replay"]["shows_it"]


def first_bad_step(run):
    """The step that the first number that is not finite leads to, by a look at every one."""
    reals, latents = streams_of(run, 0)
    for step in range(10):
        try:
            terms = run.task.step(step, reals, latents)
        except ArithmeticError:
            return step + 1
        weights = [*run.task.critic.module.parameters(), *run.task.generator.module.parameters()]
        if not all(bool(torch.isfinite(each).all()) for each in [*terms.values(), *weights]):
            return step + 1
    return None


@pytest.mark.parametrize(
    ("schedule", "constraint"),
    [
        ("alternating", "svc"),
        pytest.param("simultaneous", "r1", marks=pytest.mark.slow),
        pytest.param("simultaneous", "none", marks=pytest.mark.slow),
        pytest.param("simultaneous", "svc", marks=pytest.mark.slow),
        pytest.param("alternating", "none", marks=pytest.mark.slow),
    ],
)
def test_a_learning_rate_far_too_high_ends_at_the_first_bad_step(tmp_path, schedule, constraint):
    def make(folder):
        config = make_tiny_config()
        config.train.steps, config.log.every = 60, 5
        config.train.schedule, config.constraint.name = schedule, constraint
        config.constraint.interval = None if constraint == "none" else 2
        config.critic_optimizer.lr = config.generator_optimizer.lr = 1e9
        config.critic.batch_norm = False
        return build_run(config, tmp_path / folder)

    step = first_bad_step(make("plain"))
    with pytest.raises(ArithmeticError, match=f" at step {step}; nothing was saved; see "):
        fit(make("run"))
    found = diagnosis(tmp_path / "run")
    assert (found["step"], found["last_checkpoint"]) == (step, None)
    assert found["replay"] == {"from_step": 0, "shows_it": True}


def test_a_penalty_that_some_steps_do_not_pay_is_on_record(tmp_path):
    config = make_tiny_config()
    config.data.resolution, config.critic.batch_norm = 8, False
    config.constraint.name, config.constraint.interval = "r1", BAD + 1
    run = build_run(config, tmp_path)
    reals, latents = streams_of(run, 0)
    health = Health(run, first_step=0)
    health.check(0)
    paid = ["penalty" in health.step(step, reals, latents) for step in range(BAD + 2)]
    assert paid == [False] * BAD + [True, False]
    assert health._recorded()["losses"]["penalty"] == 0
    health.check(BAD + 2, always=True)
    run.task.critic.penalty = lambda *args: torch.full((), math.nan, requires_grad=True)
    for step in range(BAD + 2, 2 * BAD + 2):
        health.step(step, reals, latents)
    with pytest.raises(ArithmeticError, match=rf"at step {2 * BAD + 2}"):
        health.check(2 * BAD + 2, always=True)
    assert diagnosis(tmp_path)["recorded"]["losses"]["penalty"] == "nan"


def test_what_does_not_come_again_is_told_from_the_record(tmp_path):
    run = make_run(tmp_path)
    run.task.critic.constraint = Constraint()
    left = [1]

    def strike(now):
        if now and left:
            left.pop()
            set_first(run.task.critic.module, "convs.0.weight", math.nan)

    before_step(run, BAD, strike)
    with pytest.raises(
        ArithmeticError, match=r"critic_loss is nan at step 6, which was not so when"
    ):
        fit(run)
    assert diagnosis(tmp_path)["replay"]["shows_it"] is False


def test_no_one_waits_for_the_numbers_of_a_step(tmp_path):
    run = make_run(tmp_path)
    seen = []

    class Listen(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(function.overloadpacket.__name__)
            return function(*args, **(kwargs or {}))

    health = Health(run, first_step=0)
    reals, latents = streams_of(run, 0)
    original = run.task.step

    def step(*args):
        terms = original(*args)
        seen.clear()
        return terms

    run.task.step = step
    with Listen():
        health.step(0, reals, latents)
        of_step = set(seen)
        seen.clear()
        health._note_gradients("critic", run.task.critic.optimizer)
    assert {"_foreach_norm", "where"} <= of_step
    waits = {"_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "_to_copy"}
    assert not waits & (of_step | set(seen))


def test_watching_changes_no_result_and_no_optimiser(tmp_path):
    fit(make_run(tmp_path / "watched", "alternating", steps=4))
    run = make_run(tmp_path / "plain", "alternating", steps=4)
    reals, latents = streams_of(run, 0)
    for step in range(4):
        run.task.step(step, reals, latents)
    watched = find_checkpoint(tmp_path / "watched").tensors
    for name, table in run.task.tensors().items():
        assert all(torch.equal(watched[name][key], value) for key, value in table.items())
    set_first(run.task.critic.module, "convs.0.weight", math.nan)
    with pytest.raises(ArithmeticError, match="the critic's 'convs.0.weight' is nan at step 1;"):
        fit(run)
    for learner in (run.task.critic, run.task.generator):
        assert not learner.optimizer._optimizer_step_pre_hooks


class Skips:
    """A loss scaler that skips every update, as fp16 does where gradients overflow."""

    factor = 2.0**60

    def is_enabled(self):
        return True

    def scale(self, loss):
        return loss * (math.inf if loss.requires_grad else self.factor)

    def unscale_(self, optimizer):
        pass

    def update(self):
        self.factor /= 2

    def state_dict(self):
        return {}


def test_steps_that_fp16_skips_are_no_fault(tmp_path):
    run = make_run(tmp_path, "alternating")
    run.task.critic.scaler = run.task.generator.scaler = Skips()
    health = Health(run, first_step=0)
    reals, latents = streams_of(run, 0)
    for step in range(5):
        health.check(step)
        health.step(step, reals, latents)
    health.check(5, always=True)


@pytest.mark.parametrize(
    ("step", "settings", "due"),
    [
        (0, {}, True),
        (10, {}, True),
        (11, {}, False),
        (50, {"every": 70}, True),
        (70, {"every": 70}, True),
        (7, {"checkpoint_every": 7}, True),
        (13, {"milestones": [13]}, True),
        (9, {"preview_every": 9}, True),
        (9, {"preview_every": 0}, False),
    ],
)
def test_numbers_are_looked_at_before_anything_is_written(step, settings, due):
    assert is_due(step, replace(LogConfig(), **settings)) == due


@pytest.mark.slow
def test_a_run_that_was_ended_goes_on_once_its_data_are_mended(tmp_path, monkeypatch):
    fit(make_run(tmp_path / "whole", steps=8))
    with monkeypatch.context() as patch:
        poison_batch(patch, BAD, math.nan)
        with pytest.raises(ArithmeticError):
            fit(make_run(tmp_path / "parts", steps=8))
    run, checkpoint = make_run(tmp_path / "parts", steps=8), find_checkpoint(tmp_path / "parts")
    run.task.load_tensors(checkpoint.tensors)
    fit(run, first_step=checkpoint.step)
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )
