"""The host and the device in a step: nothing is read, and nothing copied that anybody waits for.

The second step counts: in the first one tables of optimisers are made.
"""

from contextlib import nullcontext
from itertools import count, pairwise

import numpy as np
import pytest
import torch

from tests.conftest import make_tiny_config
from tests.made.no_wait import META, Seen, fetching_meta, passing, passing_in_step, run_on_meta
from tests.made.reads import noted_reads
from tests.made.schedules import IN_FP16, RECORDABLE, UNCONSTRAINED
from tests.made.stand_ins import Videos
from tgan.config import ConstraintConfig, CriticConfig, DataConfig, GeneratorConfig
from tgan.constraints import CONSTRAINTS, certified
from tgan.losses import OBJECTIVES
from tgan.models.batch_view import BATCH_VIEWS
from tgan.models.conditions import PICTURES
from tgan.models.critic import CONDITIONINGS
from tgan.runs.build import build_run
from tgan.runs.parts import Parts
from tgan.training.augment import AUGMENTATIONS
from tgan.training.graphs import WARM_UP, Graphs
from tgan.training.loop import fit
from tgan.training.schedules import SCHEDULES

UPLOAD = Seen("upload", "device.upload")
# Projections that read, and how often per update: bounds on singular values; what of the layers is
# proved, before clips and after; whether weights are finite.
READING = {"svc": 1, "svc_certified": 2, "parseval": 1}


class Pictures(Videos):
    """Pictures of one colour, with classes."""

    def __init__(self, channels=3):
        super().__init__(labels=("a", "b"))
        self.shape = (1, 16, 16, channels)

    def clip(self, index, start):
        return np.full(self.shape, index, np.uint8)


def config_of(name="dcgan", constraint="none", *, channels=1, critic=None, **train):
    """Small pictures, whose networks are made in no time."""
    config = make_tiny_config()
    config.data = DataConfig(name="images", resolution=16, channels=channels, num_frames=1)
    config.generator = GeneratorConfig(name=name, z_slow=4, width=16)
    config.critic = CriticConfig(width=4, batch_norm=False, **critic or {})
    config.constraint = ConstraintConfig(name=constraint)
    for setting, value in train.items():
        setattr(config.train, setting, value)
    return config


def seen_in_step(config, tmp_path, **settings):
    source = Pictures(config.data.channels)
    with fetching_meta():
        return passing_in_step(run_on_meta(config, tmp_path, source, **settings), 1)


def assert_only_batches(seen, *, reals=1, latents=1):
    """Clips and labels of each batch of reals, and latents."""
    assert seen == [UPLOAD] * (2 * reals + latents)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_no_constraint_waits(name, tmp_path):
    seen = seen_in_step(config_of(constraint=name), tmp_path, projects=name not in READING)
    assert_only_batches(seen)


@pytest.mark.parametrize("name", READING)
def test_projections_wait_for_few_numbers(name, tmp_path, monkeypatch):
    """Where all kernels are clipped: to so much the numbers that are read are set."""
    read, layers = certified._read, ([0.0, 1.3], [1.0, 1.02])

    def told(rows):
        return [told for _, told in zip(read(rows), [layers[next(turn) % 2]] * 99, strict=False)]

    turn = count()
    monkeypatch.setattr(certified, "_read", told)
    config = config_of(constraint=name)
    config.constraint.interval = 1
    seen = seen_in_step(config, tmp_path, projects=True)
    assert [each for each in seen if each.what != "read"] == [UPLOAD] * 3
    assert len(seen) == 3 + READING[name]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_and_no_objective_waits(schedule, objective, tmp_path):
    """With everything that a recipe can have beside them."""
    config = config_of(schedule=schedule, l1_weight=1.0, ema_decay=0.9)
    config.objective = objective
    if schedule not in UNCONSTRAINED:
        config.constraint = ConstraintConfig(name="r1", interval=2)
    config.train.augment = list(AUGMENTATIONS)
    several = 1 if schedule == "simultaneous" else 2
    config.train.n_critic = several
    latents = several + SCHEDULES[schedule].fresh_latents
    assert_only_batches(seen_in_step(config, tmp_path), reals=several, latents=latents)


@pytest.mark.parametrize("picture", PICTURES)
def test_no_input_picture_waits(picture, tmp_path):
    config = config_of("translator", channels=3)
    config.data.input = picture
    assert_only_batches(seen_in_step(config, tmp_path))


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_no_class_waits(conditioning, tmp_path):
    config = config_of(critic={"conditioning": conditioning})
    config.conditional = True
    assert_only_batches(seen_in_step(config, tmp_path))


@pytest.mark.parametrize("view", BATCH_VIEWS)
def test_no_view_of_a_batch_waits(view, tmp_path):
    config = config_of(critic={"sees_batch": view, "packs": 2})
    assert_only_batches(seen_in_step(config, tmp_path))


def test_no_video_waits(tmp_path, tiny_config):
    tiny_config.train.augment, tiny_config.constraint.name = list(AUGMENTATIONS), "dragan"
    tiny_config.critic.batch_norm, tiny_config.constraint.interval = False, None
    with fetching_meta():
        assert_only_batches(passing_in_step(run_on_meta(tiny_config, tmp_path), 1))


@pytest.mark.parametrize(
    ("precision", "schedule"),
    [*(("bf16", name) for name in SCHEDULES), *(("fp16", name) for name in IN_FP16)],
)
def test_precisions_wait_for_whether_gradients_overflow_alone(precision, schedule, tmp_path):
    """Fp16 does, once for all networks that are updated at the same time."""
    config = config_of(mixed_precision=precision, schedule=schedule)
    seen = seen_in_step(config, tmp_path)
    latents = 1 + SCHEDULES[schedule].fresh_latents
    reads = [Seen("read", "learners.update_all")] * (latents if precision == "fp16" else 0)
    assert sorted(seen) == sorted([UPLOAD] * (2 + latents) + reads)


class Silent:
    """Records nothing: launches do no work at all."""

    device = META

    def warming_up(self):
        return nullcontext()

    def record(self, work):
        return work(), lambda: None


@pytest.mark.parametrize("schedule", RECORDABLE)
def test_recorded_steps_upload_their_noise_too(schedule, tmp_path):
    """A key for each launch that takes one, of which the fakes need none."""
    config = config_of(constraint="wgan_gp", schedule=schedule)
    with fetching_meta():
        run = run_on_meta(config, tmp_path, Pictures(1))
        run.task.launch = Graphs(Silent())
        seen = passing_in_step(run, WARM_UP + 1)
    latents = 1 + SCHEDULES[schedule].fresh_latents
    assert seen == [UPLOAD] * (2 + 2 * latents)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("every", [1, 3])
def test_clips_of_a_step_are_read_while_a_device_takes_the_one_before(
    schedule, every, tmp_path, monkeypatch
):
    """By the process itself (`workers` 0), before it asks anything of the device."""
    config = config_of(schedule=schedule, steps=6)
    config.train.n_critic = 1 if schedule == "simultaneous" else 2
    config.log.every, config.log.checkpoint_every = every, 0
    source = Pictures(config.data.channels)
    run = build_run(config, tmp_path, Parts(source=source))
    clip, step = Pictures.clip, run.task.step
    with noted_reads(monkeypatch) as order:
        source.clip = lambda *place: order.append("clip") or clip(source, *place)
        run.task.step = lambda *of_step: (step(*of_step), order.append("step"))[0]
        fit(run)
    steps = [place for place, what in enumerate(order) if what == "step"]
    count = config.train.n_critic * config.train.batch_size
    for number, (this, following) in enumerate(pairwise(steps), 1):
        assert order[this + 1 : this + 1 + count] == ["clip"] * count
        read = order[this + 1 + count : following]
        assert "clip" not in read and bool(read) == (number % every == 0)


WAITING = {
    "a number": (lambda x: x.sum().item(), "read"),
    "a condition": (lambda x: bool(x.sum() > 0), "read"),
    "a list": (lambda x: x.tolist(), "read"),
    "an array": (lambda x: x.cpu(), "read"),
    "a copy": (lambda x: torch.ones(3).to(x), "copy"),
    "one number": (lambda x: torch.ones(()).to(x.device), "copy"),
    "constants": (lambda x: x.new_tensor([1.0, 2.0]), "copy"),
    "in place": (lambda x: x.copy_(torch.ones(3)), "copy"),
    "not pinned": (lambda x: torch.ones(3).to(x.device, non_blocking=True), "copy"),
    "not at once": (lambda x: torch.ones(3).pin_memory().to(x.device), "copy"),
}


@pytest.mark.parametrize("name", WAITING)
def test_what_waits_is_seen(name):
    acts, what = WAITING[name]
    with fetching_meta():
        x = torch.ones(3, device="meta")
        with passing() as seen:
            acts(x)
    assert seen == [Seen(what, "elsewhere")]


def test_what_does_not_wait_is_not_seen():
    with fetching_meta():
        x = torch.ones(3, device="meta")
        with passing() as seen:
            (x * 2 + torch.tensor(3.0)).to(torch.float64).clone()
            torch.arange(3, device="meta") + x
            torch.ones(3) + torch.ones(3).sum().item()
    assert seen == []
