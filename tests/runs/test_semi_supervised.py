"""Runs whose critic learns the classes of few labelled clips, and what becomes of the critic."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from tests.made import forked
from tests.made.checkpoints import assert_same_checkpoints
from tgan.cli import main
from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    DataConfig,
    GeneratorConfig,
    LogConfig,
    OptimizerConfig,
    TrainConfig,
)
from tgan.config.reading import dump_config
from tgan.data.own.source import as_source
from tgan.runs.build import build_run
from tgan.runs.classifying import guesses_right
from tgan.runs.memory import _batches
from tgan.runs.train import train
from tgan.runs.trained import load
from tgan.training.footprint import peak_of_step
from tgan.training.streams import streams_of

DIGITS = tuple("0123456789")


def tiny(**settings) -> Config:
    adam = OptimizerConfig(name="adam", lr=1e-3)
    train = {"steps": 4, "batch_size": 4, "cross_entropy_weight": 1.0, "schedule": "alternating"}
    return Config(
        objective="non_saturating",
        data=DataConfig(
            name="digits", resolution=16, channels=1, num_frames=1, num_labels=20, label_draw=3
        ),
        generator=GeneratorConfig(name="dcgan", z_slow=8, width=16),
        critic=CriticConfig(width=4, batch_norm=False),
        constraint=ConstraintConfig(name="none"),
        generator_optimizer=adam,
        critic_optimizer=adam,
        train=TrainConfig(**train | settings),
        log=LogConfig(every=1, preview_every=0, checkpoint_every=2, critic_every=0, trackers=[]),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tiny(), run_dir=tmp_path_factory.mktemp("run") / "few")


def lines_of(run_dir):
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


def test_a_run_reports_the_cross_entropy_and_knows_its_classes(run):
    assert run.classes == list(DIGITS) and np.isfinite(run.metrics["cross_entropy"]).all()
    assert run.sample(range(2)).shape == (2, 1, 16, 16, 1)


def test_the_stream_tells_the_classes_of_the_labelled_clips_and_of_no_others(tmp_path):
    settings = tiny(batch_size=8)
    build = build_run(settings, tmp_path)
    known = {
        build.labelled.clip(index, 0).tobytes(): build.labelled.label(index) for index in range(20)
    }
    assert len(known) == 20
    reals, _ = streams_of(build, 0)
    assert reals.fetch(1)
    told = []
    for _ in range(5):
        batch = next(reals)
        assert batch.condition == () and batch.samples.shape == (8, 1, 1, 16, 16)
        samples, classes = batch.labelled
        pixels = (samples * 128 + 128).to(torch.uint8).movedim(1, -1).numpy()
        told += [(clip.tobytes(), int(k)) for clip, k in zip(pixels, classes, strict=True)]
    # Two passes over the labelled clips, each of which comes twice, with its class.
    assert sorted(told) == sorted([*known.items()] * 2)
    # From a later step on it is the same stream.
    later, _ = streams_of(build, 3)
    again = next(later).labelled[0]
    first, _ = streams_of(build, 0)
    for _ in range(3):
        next(first)
    assert torch.equal(again, next(first).labelled[0])


@pytest.mark.parametrize("schedule", ["alternating", "simultaneous"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path, schedule):
    config = tiny(schedule=schedule, augment=["shift"])
    whole = train(config, run_dir=tmp_path / "whole")
    train(config, run_dir=tmp_path / "parts", **{"train.steps": 2})
    parts = train(config, run_dir=tmp_path / "parts", resume="auto")
    assert_same_checkpoints(whole.checkpoint, parts.checkpoint)
    assert lines_of(whole.path) == lines_of(parts.path)


def test_other_labels_are_another_experiment(tmp_path):
    train(tiny(), run_dir=tmp_path, **{"train.steps": 1})
    with pytest.raises(ValueError, match=r"data.label_draw.*trained on other clips"):
        train(tiny(), run_dir=tmp_path, resume="auto", **{"data.label_draw": 4})


@pytest.mark.parametrize("schedule", ["alternating", "simultaneous"])
def test_two_processes_train_what_one_does(tmp_path, schedule):
    config = tiny(schedule=schedule, augment=["shift"])
    (tmp_path / "config.yaml").write_text(dump_config(config))
    for count in (1, 2):
        argv = ["train", "--config", str(tmp_path / "config.yaml")]
        argv += ["--run-dir", str(tmp_path / str(count))]
        log = tmp_path / "log"
        statuses = forked.ended(forked.start(lambda argv=argv: main(argv), count, log), 120)
        assert statuses == [0] * count, log.read_text()
    one, two = (lines_of(tmp_path / str(count)) for count in (1, 2))
    assert len(one) == len(two) == 4
    for a, b in zip(one, two, strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_bf16_trains_alike(run, tmp_path):
    half = train(tiny(), run_dir=tmp_path, **{"train.mixed_precision": "bf16"})
    whole, found = run.metrics["cross_entropy"], half.metrics["cross_entropy"]
    np.testing.assert_allclose(found, whole, rtol=0.05)
    assert not np.array_equal(found, whole)


def test_probabilities_are_the_softmax_of_the_critics_logits(run):
    digits = run.held_out
    found = run.classify("held-out")
    assert found.shape == (len(digits), 10) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    pixels = np.stack([digits.clip(index) for index in range(70)])
    with torch.no_grad():
        clips = torch.from_numpy((pixels.astype(np.float32) - 128) / 128).movedim(-1, 1)
        odds = run.critic.logits(clips).double().exp().numpy()
    np.testing.assert_allclose(found[:70], odds / odds.sum(1, keepdims=True), atol=1e-5)
    # An array of images will do, or of clips.
    np.testing.assert_array_equal(run.classify(pixels), found[:70])
    np.testing.assert_array_equal(run.classify(pixels[:, 0]), found[:70])
    right = guesses_right(found, digits, run.classes)
    assert right.tolist() == [digits.label(i) == found[i].argmax() for i in range(len(digits))]


def test_clips_without_a_class_are_not_counted_and_unknown_classes_are_told():
    pixels = np.zeros((3, 8, 8, 1), np.uint8)
    source = as_source(pixels, labels=["b", "a", "b"])
    guessed = np.array([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])
    assert guesses_right(guessed, source, ["a", "b"]).tolist() == [True, False, False]
    assert guesses_right(guessed, as_source(pixels), ["a", "b"]).tolist() == []
    with pytest.raises(ValueError, match="clips of a class 'b'; the classifier knows a, c"):
        guesses_right(guessed, source, ["a", "c"])


def test_what_cannot_be_classified_is_told(run, tmp_path):
    with pytest.raises(ValueError, match=r"clips are \(1, 8, 8, 1\).*takes \(1, 16, 16, 1\)"):
        run.classify(np.zeros((2, 8, 8, 1), np.uint8))
    plain = train(tiny(cross_entropy_weight=0.0), run_dir=tmp_path, **{"data.num_labels": None})
    with pytest.raises(ValueError, match="has no classifier: its critic learned no classes"):
        plain.classify("held-out")


def test_memory_of_a_step_counts_labelled_clips(tmp_path):
    found = {}
    for weight in (0.0, 1.0):
        build = build_run(tiny(cross_entropy_weight=weight), tmp_path)
        found[weight] = forked.in_a_copy(peak_of_step, build.task, *_batches(build))
    assert found[1.0] > found[0.0] + 4 * 16 * 16 * 4


class OwnCritic(nn.Module):
    """A linear critic of 16x16 images, with as many logits as it is told, or none."""

    def __init__(self, logits):
        super().__init__()
        self.last = nn.Linear(256, logits)

    def forward(self, video):
        return self.logits(video).logsumexp(1)

    def logits(self, video):
        return self.last(video.flatten(1))


def test_a_critic_of_ones_own_learns_classes_if_it_has_logits(tmp_path):
    run = train(tiny(), run_dir=tmp_path / "own", critic=OwnCritic(10), **{"train.steps": 1})
    assert run.classify("held-out").shape == (299, 10)
    again = load(tmp_path / "own", critic=OwnCritic(10))
    np.testing.assert_array_equal(again.classify("held-out"), run.classify("held-out"))
    with pytest.raises(ValueError, match=r"critic's classifier .* gives \(2, 7\), not \(2, 10\)"):
        train(tiny(), run_dir=tmp_path / "a", critic=OwnCritic(7))
    without = nn.Sequential(nn.Flatten(), nn.Linear(256, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="a method `logits` of videos, and Sequential has none"):
        train(tiny(), run_dir=tmp_path / "b", critic=without)


def test_labels_of_ones_own_may_be_few_from_the_start(tmp_path):
    """Clips without a class are trained on; those that have one are all told."""
    rng = np.random.default_rng(0)

    class Partly:
        shape, labels = (1, 16, 16, 1), ["even", "odd"]

        def __len__(self):
            return 30

        def label(self, index):
            return index % 2 if index < 6 else None

        def clip(self, index, start):
            return rng.integers(0, 256, self.shape, np.uint8)

    run = train(
        tiny(), run_dir=tmp_path, source=Partly(), **{"train.steps": 1, "data.num_labels": None}
    )
    assert run.classes == ["even", "odd"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train.cross_entropy_weight": -1.0}, "weight -1.0 is negative or not finite"),
        ({"data.num_labels": 1}, "data.num_labels 1 is below 2"),
        ({"data.num_labels": 15}, "15 is not a multiple of the number of classes, 10: 10 or 20 is"),
        ({"data.num_labels": 5000}, "500 of each class, and the class '8' has 146"),
        ({"data.label_draw": -1}, "data.label_draw -1 is below 0"),
        ({"conditional": True}, "conditional true exclude each other: the critic would be told"),
        ({"critic.packs": 2}, "critic.packs 2 exclude each other: the class of a clip would"),
        ({"critic.sees_batch": "deviation"}, "critic.sees_batch deviation exclude each other"),
        ({"data.name": "moving_digits"}, "moving digits with data.num_digits 2 have several"),
        ({"train.schedule": "unrolled"}, "by its objective alone, beside which this one pays cros"),
    ],
)
def test_what_does_not_go_together_is_told_before_any_work(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        train(tiny(), run_dir=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()
