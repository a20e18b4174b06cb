import os

import pytest
import torch
import torch.distributed as dist

from tests.made import forked
from tests.made.watched import SMALL
from tgan.cli import main
from tgan.training import peers
from tgan.training.peers import arrive, others_named, telling_others


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[../gloo/transport/tcp/pair.cc] Connection closed by peer [127.0.0.1]", "run failed$"),
        ("Read error: Connection reset by peer", "run failed$"),
        ("Timed out waiting 5000ms for recv operation to complete", r"for 5 s \(train.timeout\)"),
    ],
)
def test_errors_of_a_process_group_are_told_in_words(text, message):
    with pytest.raises(ChildProcessError, match=message), others_named(2, 5.0):
        raise RuntimeError(text)


def test_one_process_has_no_others_to_blame():
    with pytest.raises(RuntimeError, match="^reading timed out$"), others_named(1, 5.0):
        raise RuntimeError("reading timed out")


def test_other_errors_pass_as_they_are():
    with pytest.raises(RuntimeError, match="^mat1 and mat2"), others_named(2, 5.0):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


@pytest.mark.parametrize("kind", ["DistBackendError", "DistNetworkError", "DistStoreError"])
def test_errors_of_nccl_and_of_the_store_are_one_line(kind):
    message = "another process of this run failed, or the way to it: NCCL error in: x.cpp:3, remote"
    with pytest.raises(ChildProcessError) as told, others_named(2, 5.0):
        raise getattr(dist, kind)("NCCL error in: x.cpp:3, remote\nncclRemoteError: ...")
    assert str(told.value) == message


def test_memory_that_ran_out_in_a_collective_is_nobody_elses_fault():
    with pytest.raises(dist.DistBackendError), others_named(2, 5.0):
        raise dist.DistBackendError("NCCL error: unhandled cuda error, out of memory")
    with pytest.raises(torch.OutOfMemoryError), others_named(2, 5.0):
        raise torch.OutOfMemoryError("CUDA out of memory. Timeout")


TINY = [*SMALL, "--train.steps=2", "--log.trackers=[]", "--log.critic_every=0"]
TINY += ["--log.preview_every=0", "--train.timeout=60"]
# What a process says is at odds, as all do.
AT_ODDS = "process 1 is at odds with process 0: "
COMPILED = "the launcher asks for networks compiled by INDUCTOR"
UNKNOWN = "unknown setting 'train.stepps'"


def commands(folder, *options, of_second=(), environment=None):
    """The statuses and lines of two processes' `tgan train`, each with a directory of its own.

    Args:
        of_second: options of the second process alone, as `environment` is its own.
    """
    log = folder / "log"

    def work():
        rank = int(os.environ["RANK"])
        os.environ.update((environment or {}) if rank else {})
        own = of_second if rank else ()
        main(["train", *TINY, *options, f"--run-dir={folder}/{rank}", *own])

    statuses, text = forked.ended(forked.start(work, 2, log), 120), log.read_text()
    assert "Traceback" not in text, text
    return statuses, [line for line in text.splitlines() if line.startswith("tgan train: ")]


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (
            {"environment": {"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR"}},
            [f"process 1 does not start: {COMPILED}", COMPILED],
        ),
        (
            {"of_second": ["--train.stepps=3"]},
            [f"process 1 does not start: {UNKNOWN}", UNKNOWN],
        ),
        (
            {"of_second": ["--train.mixed_precision=bf16"]},
            [f"{AT_ODDS}train.mixed_precision is bf16 there, not no; its precision is bf16"] * 2,
        ),
    ],
    ids=["launcher", "typo", "precision"],
)
def test_what_one_process_refuses_ends_all_in_a_line_each(tmp_path, settings, lines):
    statuses, told = commands(tmp_path, **settings)
    assert statuses == [2, 2] and len(told) == 2, told
    for line, beginning in zip(sorted(told), sorted(lines), strict=True):
        assert line.startswith(f"tgan train: {beginning}"), told
    assert not (tmp_path / "0" / "config.yaml").exists()


@pytest.mark.slow
def test_a_plan_and_a_run_that_is_finished_leave_no_process_group_open(tmp_path):
    for options in (["--dry-run"], [], ["--resume=auto"]):
        seen = tmp_path / "seen"
        seen.unlink(missing_ok=True)

        def work(options=options, seen=seen):
            main(["train", *TINY, *options, f"--run-dir={tmp_path}/run"])
            with seen.open("a") as file:
                file.write(f"{dist.is_initialized()} ")

        log = tmp_path / "log"
        assert forked.ended(forked.start(work, 2, log), 120) == [0, 0], log.read_text()
        assert seen.read_text().split() == ["False", "False"]
    assert log.read_text().count("finished already") == 1


def test_a_process_that_never_comes_is_named(monkeypatch, tmp_path):
    """The first of two, where they meet, which the second cannot reach."""
    log = tmp_path / "log"

    def work():
        os.environ["WORLD_SIZE"] = "3"
        if os.environ["RANK"] == "1":
            os._exit(0)
        main(["train", *TINY, f"--run-dir={tmp_path}/run", "--train.timeout=2"])

    started = forked.start(work, 2, log)
    assert forked.ended(started, 60) == [1, 0]
    told = [line for line in log.read_text().splitlines() if line.startswith("tgan train: ")]
    assert len(told) == 1 and told[0].startswith("tgan train: the 3 processes of this run did not")
    assert told[0].endswith(" within 2 s (train.timeout)")


@pytest.fixture
def meeting(monkeypatch):
    """A place where this process, the first of three, meets the others; what those say is given."""
    monkeypatch.setattr(peers, "PAUSE", 0.01)
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    store = dist.HashStore()
    monkeypatch.setattr(dist, "rendezvous", lambda *_, **__: iter([(store, 0, 3)]))
    return lambda *said: [
        store.set(f"tgan/arrival/0/{number}/{rank}", words)
        for number in range(1000)
        for rank, words in enumerate(said, start=1)
        if words is not None
    ]


def test_all_that_come_start(meeting):
    meeting("", "")
    arrive(5.0)


def test_absent_processes_are_named_before_a_group_is_formed(meeting):
    meeting("", None)
    with pytest.raises(ChildProcessError, match="^process 2 of this run did not come to 0:0 with"):
        arrive(0.05)


def test_what_those_before_a_restart_said_is_not_heard(meeting, monkeypatch):
    meeting("", "")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    with pytest.raises(ChildProcessError, match="^process 1, 2 of this run did not come"):
        arrive(0.05)


def test_a_process_says_why_it_does_not_start(meeting, monkeypatch):
    said = []
    monkeypatch.setattr(peers, "_answers", lambda own, timeout: said.append(own) or ["", "", ""])
    with pytest.raises(ValueError, match="wrong"), telling_others():
        raise ValueError("wrong\nvalue")
    assert said == ["wrong value"]
    # A help text is no failure, and one that has arrived is seen by the others.
    with pytest.raises(SystemExit), telling_others():
        raise SystemExit(0)
    with pytest.raises(ValueError, match="late"), telling_others():
        arrive(1.0)
        raise ValueError("late")
    assert said == ["wrong value", ""]


def test_nobody_is_told_where_there_are_no_others(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(peers, "_answers", lambda *_: pytest.fail("told"))
    arrive(1.0)
    with pytest.raises(ValueError, match="alone"), telling_others():
        raise ValueError("alone")
