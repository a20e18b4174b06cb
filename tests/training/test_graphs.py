"""Recorded steps against launched ones, to the bit; `TapeRecorder` stands for CUDA graphs."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.conftest import make_tiny_config
from tests.cuda.tasks import Batches, make_task, numbers
from tests.made.checkpoints import assert_same_checkpoints
from tests.made.schedules import RECORDABLE
from tests.made.tape import TapeRecorder
from tgan.constraints import CONSTRAINTS
from tgan.rng.noise import Noise
from tgan.runs.build import build_run
from tgan.training import graphs
from tgan.training.augment import AUGMENTATIONS
from tgan.training.checkpoint import find_checkpoint
from tgan.training.graphs import WARM_UP, Graphs, directly, make_launch
from tgan.training.loop import fit
from tgan.training.steps import Batch

CPU = torch.device("cpu")
STEPS = WARM_UP + 3
# Critics of these have no batch norm.
WITHOUT_NORMS = [name for name, kind in CONSTRAINTS.items() if kind().has_penalty]
WITHOUT_NORMS += ["svc_certified", "aol"]


class Counted(TapeRecorder):
    """Counts what was recorded, and how often that was launched."""

    def __init__(self):
        self.recorded = self.launched = 0

    def record(self, work):
        found, launch = super().record(work)
        self.recorded += 1

        def counted():
            self.launched += 1
            launch()

        return found, counted


def taken(recorder=None, *, condition=(), change=None, steps=STEPS, **settings):
    """The terms of steps, each on batches of its own, and the weights after them."""
    task = make_task(CPU, **settings)
    if change is not None:
        change(task)
    if recorder is not None:
        task.launch = Graphs(recorder)
    found = []
    for number in range(steps):
        batches = Batches(CPU, tuple(each.roll(number) for each in condition))
        batches.z += number / 10
        batches.real.samples.mul_(1 - number / 20)
        found.append(batches.step(task, number))
    # A step's terms are its own: later steps do not change them.
    return [{name: term.item() for name, term in terms.items()} for terms in found], numbers(task)


def assert_same(**settings):
    recorder = Counted()
    (terms, weights), (others, more) = taken(**settings), taken(recorder, **settings)
    assert others == terms
    assert all(torch.equal(a, b) for a, b in zip(weights, more, strict=True))
    return recorder


def every_constraint_and_schedule():
    """All; slow are those alternating ones whose constraint is recorded as another one is."""
    quick = ("none", "svc", "wgan_gp", "spectral_norm")
    return [
        pytest.param(
            name,
            schedule,
            marks=[] if schedule == "simultaneous" or name in quick else pytest.mark.slow,
        )
        for name in CONSTRAINTS
        for schedule in RECORDABLE
    ]


@pytest.mark.parametrize(("constraint", "schedule"), every_constraint_and_schedule())
def test_recorded_steps_are_those_that_are_launched(constraint, schedule):
    settings = {"constraint__name": constraint, "train__schedule": schedule}
    if constraint in WITHOUT_NORMS:
        settings["critic__batch_norm"] = False
    recorder = assert_same(**settings)
    functions = 1 if schedule == "simultaneous" else 3
    assert recorder.recorded == functions
    assert recorder.launched == (STEPS - WARM_UP) * functions


@pytest.mark.parametrize(
    "settings",
    [
        {"train__augment": list(AUGMENTATIONS), "train__ema_decay": 0.9},
        {"train__checkpoint_activations": True},
        {"objective": "relativistic", "generator_optimizer__name": "adam"},
        {"objective": "feature_matching", "critic__sees_batch": "discrimination"},
        {"critic__sees_batch": "deviation", "critic__packs": 2},
        {"train__cross_entropy_weight": 1.0, "data__name": "own", "train__schedule": "alternating"},
    ],
)
def test_so_are_those_with_more_in_them(settings):
    assert_same(**settings)


def test_so_are_those_with_classes(monkeypatch):
    def one_hot(labels, count):
        return (labels[..., None] == torch.arange(count)).long()

    # PyTorch's reads on a CPU, and on no GPU, whether all classes are below their number.
    monkeypatch.setattr(F, "one_hot", one_hot)
    labels = torch.tensor([0, 1, 1, 0])
    assert_same(conditional=True, data__name="own", condition=(labels,))


@pytest.mark.parametrize("schedule", RECORDABLE)
def test_lazy_penalties_are_recorded_apart(schedule):
    several = 2 if schedule == "alternating" else 1
    recorder = assert_same(
        constraint__name="wgan_gp",
        constraint__interval=2,
        critic__batch_norm=False,
        train__schedule=schedule,
        train__n_critic=several,
        steps=2 * STEPS,
    )
    assert recorder.recorded == (2 if schedule == "simultaneous" else 4)


def test_scaled_losses_follow_their_scale():
    def scale(task):
        for learner in (task.generator, task.critic):
            learner.scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)

    assert_same(change=scale)


def launched(work, inputs, *, calls=WARM_UP + 1):
    launch, learner = Graphs(TapeRecorder()), SimpleNamespace(module=nn.Linear(2, 1))
    return [launch(work, (learner,), inputs) for _ in range(calls)]


def test_a_batch_of_another_shape_is_refused():
    launch, learner = Graphs(TapeRecorder()), SimpleNamespace(module=nn.Linear(2, 1))

    def work(learner, batch):
        return learner.module(batch.samples).sum()

    for _ in range(WARM_UP + 1):
        launch(work, (learner,), (Batch(torch.ones(3, 2)),))
    with pytest.raises(ValueError, match=r"work was recorded with 3x2 and is called with 4x2; set"):
        launch(work, (learner,), (Batch(torch.ones(4, 2)),))


def test_what_cannot_be_recorded_is_named():
    def work(learner, x):
        return x * float(x.sum())

    with pytest.raises(ValueError, match=r"cuda_graph: work cannot be recorded \(.+\); set it fa"):
        launched(work, (torch.ones(2),))
    assert len(launched(work, (torch.ones(2),), calls=WARM_UP)) == WARM_UP


def test_noise_is_new_at_each_call():
    launch = Graphs(TapeRecorder())

    def work(noise):
        return noise.uniform((2, 3), torch.zeros(1)).clone()

    for step in range(WARM_UP + 3):
        expected = Noise(7, step, rank=1).uniform((2, 3), torch.zeros(1))
        assert torch.equal(launch(work, (), (Noise(7, step, rank=1),)), expected)


def test_numbers_of_python_are_not_followed():
    """The stand-in is like a graph: what it recorded stays."""
    count = iter(range(100))

    def work(learner, x):
        return x * next(count)

    *_, last = launched(work, (torch.ones(1),), calls=WARM_UP + 3)
    assert last == WARM_UP


@pytest.mark.parametrize(
    ("device", "processes", "match"),
    [
        ("cpu", 1, "cuda_graph true needs the device cuda, not cpu; set it false"),
        ("mps", 1, "not mps"),
        ("cuda", 2, "for a single process, not for 2; set it false"),
    ],
)
def test_graphs_are_refused_where_they_cannot_be(device, processes, match):
    with pytest.raises(ValueError, match=match):
        make_launch(True, torch.device(device), processes=processes)
    assert make_launch(False, torch.device(device), processes=processes) is directly


def run_of(tmp_path, monkeypatch, **settings):
    """A small run that may record its steps."""
    monkeypatch.setitem(graphs._RECORDERS, "cpu", TapeRecorder)
    config = make_tiny_config()
    config.data.resolution, config.log.every, config.log.checkpoint_every = 8, 1, 5
    for name, value in settings.items():
        setattr(config.train, name, value)
    return build_run(config, tmp_path)


def test_a_recorded_run_and_one_that_goes_on_are_equal_to_one_that_is_not(monkeypatch, tmp_path):
    runs = {"plain": {}, "recorded": {"cuda_graph": True}, "broken": {"cuda_graph": True}}
    for name, settings in runs.items():
        steps = 5 if name == "broken" else 10
        fit(run_of(tmp_path / name, monkeypatch, steps=steps, **settings))
    run = run_of(tmp_path / "broken", monkeypatch, steps=10, cuda_graph=True)
    checkpoint = find_checkpoint(tmp_path / "broken")
    run.task.load_tensors(checkpoint.tensors)
    fit(run, first_step=checkpoint.step)
    expected, metrics = find_checkpoint(tmp_path / "plain"), "metrics.jsonl"
    for name in ("recorded", "broken"):
        assert_same_checkpoints(find_checkpoint(tmp_path / name), expected)
        logged = (tmp_path / name / metrics).read_text()
        assert logged == (tmp_path / "plain" / metrics).read_text()


def test_a_number_that_is_not_finite_is_found_in_a_recorded_step(monkeypatch, tmp_path):
    run = run_of(tmp_path, monkeypatch, steps=10, cuda_graph=True)
    step = run.task.step

    def poisoned(number, *streams):
        if number == WARM_UP + 2:
            weight = next(run.task.critic.module.parameters())
            weight.data.view(-1)[0] = torch.nan
        return step(number, *streams)

    run.task.step = poisoned
    with pytest.raises(ArithmeticError, match=f"critic's '.+' is nan at step {WARM_UP + 3}"):
        fit(run)


def test_a_run_that_cannot_be_recorded_is_refused(tmp_path):
    config = make_tiny_config()
    config.train.cuda_graph = True
    with pytest.raises(ValueError, match="train.cuda_graph true needs the device cuda, not cpu"):
        build_run(config, tmp_path)
