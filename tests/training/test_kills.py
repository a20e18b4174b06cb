"""Runs that are killed at random moments, and go on until they are done."""

import os
import random
import signal
import time
from contextlib import suppress
from functools import partial

import pytest

from tests.made import forked
from tests.made.checkpoints import assert_same_checkpoints
from tests.training.test_loop import metrics
from tgan.runs.train import train
from tgan.training.checkpoint import find_checkpoint, list_checkpoints

# How many kills each of the long tests makes.
KILLS = int(os.environ.get("TGAN_KILLS", "20"))


def settings(tiny_config):
    tiny_config.data.resolution = 16
    tiny_config.log.checkpoint_every = 1
    tiny_config.log.preview_every = tiny_config.log.critic_every = 3
    tiny_config.log.every = 2
    tiny_config.train.steps = 6
    return tiny_config


def start(config, run_dir, processes):
    work = partial(train, config, run_dir=run_dir, resume="auto", wait=True)
    return forked.start(work, processes, run_dir.with_suffix(".log"))


def kill(processes):
    """Kill processes, of which one may have come to its end just now."""
    for act, argument in ((os.kill, signal.SIGKILL), (os.waitpid, 0)):
        for process in processes:
            with suppress(ProcessLookupError, ChildProcessError):
                act(process, argument)


def killed_until_done(config, run_dir, processes, moments):
    """Train, killed after so many seconds each time; how often that was."""
    kills = 0
    while True:
        started = start(config, run_dir, processes)
        statuses = forked.ended(started, next(moments))
        if statuses is None:
            kill(started)
            kills += 1
            continue
        text = run_dir.with_suffix(".log").read_text()[-3000:]
        assert statuses == [0] * processes, text
        return kills


def compare(whole, parts):
    assert_same_checkpoints(find_checkpoint(whole), find_checkpoint(parts))
    assert metrics(parts) == metrics(whole)
    previews = [sorted(p.name for p in (run / "previews").iterdir()) for run in (whole, parts)]
    assert previews[0] == previews[1]
    assert len(list_checkpoints(parts)) == len(list_checkpoints(whole))
    assert not list(parts.rglob("*.part")) and not (parts / ".lock").exists()


def kill_runs(config, folder, processes, kills):
    """Runs of one seed, each killed until it is done, until there were so many kills."""
    begin = time.monotonic()
    assert forked.ended(start(config, folder / "whole", processes), 240) == [0] * processes
    longest, rng = time.monotonic() - begin, random.Random(processes)
    # However slow the machine: a run that is left alone for this long comes to its end.
    moments = iter(lambda: rng.uniform(0, 1.2 * longest), None)
    made = 0
    while made < kills:
        run_dir = folder / f"killed {made}"
        made += killed_until_done(config, run_dir, processes, moments)
        compare(folder / "whole", run_dir)
    return made


def test_a_run_that_is_killed_at_any_moment_loses_nothing(tiny_config, tmp_path):
    assert kill_runs(settings(tiny_config), tmp_path, 1, 1) >= 1


@pytest.mark.slow
@pytest.mark.timeout(300 + 60 * KILLS)
@pytest.mark.parametrize("processes", [1, 2])
def test_runs_that_are_killed_again_and_again_lose_nothing(tiny_config, tmp_path, processes):
    assert kill_runs(settings(tiny_config), tmp_path, processes, KILLS) >= KILLS
