"""Runs and exported folders of strangers, changed at random, thousands of them.

Each is loaded with the content that it had, or told apart in one line; nothing else is opened,
nothing is written, and no memory is taken on the word of a file.
"""

import os
import shutil
import signal
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator

from tests.conftest import make_tiny_config
from tests.made.audit import audited, outside
from tests.made.mutations import CHANGES, files_of, pick, reseal
from tgan.cli import main
from tgan.config import CriticConfig, DataConfig, GeneratorConfig, TrainConfig
from tgan.runs.build import build_task
from tgan.runs.loading import check_networks
from tgan.runs.train import train
from tgan.runs.trained import load
from tgan.system.folders import check_no_links_out
from tgan.training.checkpoint import CHECKPOINTS, find_checkpoint
from tgan.training.run_dir import PREVIEWS, TRACKING

# Of each: in `make test`, and in `make test-slow`.
QUICK, FOLDERS = 20, 2000
# Beyond what the process has when it begins; a claim that is believed asks for more.
MEMORY = 3 * 2**30
SECONDS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of two checkpoints on ten classes of 8x8 images, and what it exports."""
    place = tmp_path_factory.mktemp("made")
    config = make_tiny_config()
    config.data = DataConfig(name="digits", resolution=8, num_frames=1, channels=1)
    config.generator = GeneratorConfig(name="dcgan", z_slow=4, width=4)
    config.critic, config.conditional = CriticConfig(width=2), True
    config.train = TrainConfig(steps=2, batch_size=4, ema_decay=0.5)
    config.log.checkpoint_every = 1
    run = train(config, run_dir=place / "run")
    main(["export", str(run.path), "--out", f"{place / 'exported'}/"])
    return place


@contextmanager
def bounded():
    """No more memory than `MEMORY` beside what there is, and no case of more than a minute."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def use(folder):
    """What is done with a stranger's folder, step by step: each name with its result."""
    run = load(folder, device="cpu")
    yield "samples", run.sample([0, 1])
    if run.checkpoint is None:
        return
    yield "metrics", run.metrics
    yield "critic", run.critic
    yield "resumed", resume(folder)


def resume(folder):
    check_no_links_out(folder, below=(CHECKPOINTS, PREVIEWS, TRACKING))
    checkpoint = find_checkpoint(folder)
    check_networks(checkpoint, None)
    task = build_task(checkpoint.settings, resume.accelerator, checkpoint.classes)
    task.load_tensors(checkpoint.tensors)
    return task


def refusal(folder, results):
    """The error of a folder, or None; results are put down as they come."""
    steps, failures = use(folder), []
    while True:
        try:
            signal.alarm(SECONDS)
            name, result = next(steps)
            results[name] = result
        except StopIteration:
            return failures
        except ValueError as error:
            failures.append(str(error))
            return failures


def fuzz(made, tmp_path, numbers, what):
    """Change copies of a folder, use them, and count what became of them."""
    resume.accelerator = Accelerator(cpu=True)
    known = {"equal": load(made / what, device="cpu").sample([0, 1])}
    if what == "run":
        older = made / what / "checkpoints" / "step_00000001"
        known["another checkpoint"] = load(older, device="cpu").sample([0, 1])
    return Counter(outcome(made / what, tmp_path / str(n), n, known) for n in numbers)


def outcome(folder, place, number, known):
    """What became of a copy of a folder that was changed by the number of the case."""
    rng = np.random.default_rng([16, number])
    (place / "secret").mkdir(parents=True)
    copy = shutil.copytree(folder, place / "run")
    is_sealed = bool(rng.integers(2))
    for _ in range(int(rng.integers(1, 3))):
        if files := files_of(copy):
            path, change = pick(rng, files), pick(rng, CHANGES)
            change(rng, path)
            if is_sealed:
                reseal(path)
    before, results = sorted(place.rglob("*")), {}
    with warnings.catch_warnings(record=True) as told, audited() as found:
        warnings.simplefilter("always")
        failures = refusal(copy, results)
    case = f"case {number}: {failures}, {outside(found, copy)}"
    assert outside(found, copy) == [], case
    assert not [each for each in found if each[0] == "write"], case
    assert sorted(place.rglob("*")) == before, case
    lines = failures + [str(warning.message) for warning in told]
    assert all(len(line.splitlines()) == 1 and line.isprintable() for line in lines), case
    shutil.rmtree(place)
    if "samples" not in results:
        return "refused"
    for name, samples in known.items():
        if np.array_equal(results["samples"], samples):
            return name
    # Whoever writes the hashes, too, decides what a run is; an exported folder has none.
    assert is_sealed or folder.name == "exported", case
    return "changed"


@pytest.mark.parametrize("what", ["run", "exported"])
def test_some_fuzzed_folders(made, tmp_path, what):
    with bounded():
        counts = fuzz(made, tmp_path, range(QUICK), what)
    # A run has another checkpoint to fall back on; an exported folder has not.
    assert sum(counts.values()) == QUICK and counts["equal"]
    assert counts["refused"] or what == "run"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("what", ["run", "exported"])
def test_fuzzed_folders(made, tmp_path, what, part):
    numbers = range(part, FOLDERS if what == "run" else FOLDERS // 4, 4)
    with bounded():
        counts = fuzz(made, tmp_path, numbers, what)
    print(f"{what}, part {part}: {counts}")
    assert sum(counts.values()) == len(numbers) and counts["equal"] > len(numbers) / 20
    # Some 4 % of runs are: most have another checkpoint to fall back on.
    assert counts["refused"] > len(numbers) / 100
