"""Disks that fill up under a run: at a save, a preview, a metrics line, a tracker's line."""

import json
import os
import shutil
import time
from functools import partial

import numpy as np
import pytest

from tests.made.small_disk import PAGE, small_disk
from tests.made.watched import Watched, last_step
from tgan.training.checkpoint import directory_of, find_checkpoint, list_checkpoints

# How often each case is tried, with another room each time.
TIMES = int(os.environ.get("TGAN_TIMES", "1"))
FIRST, LAST = 8, 200
SETTINGS = ["--log.every=1", "--log.checkpoint_every=16", "--log.preview_every=16"]
SETTINGS += ["--log.critic_every=0", "--log.trackers=[tensorboard]", "--resume=auto"]
# Seconds that a run as short takes at most on a machine that others use, too.
SECONDS = 180


def train(run_dir, *, steps=LAST, processes=1, then=lambda: None):
    """Status and output of a run that goes on, after which nothing of it is left.

    Args:
        then: what is done once it has made a step.
    """
    begun = run_dir.with_suffix(".log")
    begun.unlink(missing_ok=True)
    run = Watched(run_dir, *SETTINGS, f"--train.steps={steps}", processes=processes)
    try:
        end = time.monotonic() + SECONDS
        while steps > FIRST and last_step(run_dir) <= FIRST and time.monotonic() < end:
            assert run.process.poll() is None, run.text()
            time.sleep(0.05)
        then()
        status = run.wait(SECONDS)
        assert run.survivors() == []
    finally:
        run.kill()
    return status, begun.read_text()


@pytest.fixture(scope="module", params=[1, 2], ids=["one", "two"])
def begun(request, tmp_path_factory):
    """Number of processes, a run of them that is at step FIRST, and one that is at LAST."""
    folder, processes = tmp_path_factory.mktemp("begun"), request.param
    for name, steps in (("first", FIRST), ("last", LAST)):
        status, text = train(folder / name, steps=steps, processes=processes)
        assert status == 0, text
    return processes, folder / "first", folder / "last"


@pytest.fixture
def run_dir(begun, tmp_path):
    return shutil.copytree(begun[1], tmp_path / "run")


def tensors(run_dir, step=LAST):
    return find_checkpoint(directory_of(run_dir, step)).tensors


def check_equal(run_dir, whole):
    """The last state of a run is that of one whose disk was large enough, to the last bit."""
    ours, theirs = tensors(run_dir), tensors(whole)
    assert list(ours) == list(theirs)
    for name in theirs:
        assert ours[name].keys() == theirs[name].keys()
        for key, value in theirs[name].items():
            assert ours[name][key].equal(value), (name, key)


def check_whole_lines(run_dir):
    """No line was cut short, and none stands twice."""
    steps = [json.loads(line)["step"] for line in (run_dir / "metrics.jsonl").open()]
    assert steps == sorted(set(steps))


def leftovers(run_dir):
    return [path for path in run_dir.rglob(".*") if path.name != ".ballast"]


def check_goes_on(begun, run_dir, disk):
    """With room again, the run ends as if there had always been some."""
    disk.empty()
    processes, _, whole = begun
    status, text = train(run_dir, processes=processes)
    assert status == 0, text
    check_equal(run_dir, whole)
    check_whole_lines(run_dir)
    assert leftovers(run_dir) == []


def check_saved_before(processes, run_dir, status, text):
    """The run ended for want of room, said so in a line, and its last checkpoint is whole."""
    assert status == 1, text
    lines = [line for line in text.splitlines() if line.startswith("tgan train: ")]
    assert lines[0].endswith("No space left on device") and str(run_dir) in lines[0], text
    if processes == 1:
        assert len(lines) == 1 and "Traceback" not in text, text
    assert find_checkpoint(run_dir).path == list_checkpoints(run_dir)[-1]
    assert FIRST <= find_checkpoint(run_dir).step < LAST
    assert leftovers(run_dir) == []


@pytest.mark.slow
@pytest.mark.timeout(TIMES * 900)
def test_during_a_save(begun, tmp_path):
    draws = np.random.default_rng(0)
    for attempt in range(TIMES):
        run_dir = shutil.copytree(begun[1], tmp_path / str(attempt))
        with small_disk(run_dir / "checkpoints") as disk:
            room = PAGE * int(draws.integers(0, 10))
            ended = train(run_dir, processes=begun[0], then=partial(disk.fill, room=room))
            check_saved_before(begun[0], run_dir, *ended)
            check_goes_on(begun, run_dir, disk)


@pytest.mark.slow
@pytest.mark.timeout(TIMES * 900)
def test_of_the_whole_run(begun, tmp_path):
    draws = np.random.default_rng(1)
    for attempt in range(TIMES):
        run_dir = shutil.copytree(begun[1], tmp_path / str(attempt))
        with small_disk(run_dir) as disk:
            room = PAGE * int(draws.integers(0, 10))
            ended = train(run_dir, processes=begun[0], then=partial(disk.fill, room=room))
            check_saved_before(begun[0], run_dir, *ended)
            check_goes_on(begun, run_dir, disk)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("folder", "what"), [("previews", "previews"), ("tracking", "the tracker tensorboard")]
)
def test_of_what_a_run_does_not_need(begun, run_dir, folder, what):
    processes, _, whole = begun
    with small_disk(run_dir / folder) as disk:
        status, text = train(run_dir, processes=processes, then=partial(disk.fill, room=PAGE))
        assert status == 0, text
        assert text.count(f"warning: {what} failed, training goes on: ") == 1, text
        assert text.count(f"warning: {what} failed") == 2, text
        assert leftovers(run_dir) == []
        check_equal(run_dir, whole)
        check_whole_lines(run_dir)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_metrics(begun, run_dir):
    processes, _, whole = begun
    with (
        small_disk(run_dir) as disk,
        small_disk(run_dir / "checkpoints", num_bytes=2**22),
        small_disk(run_dir / "previews"),
        small_disk(run_dir / "tracking"),
    ):
        status, text = train(run_dir, processes=processes, then=partial(disk.fill, room=0))
        assert status == 0, text
        assert text.count("warning: metrics failed, training goes on: ") == 1, text
        check_equal(run_dir, whole)
        check_whole_lines(run_dir)
        assert leftovers(run_dir) == []
