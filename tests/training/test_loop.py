import copy
import dataclasses
import filecmp
import json
import os
import signal

import av
import pytest
import torch
from accelerate import Accelerator
from accelerate.tracking import TensorBoardTracker

from tests.conftest import make_tiny_config
from tests.made.checkpoints import assert_same_checkpoints
from tgan.config import ConstraintConfig
from tgan.runs.build import build_run
from tgan.runs.train import fit_run, prepare_run
from tgan.training import measuring, recorder
from tgan.training.checkpoint import find_checkpoint, list_checkpoints
from tgan.training.gan import GANTask
from tgan.training.loop import fit
from tgan.training.recorder import Recorder
from tgan.training.run_dir import HoldsRun, MetricsFile, claim


def train(config, run_dir, *, resume=None, steps=None):
    config = copy.deepcopy(config)
    if steps is not None:
        config.train.steps = steps
    checkpoint = claim(run_dir, config, resume=resume)
    run = build_run(config, run_dir)
    if checkpoint is None:
        return fit(run), run
    run.task.load_tensors(checkpoint.tensors)
    return fit(run, first_step=checkpoint.step), run


def go_on(config, run_dir):
    """Train as the command does; the number of the signal that ended it."""
    return fit_run(*prepare_run(copy.deepcopy(config), run_dir, resume="auto"))


def step_of(path):
    return int(path.name.removeprefix("step_"))


def metrics(run_dir):
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


VARIANTS = {
    "svc": {},
    "alternating with a mean": {"schedule": "alternating", "n_critic": 2, "ema_decay": 0.9},
    "evolutionary with a mean": {"schedule": "evolutionary", "survivors": 2, "ema_decay": 0.9},
    "evolutionary in bf16": {"schedule": "evolutionary", "mixed_precision": "bf16"},
    "unrolled in bf16": {"schedule": "unrolled", "unroll": 2, "mixed_precision": "bf16"},
    "bf16": {"mixed_precision": "bf16"},
    "workers": {},
    "augmented": {"augment": ["translation", "flip", "colour", "cutout"]},
}
# Those that draw random numbers, or that keep vectors beside the weights.
CONSTRAINTS = {
    "svc by subspaces": {"name": "svc", "interval": 2, "method": "subspace"},
    "svc_certified": {"name": "svc_certified"},
    "spectral_norm": {"name": "spectral_norm"},
    "spectral_norm_conv": {"name": "spectral_norm_conv"},
    "wgan_gp": {"name": "wgan_gp"},
    "dragan": {"name": "dragan"},
    "r1 at intervals": {"name": "r1", "interval": 2},
    "aol": {"name": "aol"},
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_resumed_run_of_every_kind_of_constraint_equals_an_uninterrupted_one(
    tiny_config, tmp_path, name
):
    tiny_config.constraint = ConstraintConfig(**CONSTRAINTS[name])
    tiny_config.critic.batch_norm = False
    train(tiny_config, tmp_path / "whole", steps=3)
    train(tiny_config, tmp_path / "parts", steps=2)
    train(tiny_config, tmp_path / "parts", steps=3, resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")


@pytest.mark.parametrize(
    ("critic", "constraint", "settings"),
    [
        ({"sees_batch": "deviation"}, "svc", {}),
        ({"packs": 2, "batch_norm": False}, "wgan_gp", {"schedule": "alternating"}),
    ],
)
def test_a_resumed_run_whose_critic_sees_several_clips_equals_an_uninterrupted_one(
    tiny_config, tmp_path, critic, constraint, settings
):
    """With a report on the critic, and matched features."""
    tiny_config.critic = dataclasses.replace(tiny_config.critic, **critic)
    tiny_config.constraint = ConstraintConfig(name=constraint)
    tiny_config.train = dataclasses.replace(
        tiny_config.train, feature_matching_weight=0.5, **settings
    )
    tiny_config.data.resolution, tiny_config.log.critic_every = 16, 2
    train(tiny_config, tmp_path / "whole", steps=2)
    train(tiny_config, tmp_path / "parts", steps=1)
    train(tiny_config, tmp_path / "parts", steps=2, resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )
    lines = metrics(tmp_path / "whole")
    assert all(line["feature_matching"] > 0 for line in lines if "critic_loss" in line)
    reports = [line for line in lines if "lipschitz/empirical" in line]
    assert [line["step"] for line in reports] == [0, 2]
    assert all(("lipschitz/certificate" in line) == ("packs" in critic) for line in reports)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wgan_gp", "orthonormal"])
@pytest.mark.parametrize("mixed_precision", ["no", "bf16"])
def test_a_resumed_run_pays_lazy_penalties_when_an_uninterrupted_one_does(
    tiny_config, tmp_path, name, mixed_precision
):
    """Under several critic updates per step, of which an interval is no multiple."""
    tiny_config.constraint = ConstraintConfig(name=name, interval=3)
    tiny_config.critic.batch_norm = False
    tiny_config.critic_optimizer.name = "adam"
    tiny_config.train = dataclasses.replace(
        tiny_config.train, schedule="alternating", n_critic=2, mixed_precision=mixed_precision
    )
    train(tiny_config, tmp_path / "whole", steps=5)
    train(tiny_config, tmp_path / "parts", steps=2)
    train(tiny_config, tmp_path / "parts", steps=5, resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )
    lines = metrics(tmp_path / "whole")
    assert lines == metrics(tmp_path / "parts")
    # The sixth update is the second one of the third step.
    assert [line["step"] for line in lines if "penalty" in line] == [3]


def test_reports_on_the_critic_are_logged_and_change_nothing(tiny_config, tmp_path, capsys):
    tiny_config.data.resolution = 16
    train(tiny_config, tmp_path / "without")
    tiny_config.log.critic_every = 2
    train(tiny_config, tmp_path / "with")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "without"), find_checkpoint(tmp_path / "with")
    )
    lines = [line for line in metrics(tmp_path / "with") if "lipschitz/certificate" in line]
    assert [line["step"] for line in lines] == [0, 2, 4]
    for line in lines:
        assert 0 < line["lipschitz/empirical"] <= line["lipschitz/certificate"]
        assert line["gradient/last"] > 0
    assert "critic at step 4" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["svc_certified", "wgan_gp", "aol"])
def test_constraints_that_batch_norms_void_are_refused_before_anything_is_written(
    tiny_config, tmp_path, name
):
    tiny_config.constraint = ConstraintConfig(name=name)
    with pytest.raises(ValueError, match="set critic.batch_norm false"):
        train(tiny_config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tiny_config, tmp_path, variant):
    config = dataclasses.replace(
        tiny_config, train=dataclasses.replace(tiny_config.train, **VARIANTS[variant])
    )
    if variant == "workers":
        config.data.workers = 2
    if variant.startswith("evolutionary"):
        config.objective = "non_saturating"
    if variant.startswith("unrolled"):
        config.constraint, config.critic.batch_norm = ConstraintConfig(name="none"), False
    if variant.startswith(("alternating", "unrolled", "evolutionary with")):
        config.critic_optimizer.name = config.generator_optimizer.name = "adam"
    train(config, tmp_path / "whole", steps=5)
    train(config, tmp_path / "parts", steps=3)
    train(config, tmp_path / "parts", steps=5, resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")


def test_a_run_leaves_config_metrics_previews_and_checkpoints(tiny_config, tmp_path):
    tiny_config.log.preview_every = 2
    tiny_config.log.distance_clips = 8
    tiny_config.log.trackers = ["tensorboard"]
    stopped_by, _ = train(tiny_config, tmp_path)
    assert stopped_by == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"config.yaml", "metrics.jsonl", "previews", "checkpoints", "tracking"} <= names
    assert [line["step"] for line in metrics(tmp_path)] == [0, 1, 2, 3, 4, 4]
    assert "frechet_pooled192" in metrics(tmp_path)[0]
    assert {"critic_gap", "critic_loss", "generator_loss"} <= metrics(tmp_path)[1].keys()
    previews = sorted(path.name for path in (tmp_path / "previews").iterdir())
    assert previews == ["step_00000000.mp4", "step_00000002.mp4", "step_00000004.mp4"]
    with av.open(str(tmp_path / "previews" / previews[0])) as container:
        assert container.streams.video[0].frames == 16
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step_00000002", "step_00000004"]
    assert list((tmp_path / "tracking").rglob("events.out.tfevents*"))


def test_metrics_beyond_the_checkpoint_are_dropped_on_resume(tiny_config, tmp_path):
    tiny_config.log.checkpoint_every = 3
    train(tiny_config, tmp_path, steps=3)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "critic_gap": 9.0}\n3\n{"step": null}\n{"step": 5, "cri')
    train(tiny_config, tmp_path, steps=4, resume="auto")
    assert [line["step"] for line in metrics(tmp_path)] == [1, 2, 3, 4]


def test_resuming_a_finished_run_changes_nothing(tiny_config, tmp_path):
    train(tiny_config, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}
    train(tiny_config, tmp_path, resume="auto")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}


def test_auto_starts_anew_where_there_is_nothing_and_branches_leave_the_old_run(
    tiny_config, tmp_path
):
    train(tiny_config, tmp_path / "a", resume="auto", steps=2)
    train(tiny_config, tmp_path / "b", resume=str(tmp_path / "a"), steps=3)
    assert find_checkpoint(tmp_path / "a").step == 2
    assert find_checkpoint(tmp_path / "b").step == 3


def test_auto_starts_anew_after_a_crash_before_the_first_checkpoint(tiny_config, tmp_path):
    (tmp_path / "checkpoints" / ".step_00000002.part").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("")
    train(tiny_config, tmp_path, resume="auto", steps=2)
    assert find_checkpoint(tmp_path).step == 2


def test_a_checkpoint_without_its_optimiser_is_refused(tiny_config, tmp_path):
    train(tiny_config, tmp_path, steps=2)
    run, checkpoint = build_run(tiny_config, tmp_path), find_checkpoint(tmp_path)
    tensors = dict(checkpoint.tensors)
    del tensors["critic_optimizer"]
    with pytest.raises(ValueError, match="no optimiser of the critic"):
        run.task.load_tensors(tensors)


def test_data_may_move_but_not_change_unnoticed(tiny_config, tmp_path):
    train(tiny_config, tmp_path, steps=2)
    assert find_checkpoint(tmp_path).num_videos == 50
    moved = copy.deepcopy(tiny_config)
    moved.data.held_out_path = "elsewhere"
    assert claim(tmp_path, moved, resume="auto").step == 2


def test_a_directory_with_a_run_is_refused_and_kept(tiny_config, tmp_path):
    train(tiny_config, tmp_path, steps=2)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with pytest.raises(HoldsRun, match="already holds a run$"):
        train(tiny_config, tmp_path, steps=2)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_other_settings_are_refused_and_listed(tiny_config, tmp_path):
    train(tiny_config, tmp_path, steps=2)
    changed = copy.deepcopy(tiny_config)
    changed.train.seed, changed.critic.width = 6, 8
    with pytest.raises(
        ValueError, match="critic.width was 4 and is 8 .*; train.seed was 0 and is 6"
    ):
        train(changed, tmp_path, resume="auto")


def test_an_older_checkpoint_of_the_same_run_needs_another_directory(tiny_config, tmp_path):
    train(tiny_config, tmp_path)
    older = tmp_path / "checkpoints" / "step_00000002"
    with pytest.raises(ValueError, match="newer than 'step_00000002'; branch off"):
        train(tiny_config, tmp_path, resume=str(older))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP])
def test_a_signal_saves_and_the_run_goes_on_exactly(tiny_config, tmp_path, monkeypatch, number):
    train(tiny_config, tmp_path / "whole")
    before = signal.getsignal(number)

    def interrupt(self, step, terms, **others):
        if step == 1:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "report", interrupt)
        stopped_by, _ = train(tiny_config, tmp_path / "parts")
    assert stopped_by == number and signal.getsignal(number) == before
    assert 0 < find_checkpoint(tmp_path / "parts").step < tiny_config.train.steps
    train(tiny_config, tmp_path / "parts", resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )


def test_a_run_that_stops_is_saved_before_anything_else(tiny_config, tmp_path, monkeypatch):
    tiny_config.log.preview_every = tiny_config.log.critic_every = 1
    calls = []
    for name in ("save", "preview", "measure_critic"):

        def noted(self, step, *, always=False, name=name):
            calls.append((step, name, always))
            if name == "save" and step == 2:
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(Recorder, name, noted)
    train(tiny_config, tmp_path)
    others = [("preview", False), ("measure_critic", False)]
    assert calls[2:] == [(1, "save", False), *((1, *call) for call in others)] + [
        (1, "save", False),
        (2, "save", False),
        # Nothing else, and no other step.
        (2, "save", True),
    ]


def test_what_was_due_when_a_run_stopped_is_made_up_for(tiny_config, tmp_path, monkeypatch):
    tiny_config.data.resolution = 16
    tiny_config.log.preview_every, tiny_config.log.critic_every = 1, 2
    train(tiny_config, tmp_path / "whole")
    step = GANTask.step

    def interrupted(self, number, reals, latents):
        if number == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, number, reals, latents)

    with monkeypatch.context() as patch:
        patch.setattr(GANTask, "step", interrupted)
        assert train(tiny_config, tmp_path / "parts")[0] == signal.SIGTERM
    previews = tmp_path / "parts" / "previews"
    assert not (previews / "step_00000002.mp4").exists()
    first = (previews / "step_00000001.mp4").stat()
    train(tiny_config, tmp_path / "parts", resume="auto")
    assert metrics(tmp_path / "parts") == metrics(tmp_path / "whole")
    names = sorted(path.name for path in (tmp_path / "whole" / "previews").iterdir())
    assert sorted(path.name for path in previews.iterdir()) == names
    assert (previews / "step_00000001.mp4").stat().st_mtime_ns == first.st_mtime_ns


def busy(config):
    """A run with previews and reports at steps 0, 2 and 4, and distances at the first and last."""
    config.data.resolution = 16
    config.log.distance_clips = 4
    config.log.preview_every = config.log.critic_every = 2
    config.log.checkpoint_every = 3
    return config


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("whole")
    assert go_on(busy(make_tiny_config()), run_dir) == 0
    return run_dir


@pytest.mark.parametrize(
    ("what", "call"),
    [
        *(("write_samples", call) for call in range(4)),
        *(("critic_report", call) for call in range(3)),
        *(("frechet_distance", call) for call in range(2)),
    ],
)
def test_what_a_stop_cut_off_is_made_up_for(
    tiny_config, tmp_path, monkeypatch, left_alone, what, call
):
    """At the first step, between, and at the last one: files and metrics are those of no stop."""
    busy(tiny_config)
    work, done = getattr(measuring, what), []

    def stopped(*arguments, **settings):
        done.append(what)
        if len(done) == call + 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return work(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(measuring, what, stopped)
        number = go_on(tiny_config, tmp_path)
    # There is no fourth preview.
    assert number == (signal.SIGTERM if call < 3 else 0) and len(done) == min(call + 1, 3)
    assert go_on(tiny_config, tmp_path) == 0
    assert metrics(tmp_path) == metrics(left_alone)
    previews = [run_dir / "previews" for run_dir in (left_alone, tmp_path)]
    names = sorted(path.name for path in previews[0].iterdir())
    assert sorted(path.name for path in previews[1].iterdir()) == names and len(names) == 3
    assert filecmp.cmpfiles(*previews, names, shallow=False) == (names, [], [])
    assert_same_checkpoints(find_checkpoint(left_alone), find_checkpoint(tmp_path))
    # Then nothing is left to do.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert go_on(tiny_config, tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("steps", [4, 6])
def test_checkpoints_that_a_kill_left_are_deleted_by_the_next_run(tiny_config, tmp_path, steps):
    """A kill between a save and the deletion of what it superseded, at the last step or before."""
    tiny_config.log.checkpoint_every, tiny_config.log.keep_last = 1, 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "prune_checkpoints", lambda *_, **__: None)
        assert go_on(tiny_config, tmp_path) == 0
    assert [step_of(path) for path in list_checkpoints(tmp_path)] == [1, 2, 3, 4]
    tiny_config.train.steps = steps
    assert go_on(tiny_config, tmp_path) == 0
    assert [step_of(path) for path in list_checkpoints(tmp_path)] == [steps - 1, steps]


def test_a_request_to_stop_does_not_wait_for_a_preview(tiny_config, tmp_path, monkeypatch):
    tiny_config.log.preview_every = 1
    begun = []

    def endless(path, *_, **__):
        begun.append(path.name)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it was not cut off")

    monkeypatch.setattr("tgan.training.measuring.write_samples", endless)
    stopped_by, _ = train(tiny_config, tmp_path)
    assert stopped_by == signal.SIGTERM and begun == ["step_00000000.mp4"]


def test_what_is_not_a_checkpoint_may_fail(tiny_config, tmp_path, monkeypatch, capsys):
    train(tiny_config, tmp_path / "whole")
    tiny_config.log.preview_every = tiny_config.log.critic_every = 1
    tiny_config.log.trackers = ["tensorboard"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "previews").write_text("in the way")
    for name in ("measuring.critic_report", "recorder.MetricsFile.write"):
        monkeypatch.setattr(f"tgan.training.{name}", raising(OSError("disk full")))
    monkeypatch.setattr(TensorBoardTracker, "log", raising(RuntimeError("writer is dead")))
    monkeypatch.setattr(TensorBoardTracker, "finish", raising(RuntimeError("writer is dead")))
    assert train(tiny_config, tmp_path / "run")[0] == 0
    assert_same_checkpoints(find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "run"))
    error = capsys.readouterr().err
    for what, count in (
        ("previews", "5 times"),
        ("reports on the critic", "5 times"),
        ("metrics", "4 times"),
        ("the tracker tensorboard", "5 times"),
    ):
        assert error.count(f"{what} failed, training goes on") == 1
        assert f"warning: {what} failed {count} (first: " in error


def test_trackers_that_cannot_begin_do_not_end_a_run(tiny_config, tmp_path, monkeypatch, capsys):
    train(tiny_config, tmp_path / "whole")
    tiny_config.log.trackers = ["tensorboard"]
    monkeypatch.setattr(Accelerator, "init_trackers", raising(OSError("disk full")))
    assert train(tiny_config, tmp_path / "run")[0] == 0
    assert_same_checkpoints(find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "run"))
    error = capsys.readouterr().err
    assert "warning: trackers failed, training goes on: disk full" in error
    assert "warning: trackers failed once (first: disk full)" in error


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_metrics_line_that_is_cut_short_is_taken_back(tmp_path, monkeypatch):
    metrics = MetricsFile(tmp_path, first_step=0)
    metrics.write(1, {"loss": 0.5})
    whole = metrics.path.read_bytes()

    def cut(path, mode):
        with open(path, mode) as file:  # noqa: PTH123
            file.write('{"step": 2, "lo')
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tgan.system.files.Path.open", cut)
        with pytest.raises(OSError, match="No space"):
            metrics.write(2, {"loss": 0.25})
    assert metrics.path.read_bytes() == whole


@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
def test_data_that_fail_end_the_run_with_a_checkpoint(tiny_config, tmp_path, monkeypatch, schedule):
    tiny_config.train.schedule = schedule
    tiny_config.train.n_critic = 3 if schedule == "alternating" else 1
    tiny_config.log.checkpoint_every = 0
    train(tiny_config, tmp_path / "whole")
    run = build_run(tiny_config, tmp_path / "parts")
    # Their fingerprint looks at some clips, too.
    assert run.data
    clip, drawn = type(run.source).clip, []

    def failing(self, index, start=0):
        drawn.append(index)
        if len(drawn) > 4 * (2 * tiny_config.train.n_critic + 1) - 2:
            raise RuntimeError("the disk is gone")
        return clip(self, index, start)

    with monkeypatch.context() as patch:
        patch.setattr(type(run.source), "clip", failing)
        with pytest.raises(RuntimeError, match="the disk is gone"):
            fit(run)
    assert find_checkpoint(tmp_path / "parts").step == 2
    train(tiny_config, tmp_path / "parts", resume="auto")
    assert_same_checkpoints(
        find_checkpoint(tmp_path / "whole"), find_checkpoint(tmp_path / "parts")
    )


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tiny_config, tmp_path):
    tiny_config.constraint.name, tiny_config.constraint.interval = "none", None
    tiny_config.log.checkpoint_every = 1
    run = build_run(tiny_config, tmp_path)
    original = run.task.step

    def break_at_two(step, reals, latents):
        terms = original(step, reals, latents)
        if step == 2:
            terms["critic_loss"] = terms["critic_loss"] * float("nan")
        return terms

    run.task.step = break_at_two
    with pytest.raises(ArithmeticError, match="critic_loss is nan at step 3"):
        fit(run)
    assert find_checkpoint(tmp_path).step == 2


def test_weights_that_are_not_finite_are_never_saved(tiny_config, tmp_path):
    train(tiny_config, tmp_path, steps=2)
    run = build_run(tiny_config, tmp_path)
    with torch.no_grad():
        run.task.generator.module.image.last.bias.fill_(float("inf"))
    recorder = Recorder(run, first_step=2, last_step=4)
    with pytest.raises(ArithmeticError, match=r"image\.last\.bias"):
        recorder.save(3, always=True)
    assert find_checkpoint(tmp_path).step == 2


def test_the_seed_decides_the_run(tiny_config, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        tiny_config.train.seed = seed
        train(tiny_config, tmp_path / name, steps=2)
    runs = [find_checkpoint(tmp_path / name) for name in "abc"]
    assert_same_checkpoints(runs[0], runs[1])
    weights = [run.tensors["generator"]["image.slow.weight"] for run in runs]
    assert not torch.equal(weights[0], weights[2])
