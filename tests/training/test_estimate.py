import re

import pytest
import torch

from tests.conftest import make_tiny_config
from tgan.runs.build import build_run
from tgan.training import estimate as module
from tgan.training.estimate import Estimate, Stopwatch, estimate, in_words
from tgan.training.loop import fit
from tgan.training.recorder import Recorder


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


def fitted(config, path, monkeypatch, *, seconds, first_step=0):
    """Train with a made step on a made clock: what is printed, and at which step."""
    run = build_run(config, path)
    clock, told = [0.0], []

    def slow(number, reals, latents):
        next(reals), next(latents)
        clock[0] += seconds(number)
        return {"critic_gap": torch.zeros(())}

    def busy(recorder, number, *_, **__):
        clock[0] += 1000

    monkeypatch.setattr(run.task, "step", slow)
    monkeypatch.setattr(Recorder, "save", busy)
    monkeypatch.setattr(Recorder, "report", busy)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(module, "write", lambda text, file=None: told.append(text))
    fit(run, first_step=first_step)
    return told


def config_of(steps):
    config = make_tiny_config()
    config.data.resolution, config.train.steps = 16, steps
    config.log.every, config.log.checkpoint_every = 1, 0
    return config


@pytest.mark.parametrize("first_step", [0, 7])
def test_a_run_tells_its_estimate_once_by_its_own_first_steps(tmp_path, monkeypatch, first_step):
    """Two of 9 s, ten of 2 s on the average; whatever is done between steps does not count."""

    def seconds(number):
        return 9 if number < first_step + 2 else 1.5 + number % 2

    config = config_of(first_step + 60)
    told = fitted(config, tmp_path, monkeypatch, seconds=seconds, first_step=first_step)
    assert len(told) == 1
    assert told[0].startswith("estimate: 2 s per step, ") and "; 48 steps take 2 min" in told[0]


def test_a_run_of_few_steps_tells_none_unless_they_are_slow(tmp_path, monkeypatch):
    assert fitted(config_of(59), tmp_path / "a", monkeypatch, seconds=lambda _: 1) == []
    (line,) = fitted(config_of(30), tmp_path / "b", monkeypatch, seconds=lambda _: 25)
    assert line.startswith("estimate: 25 s per step") and "; 25 steps take 10 min" in line


def test_a_run_that_holds_too_much_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "lack_of_memory", lambda run, held: "that is too much")
    told = fitted(config_of(60), tmp_path, monkeypatch, seconds=lambda _: 1)
    assert len(told) == 2 and told[1] == "warning: that is too much"


def test_where_steps_are_not_waited_for_they_count_from_one_look_to_another():
    """A device that is waited for at every fourth step, as the clock of the host sees it."""
    watch, clock = Stopwatch(), 0.0

    def take(seconds, *, waited):
        nonlocal clock
        watch.begin()
        clock += seconds
        return watch.end(waited=waited)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "perf_counter", lambda: clock)
        enough = [take(8.0 if n % 4 == 0 else 0.001, waited=n % 4 == 0) for n in range(1, 20)]
    assert enough.index(True) == 15  # Counted from the fourth step on, ten at least.
    assert watch.taken == 19 and not watch.end(waited=True)
    assert Stopwatch().end(waited=True) is False
