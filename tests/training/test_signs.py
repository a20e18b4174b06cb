import numpy as np
import pytest

from tests.conftest import make_tiny_config
from tgan.runs.build import build_run
from tgan.training import measuring
from tgan.training.copies import Copies
from tgan.training.loop import fit
from tgan.training.signs import EXPLODED, SIGNS, VANISHED, RealClips, Signs

SIZE = 8 * 16 * 16


def beside(clips):
    return RealClips(clips, Copies([clips], range(len(clips))))


def real(seed=0, count=6):
    """Squares of some grey that move over a grey ground."""
    rng = np.random.default_rng(seed)
    clips = np.full((count, 8, 16, 16, 1), 100, np.uint8)
    for clip in clips:
        (y, x), grey = rng.integers(0, 8, 2), rng.integers(150, 230)
        for t, frame in enumerate(clip):
            frame[y : y + 6, (x + t) % 10 : (x + t) % 10 + 6] = grey
    return clips


def saturated(clips):
    return np.where(clips > 100, 255, 0).astype(np.uint8)


FAULTS = {
    "alike": lambda clips: np.repeat(clips[:1], len(clips), axis=0),
    "still": lambda clips: np.repeat(clips[:, :1], clips.shape[1], axis=1),
    "saturated": saturated,
    "copies": lambda clips: real(0, len(clips)) // 2 * 2,
}


def told(signs, samples, clips=None):
    return signs.of_samples(samples, beside(real(0, 16) if clips is None else clips))


@pytest.mark.parametrize("name", SIGNS)
def test_a_fault_is_told_at_the_second_look_and_once(name):
    signs, faulty = Signs(SIZE), FAULTS[name](real(1, 16))
    assert told(signs, faulty) == []
    assert told(signs, faulty) == [SIGNS[name].text]
    assert told(signs, faulty) == []


@pytest.mark.parametrize("name", SIGNS)
def test_a_fault_that_goes_away_is_not_told(name):
    signs = Signs(SIZE)
    for _ in range(3):
        assert told(signs, FAULTS[name](real(1, 16))) == []
        assert told(signs, real(1, 16)) == []


def test_real_clips_show_nothing_even_where_they_are_black_and_white():
    for change in (lambda clips: clips, saturated, FAULTS["still"]):
        signs = Signs(SIZE)
        for seed in range(1, 5):
            assert told(signs, change(real(seed)), change(real())) == []


def test_colours_are_saturated_beside_those_of_clips_that_are_black_for_the_most_part():
    """Of real clips 30 % of pixels are between the ends; of samples 8 % are, or 10 %."""
    clips = np.zeros((6, 8, 10, 10, 1), np.uint8)
    for share, seen in ((30, False), (10, False), (8, True)):
        samples, around = clips.copy(), clips.copy()
        samples.reshape(6, 8, 100)[..., :share] = around.reshape(6, 8, 100)[..., :30] = 99
        assert SIGNS["saturated"].seen(samples, beside(around)) == seen


def test_one_sample_is_not_called_alike_and_pictures_not_still():
    signs = Signs(SIZE)
    for _ in range(2):
        assert told(signs, real(1, count=1), real(0, count=1)) == []
        assert told(signs, real(1)[:, :1], real()[:, :1]) == []


def lines(gaps):
    signs = Signs(SIZE)
    return [line for gap in gaps for line in signs.of_losses({"critic_gap": gap})]


STEADY = [1 + 0.5 * (k % 3) for k in range(60)]
# Twice the root of the size: what one clip can be away from another.
FARTHEST = 2 * SIZE**0.5


@pytest.mark.parametrize(
    ("gaps", "line"),
    [
        ([*STEADY, *[1e-5] * 30], VANISHED),
        ([1e-7 * FARTHEST] * 30, VANISHED),
        ([*STEADY, *[-5.0, -4.0, 3.0, -2.0] * 10], VANISHED),
        ([*STEADY, *[11 * FARTHEST, -1e9, 1e9, 5.0] * 15], EXPLODED),
        ([11 * FARTHEST] * 40, EXPLODED),
    ],
)
def test_a_gap_that_vanishes_or_explodes_is_told_once(gaps, line):
    assert lines(gaps) == [line]


@pytest.mark.parametrize(
    "gaps",
    [
        STEADY,
        # A critic of bounded slope far from its clips; a small one that is above 0, too.
        [9 * FARTHEST] * 100,
        [1e-5 * FARTHEST] * 100,
        # After the first looks, which are large, it falls.
        [*[30 * FARTHEST] * 3, *[500 / k for k in range(1, 200)]],
        # For a moment alone.
        [*STEADY, *[1e-9] * 10, *STEADY, *[-1.0] * 10, *STEADY, *[1e9] * 10, *STEADY],
        # Near the end of a good run it is below 0 now and then.
        [*STEADY, *[0.5, -0.4, 0.3] * 40],
        [*STEADY, *[float("nan")] * 40],
    ],
)
def test_a_gap_that_is_as_in_good_runs_is_not(gaps):
    assert lines(gaps) == []
    assert Signs(SIZE).of_losses({"generator_loss": 1.0}) == []


def test_a_run_tells_what_it_sees(tmp_path, capsys, monkeypatch):
    """Of its samples beside its own clips, at its previews, and of the losses that it logs."""
    config = make_tiny_config()
    config.train.steps, config.log.every, config.log.preview_every = 4, 1, 1
    run, seen, copied = build_run(config, tmp_path), [], []

    def of_samples(self, samples, real):
        seen.append((samples.shape, real.clips.shape, samples.dtype, real.clips.dtype))
        copied.append(real.copies.share(run.source.clip(0)[None]))
        return ["samples are odd"] if len(seen) == 3 else []

    monkeypatch.setattr(Signs, "of_samples", of_samples)
    monkeypatch.setattr(Signs, "of_losses", lambda self, values: [f"{sorted(values)[0]} is odd"])
    fit(run)
    shape = (config.log.preview_count, *run.source.shape)
    assert seen == [(shape, shape, np.uint8, np.uint8)] * 5 and copied == [1.0] * 5
    told = [line for line in capsys.readouterr().err.splitlines() if "odd" in line]
    assert sum("warning: samples are odd" in line for line in told) == 1
    assert sum("warning: critic_gap is odd" in line for line in told) == 4


@pytest.mark.parametrize("copying", [True, False])
def test_a_run_whose_generator_returns_training_clips_is_told(
    tmp_path, capsys, monkeypatch, copying
):
    """At its second preview, though the clips are changed a little; one that learns is not."""
    config = make_tiny_config()
    config.train.steps, config.log.preview_every, config.log.preview_count = 2, 1, 8
    run = build_run(config, tmp_path)
    if copying:
        copies = [run.source.clip(index) // 10 * 9 for index in range(8)]
        monkeypatch.setattr(measuring, "_samples", lambda *_: copies)
    fit(run)
    assert (f"warning: {SIGNS['copies'].text}" in capsys.readouterr().err) == copying
