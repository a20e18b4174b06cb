"""A soak: a run that is killed, stopped and resumed at random moments beside one that is not."""

import filecmp
import json
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.made.watched import LEAST_SAMPLES, Sample, Watched, judged, last_step
from tgan.training.checkpoint import directory_of, list_checkpoints

# How long the run is disturbed, and where its figures are written as JSON, if anywhere.
SECONDS = float(os.environ.get("TGAN_SOAK_SECONDS", "60"))
FIGURES = os.environ.get("TGAN_SOAK_FIGURES")
SEED = 16
CHECKPOINTS, PREVIEWS, REPORTS = 20, 40, 80
# Everything was at work twice by then.
WARM = 2 * REPORTS
# What may grow over a stretch: memory as a share.
FLAT = 0.02
# Seconds within which two cores that others use, too, start a run and get on with it.
PATIENCE = 180
SETTINGS = [
    f"--log.checkpoint_every={CHECKPOINTS}",
    f"--log.preview_every={PREVIEWS}",
    f"--log.critic_every={REPORTS}",
    "--log.every=1",
    "--log.trackers=[tensorboard]",
    "--data.workers=2",
]
ENDLESS = "--train.steps=10000000"


def until(condition, run, seconds=PATIENCE):
    """Wait; the run must not end meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, run.text()
        assert run.process.poll() is None, run.text()
        time.sleep(0.05)


def disturbed(run_dir, draws, stack):
    """Kill, stop and resume a run for `SECONDS`; what was found in each stretch."""
    stretches = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        before = last_step(run_dir)
        run = Watched(run_dir, *SETTINGS, ENDLESS, "--resume=auto", "--log.keep_last=3")
        stack.callback(run.kill)
        number = signal.SIGKILL if draws.random() < 0.5 else signal.SIGTERM
        if draws.random() < 0.2:
            # While it starts.
            time.sleep(draws.uniform(0, 10))
        else:
            started = last_modified(run_dir)
            until(lambda started=started: last_modified(run_dir) > started, run)
            time.sleep(float(np.exp(draws.uniform(0, np.log(max(SECONDS / 4, 10))))))
        assert run.process.poll() is None, run.text()
        stretches.append(stretch(run, before, run.end(number), number))
    return stretches


def last_modified(run_dir):
    path = run_dir / "metrics.jsonl"
    return path.stat().st_mtime if path.exists() else 0.0


def stretch(run, before, status, number=0):
    """Figures of a run that has ended."""
    pid = run.process.pid
    return {
        "ended by": signal.Signals(number).name if number else "the last step",
        "status": status,
        "seconds": round(run.seconds, 1),
        "from step": before,
        "to step": last_step(run.run_dir),
        "left-over processes": len(run.survivors()),
        "left-over shared memory": len(list(Path("/dev/shm").glob(f"torch_{pid}_*"))),
        "samples": len(run.samples),
        "resident MB": [round(s.resident / 1e6, 1) for s in run.samples[::10]],
        "grown": judged(run.samples, warm=WARM),
    }


def check_stretch(found):
    stopped = {"SIGKILL": {-9}, "SIGTERM": {143, -15}, "the last step": {0}}
    assert found["status"] in stopped[found["ended by"]], found
    assert found["left-over processes"] == found["left-over shared memory"] == 0, found
    if grown := found["grown"]:
        # The system may take back pages of files, and what is done is done: less is no leak.
        assert max(grown["resident"], grown["private"]) <= FLAT, found
        assert max(grown["handles"], grown["threads"]) <= 0, found


def check_files(run_dir, last):
    """Nothing but what a run that was not disturbed leaves, too."""
    assert {path.name for path in run_dir.iterdir()} == {
        *("config.yaml", "metrics.jsonl", "history.jsonl"),
        *("checkpoints", "previews", "tracking"),
    }
    names = [path.name for path in (run_dir / "previews").iterdir()]
    assert sorted(names) == [f"step_{step:08d}.mp4" for step in range(0, last + 1, PREVIEWS)]
    kept = [path.name for path in (run_dir / "checkpoints").iterdir()]
    assert sorted(kept) == [path.name for path in list_checkpoints(run_dir)] and len(kept) == 3


def equal_files(one: Path, other: Path) -> int:
    """The number of files of a folder, which has to be that of another to the last byte."""
    names = sorted(path.name for path in one.iterdir() if path.suffix != ".yaml")
    names = [name for name in names if name != "manifest.json"]
    assert filecmp.cmpfiles(one, other, names, shallow=False) == (names, [], [])
    return len(names)


def metrics(run_dir, last):
    lines = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if line["step"] <= last]


@pytest.mark.slow
@pytest.mark.timeout(3 * SECONDS + 5 * PATIENCE)
def test_a_run_that_is_killed_at_random_ends_as_one_that_is_not(tmp_path):
    rough, calm = tmp_path / "rough", tmp_path / "calm"
    with ExitStack() as stack:
        undisturbed = Watched(calm, *SETTINGS, ENDLESS, "--log.keep_last=1000000")
        stack.callback(undisturbed.kill)
        stretches = disturbed(rough, np.random.default_rng(SEED), stack)
        before = last_step(rough)
        last = (before // REPORTS + 1) * REPORTS
        final = Watched(
            rough, *SETTINGS, "--resume=auto", "--log.keep_last=3", f"--train.steps={last}"
        )
        stack.callback(final.kill)
        stretches.append(stretch(final, before, final.wait(2 * SECONDS + PATIENCE)))
        done = directory_of(calm, last + CHECKPOINTS)
        until(done.exists, undisturbed, 2 * SECONDS + PATIENCE)
        whole = stretch(undisturbed, 0, undisturbed.end(signal.SIGTERM), signal.SIGTERM)
    figures = {
        "seconds": SECONDS,
        "seed": SEED,
        "steps": last,
        "killed": sum(found["ended by"] == "SIGKILL" for found in stretches),
        "stopped": sum(found["ended by"] == "SIGTERM" for found in stretches),
        "undisturbed": whole,
        "stretches": stretches,
    }
    if FIGURES:
        Path(FIGURES).write_text(json.dumps(figures, indent=2))
    for found in [*stretches, whole]:
        check_stretch(found)
    check_files(rough, last)
    assert equal_files(directory_of(rough, last), directory_of(calm, last)) == 6
    for step in range(0, last + 1, PREVIEWS):
        name = f"previews/step_{step:08d}.mp4"
        assert filecmp.cmp(rough / name, calm / name, shallow=False), name
    assert metrics(rough, last) == metrics(calm, last)
    if FIGURES:
        figures["equal to the undisturbed run"] = "weights, optimisers, metrics, previews"
        Path(FIGURES).write_text(json.dumps(figures, indent=2))


def sample(step, resident=100, handles=9, threads=4):
    return Sample(step, 10**6 * resident, 10**6 * resident, handles, threads)


def test_growth_is_found_and_peaks_are_not_growth():
    peaks = np.random.default_rng(0).random(300) < 0.1
    flat = [sample(k, 100 + 30 * peak, 9 + peak) for k, peak in enumerate(peaks)]
    assert judged(flat, warm=0) == {"resident": 0, "private": 0, "handles": 0, "threads": 0}
    leaking = [sample(k, 100 + k / 10, 9 + k // 100, 4 + k // 150) for k in range(300)]
    grown = judged(leaking, warm=0)
    assert grown["resident"] == grown["private"] == pytest.approx(0.19, abs=0.01)
    assert (grown["handles"], grown["threads"]) == (2, 1)
    warming = [sample(k, min(k + 1, 100)) for k in range(300)]
    assert judged(warming, warm=0)["resident"] > 0.5
    assert judged(warming, warm=100)["resident"] == 0
    assert judged(flat[: 3 * LEAST_SAMPLES], warm=0) is not None
    assert judged(flat[: 3 * LEAST_SAMPLES], warm=1) is None
