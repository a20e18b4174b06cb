import numpy as np
import pytest

from tests.conftest import make_tiny_config
from tgan.runs.build import build_run
from tgan.training.loop import fit
from tgan.training.signs import EXPLODED, SIGNS, VANISHED, Signs


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
}


@pytest.mark.parametrize("name", SIGNS)
def test_a_fault_is_told_at_the_second_look_and_once(name):
    signs, faulty = Signs(), FAULTS[name](real(1))
    assert signs.of_samples(faulty, real()) == []
    assert signs.of_samples(faulty, real()) == [SIGNS[name].text]
    assert signs.of_samples(faulty, real()) == []


@pytest.mark.parametrize("name", SIGNS)
def test_a_fault_that_goes_away_is_not_told(name):
    signs = Signs()
    for _ in range(3):
        assert signs.of_samples(FAULTS[name](real(1)), real()) == []
        assert signs.of_samples(real(1), real()) == []


def test_real_clips_show_nothing_even_where_they_are_black_and_white():
    for change in (lambda clips: clips, saturated, FAULTS["still"]):
        signs = Signs()
        for seed in range(4):
            assert signs.of_samples(change(real(seed)), change(real())) == []


def test_one_sample_is_not_called_alike_and_pictures_not_still():
    signs = Signs()
    for _ in range(2):
        assert signs.of_samples(real(1, count=1), real(0, count=1)) == []
        assert signs.of_samples(real(1)[:, :1], real()[:, :1]) == []


def lines(gaps):
    signs = Signs()
    return [line for gap in gaps for line in signs.of_losses({"critic_gap": gap})]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gap_that_vanishes_or_explodes_is_told_once(sign):
    steady = [sign * (1 + 0.5 * (k % 3)) for k in range(60)]
    assert lines(steady) == []
    assert lines([*steady, *[1e-5] * 30]) == [VANISHED]
    assert lines([*steady, *[sign * 5e4] * 40]) == [EXPLODED]


def test_a_gap_that_is_small_or_large_from_the_start_or_for_a_moment_is_not():
    assert lines([1e-6] * 100) == [] and lines([1e6] * 100) == []
    assert lines([*[1.0] * 40, *[1e-9] * 10, *[1.0] * 40]) == []
    assert lines([*[1.0] * 40, *[float("nan")] * 40]) == []
    assert Signs().of_losses({"generator_loss": 1.0}) == []


def test_a_run_tells_what_it_sees(tmp_path, capsys, monkeypatch):
    """Of its samples beside its own clips, at its previews, and of the losses that it logs."""
    config = make_tiny_config()
    config.train.steps, config.log.every, config.log.preview_every = 4, 1, 1
    run, seen = build_run(config, tmp_path), []

    def of_samples(self, samples, real):
        seen.append((samples.shape, real.shape, samples.dtype, real.dtype))
        return ["samples are odd"] if len(seen) == 3 else []

    monkeypatch.setattr(Signs, "of_samples", of_samples)
    monkeypatch.setattr(Signs, "of_losses", lambda self, values: [f"{sorted(values)[0]} is odd"])
    fit(run)
    shape = (config.log.preview_count, *run.source.shape)
    assert seen == [(shape, shape, np.uint8, np.uint8)] * 5
    told = [line for line in capsys.readouterr().err.splitlines() if "odd" in line]
    assert sum("warning: samples are odd" in line for line in told) == 1
    assert sum("warning: critic_gap is odd" in line for line in told) == 4
