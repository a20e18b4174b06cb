import re

import pytest

from tests.conftest import make_tiny_config
from tgan.runs.build import build_run
from tgan.training import estimate as module
from tgan.training.estimate import Estimate, estimate, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (91, "2 min"),
        (3600, "60 min"),
        (7200, "2.0 h"),
        (200_000, "2.3 days"),
    ],
)
def test_times_are_told_in_words(seconds, words):
    assert in_words(seconds) == words


def test_steps_are_timed_but_for_the_first_ones(tmp_path, monkeypatch):
    """Two of 9 s, and ten that take half a second, but every fifth a second more."""
    config = make_tiny_config()
    config.train.steps = 100
    run = build_run(config, tmp_path / "run")
    clock, numbers = [0.0], []

    def step(number, reals, latents):
        next(reals), next(latents)
        numbers.append(number)
        clock[0] += 9 if len(numbers) <= 2 else 1.5 if number % 5 == 0 else 0.5

    monkeypatch.setattr(run.task, "step", step)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    found = estimate(run, first_step=40)
    assert numbers == list(range(40, 52))
    assert found.seconds == pytest.approx(0.7) and found.steps == 60 and found.memory > 1e7
    assert not (tmp_path / "run").exists()


def test_slow_steps_are_timed_for_a_minute(tmp_path, monkeypatch):
    run = build_run(make_tiny_config(), tmp_path / "run")
    clock = [0.0]
    monkeypatch.setattr(run.task, "step", lambda *_: clock.__setitem__(0, clock[0] + 25))
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    assert estimate(run).seconds == 25 and clock[0] == 5 * 25


def test_real_steps_are_taken(tmp_path):
    run = build_run(make_tiny_config(), tmp_path / "run")
    before = next(run.task.critic.module.parameters()).clone()
    text = str(estimate(run))
    assert re.match(r"estimate: [\d.e-]+ s per step, [\d.]+ GB of memory; \d+ steps take ", text)
    assert not (next(run.task.critic.module.parameters()) == before).all()
    assert "GB" not in str(Estimate(1.0, 2, None))
