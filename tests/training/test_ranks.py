import json
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.made import forked, ranks_worker
from tests.made.float64_worker import train_all
from tests.made.launched import ROOT, launch, ranks_of, start
from tests.made.schedules import WITH_CONSTRAINTS
from tests.made.watched import SMALL
from tgan.constraints import CONSTRAINTS
from tgan.losses import OBJECTIVES
from tgan.training import ranks
from tgan.training.processes import make_accelerator
from tgan.training.ranks import checksum, first_difference

CELLS = [
    "simultaneous:wasserstein:svc/2",
    "simultaneous:hinge:wgan_gp",
    "simultaneous:hinge:wgan_gp/2",
    "alternating:wasserstein:orthonormal/3",
    "alternating:relativistic:spectral_norm",
    "unrolled:relativistic:none",
    "simultaneous:feature_matching+discrimination:none",
    "alternating:hinge+deviation:none",
    "unrolled:hinge+discrimination:none",
    "simultaneous:feature_matching+2:dragan/2",
    "unrolled:hinge+2:none",
    "evolutionary:non_saturating:svc/2",
]


@pytest.fixture(scope="module")
def out(tmp_path_factory, labelled_videos):
    """Where two processes wrote what they saw in each case and cell of the worker."""
    out = tmp_path_factory.mktemp("ranks") / "seen"
    cells = [*CELLS, f"simultaneous:wasserstein:svc/2:{labelled_videos}"]
    log = out.with_suffix(".log")
    started = forked.start(lambda: ranks_worker.main(str(out), *cells), 2, log)
    statuses, text = forked.ended(started, 240), log.read_text()
    assert statuses == [0, 0], text[-3000:]
    assert "strides" not in text
    return out


@pytest.fixture(scope="module")
def seen(out):
    """What each of two processes saw in each case of the worker."""
    found = [json.loads(out.with_name(f"seen.{rank}").read_text()) for rank in range(2)]
    assert [processes for processes, _ in found] == [2, 2]
    return [cases for _, cases in found]


def both(seen, case):
    """What two processes saw, which is the same."""
    first, second = (cases[case] for cases in seen)
    assert first == second
    return first


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max() / a.abs().max().clamp(min=1e-3))


def compare_with_one_process(out):
    """Hold what two processes trained, in float64, against one, which this is."""
    first, second = (torch.load(f"{out}.2.{rank}") for rank in range(2))
    train_all(make_accelerator(), out, list(first))
    for cell, one in torch.load(f"{out}.1.0").items():
        assert one.keys() == first[cell].keys() == second[cell].keys()
        for name, value in one.items():
            assert torch.equal(first[cell][name], second[cell][name]), (cell, name)
            assert value.dtype == torch.float64 or not value.is_floating_point()
            assert relative(value.double(), first[cell][name].double()) < 1e-12, (cell, name)


def test_two_processes_train_what_one_does(out):
    compare_with_one_process(out)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("schedule", WITH_CONSTRAINTS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_two_processes_train_what_one_does_by_every_schedule_objective_and_constraint(
    tmp_path, schedule, objective
):
    cells = [f"{schedule}:{objective}:{constraint}" for constraint in CONSTRAINTS]
    cells += [f"{schedule}:{objective}:{constraint}/2" for constraint in ("svc", "r1_r2")]
    worker = ROOT / "tests" / "made" / "float64_worker.py"
    done = launch(2, worker, tmp_path / "out", *cells)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "strides" not in done.stderr
    compare_with_one_process(tmp_path / "out")


def test_a_step_has_two_collectives_per_batch_norm_and_the_decision_one(seen):
    """10 norms of the generator, and 3 of the critic, which scores real and fake clips apart.

    a7bf31f has 64 per simultaneous step, and gathers the decision on the device.
    """
    passes = 10 + 2 * 3
    for found in both(seen, "collectives, simultaneous"):
        assert found == [
            ["all_gather", "step", passes],
            ["all_reduce", "control", 1],
            ["all_reduce", "step", passes],
        ]
    # The critic's update does without the generator's gradient, the generator's scores once more.
    for found in both(seen, "collectives, alternating"):
        assert found == [
            ["all_gather", "step", 2 * 10 + 3 * 3],
            ["all_reduce", "control", 1],
            ["all_reduce", "step", 10 + 3 * 3],
        ]


def test_batch_norms_over_processes_are_those_of_the_whole_batch(seen):
    bounds = {"float32": 1e-6, "float64": 1e-13, "bfloat16": 5e-3}
    # Of two values per channel the gradient is what rounding and `eps` leave of it.
    of_two = {"float32": 4e-4, "float64": 4e-13, "bfloat16": 5e-3}
    found = both(seen, "batch norms")
    assert len(found) == 48
    for kind, error in found.items():
        assert error < (of_two if "(2, 6)" in kind else bounds)[kind.split()[0]], kind


def test_a_norm_over_processes_keeps_its_input_and_numbers_of_channels(seen):
    assert both(seen, "kept by a norm") < 1.01


def test_processes_that_train_the_same_networks_pass(seen):
    assert both(seen, "healthy") == ["", None]


@pytest.mark.parametrize("how", ["simultaneous", "alternating", "refused"])
def test_bad_data_of_one_process_end_all_at_that_step(seen, how):
    message = both(seen, f"bad data, {how}")
    assert message.startswith("batch 1 of real samples is nan at step 3 in process 1;")


def test_a_bad_weight_of_one_process_is_named(seen):
    message = both(seen, "bad weight")
    assert message.startswith("the critic's 'convs.0.weight' is nan at step 3 in process 1;")


@pytest.mark.parametrize(
    ("case", "table"),
    [("drift of the generator", "generator"), ("drift of an optimiser", "critic_optimizer")],
)
def test_a_last_bit_that_differs_ends_a_run(seen, case, table):
    message = both(seen, case)
    assert "no longer train the same networks at step 3: '" in message
    assert f"' in {table} of process 1 is not that of process 0" in message


def test_differences_pass_where_nobody_looks(seen):
    assert both(seen, "drift unchecked") == ""


def test_a_checkpoint_is_one_decision(seen):
    assert both(seen, "resume the same") == 3
    assert both(seen, "resume none") is None


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("resume others", "is another one than that of process 0"),
        ("resume one", "no checkpoint at"),
        ("resume another", "where process 0 sees no checkpoint"),
        ("other settings", "train.steps is 5 there, not 4"),
        ("more data", "the number of its videos is 6 there, not 5"),
        ("other data", "the fingerprint of its videos is "),
    ],
)
def test_processes_that_would_go_on_apart_all_refuse(seen, case, message):
    line = both(seen, case)
    assert line.startswith("process 1 is at odds with process 0: ") and message in line
    assert "\n" not in line


def test_processes_with_the_same_data_pass(seen):
    assert both(seen, "same data") is None


def test_what_the_main_process_refuses_all_refuse(seen):
    assert "is at step 9 already, past train.steps 4" in both(seen, "resume beyond")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(5, 3, 4, 4),
        torch.randn(5, 3, 4, 4).to(memory_format=torch.channels_last),
        torch.randn(7, dtype=torch.float64),
        torch.randn(7).bfloat16(),
        torch.randn(7, dtype=torch.complex64),
        torch.arange(5),
        torch.tensor(3.0),
        torch.tensor([True, False]),
    ],
    ids=lambda tensor: f"{tensor.dtype}{tuple(tensor.shape)}",
)
def test_a_checksum_tells_every_single_change(tensor):
    before = checksum(tensor)
    assert before.dtype == torch.int64 and torch.equal(before, checksum(tensor.clone()))
    places = tensor.contiguous().view(-1)
    for place in range(len(places)):
        changed = places.clone()
        one = changed[place]
        if tensor.is_floating_point():
            for other in (torch.nextafter(one, one + 1), -one, one * 0, one * torch.nan):
                changed[place] = other
                assert checksum(changed) != before
        else:
            changed[place] = ~one if tensor.dtype == torch.bool else one + 1
            assert checksum(changed) != before


def test_changes_that_add_up_to_nothing_are_told():
    """One number a last bit up, and another one a last bit down."""
    torch.manual_seed(0)
    for _ in range(100):
        tensor = torch.randn(50)
        changed = tensor.clone()
        changed[3], changed[30] = (
            torch.nextafter(tensor[i], tensor[i] + s) for i, s in ((3, 1), (30, -1))
        )
        assert checksum(tensor) != checksum(changed)


def compared(monkeypatch, *tables):
    """What each of some processes with these tables finds, all in one."""
    sums = []
    monkeypatch.setattr(ranks, "gathered", lambda own: sums.append(own) or [own])
    for of_process in tables:
        first_difference(of_process)
    monkeypatch.setattr(ranks, "gathered", lambda _: sums)
    return [first_difference(of_process) for of_process in tables]


def test_the_first_difference_is_named_with_its_processes(monkeypatch):
    one = {"critic": nn.Linear(2, 1).state_dict(), "average": {"n": torch.tensor(3)}}
    other = {**one, "critic": {**one["critic"], "bias": one["critic"]["bias"] + 1}}
    expected = "'bias' in critic of process 1, 2 is not that of process 0"
    assert compared(monkeypatch, one, other, other) == [expected] * 3
    assert compared(monkeypatch, one, one) == [None, None]


def test_each_device_is_waited_for_once(monkeypatch):
    reads = []
    original = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda self: reads.append(1) or original(self))
    table = {str(number): torch.full((3,), number) for number in range(5)}
    assert first_difference({"critic": table}) is None
    assert len(reads) == 1


TINY = [*SMALL, "--log.preview_every=0", "--log.critic_every=0"]
TINY += ["--log.trackers=[]", "--log.every=1", "--log.checkpoint_every=2"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
@pytest.mark.parametrize("stopped", [0, 1])
def test_a_stopped_process_ends_the_run_by_name_and_leaves_no_orphans(tmp_path, stopped):
    run_dir = tmp_path / "run"
    options = [*TINY, "--train.steps=100000", "--train.timeout=5", f"--run-dir={run_dir}"]
    process = start(2, "tools/train.py", *options)
    metrics = run_dir / "metrics.jsonl"
    deadline = time.monotonic() + 200
    while not (metrics.exists() and metrics.read_text().count("\n") > 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    ranks = ranks_of(process.pid)
    os.kill(ranks[stopped], signal.SIGSTOP)
    # The launcher gives a process 30 s to end.
    _, error = process.communicate(timeout=120)
    assert process.returncode != 0
    assert f"process {stopped} of this run did not answer for 5 s (train.timeout)" in error
    assert not any(Path(f"/proc/{pid}").exists() for pid in ranks.values())


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_processes_exit_cleanly_every_time(tmp_path):
    for number in range(20):
        options = [*TINY, "--train.steps=2", f"--run-dir={tmp_path}/{number}"]
        done = launch(2, "tools/train.py", *options)
        assert done.returncode == 0, (number, done.stderr[-3000:])
        assert "warning" not in done.stderr.lower() and "Error" not in done.stderr


def test_the_order_in_which_a_table_was_read_is_no_difference(monkeypatch):
    state = {f"{i}.{key}": torch.full((2,), i + 0.5) for i in range(12) for key in ("step", "a")}
    backwards = dict(reversed(state.items()))
    assert compared(monkeypatch, {"optimizer": state}, {"optimizer": backwards}) == [None, None]


def test_all_processes_name_the_same_difference(monkeypatch):
    state = {f"{i}.step": torch.tensor(float(i)) for i in range(12)}
    other = dict(reversed((state | {"7.step": torch.tensor(8.0)}).items()))
    expected = "'7.step' in optimizer of process 1 is not that of process 0"
    assert compared(monkeypatch, {"optimizer": state}, {"optimizer": other}) == [expected, expected]
