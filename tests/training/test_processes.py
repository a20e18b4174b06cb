import json
import os
import time
from types import SimpleNamespace

import pytest
import torch

from tests.made import forked
from tests.made.launched import launch, start
from tgan.cli import main
from tgan.training.checkpoint import find_checkpoint
from tgan.training.processes import make_accelerator, prepare

TINY = [
    "--data.resolution=32",
    "--data.channels=1",
    "--generator.width=16",
    "--generator.temporal_width=8",
    "--critic.width=4",
    "--train.batch_size=4",
    "--train.steps=3",
    "--log.every=1",
    "--log.critic_every=0",
    "--log.preview_every=0",
    "--log.trackers=[]",
]


def test_gradients_are_averaged_in_place():
    assert make_accelerator().ddp_handler.to_kwargs() == {"gradient_as_bucket_view": True}


def test_two_processes_run_the_tool_and_leave_one_run(tmp_path, capsys):
    main(["train", "--run-dir", str(tmp_path / "1"), *TINY])
    assert "hardware: 1 x cpu" in capsys.readouterr().out
    done = launch(2, "tools/train.py", "--run-dir", tmp_path / "2", *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "hardware: 2 x cpu" in done.stdout
    assert "warning" not in done.stderr.lower()
    metrics = {}
    for processes in (1, 2):
        run_dir = tmp_path / str(processes)
        lines = (run_dir / "metrics.jsonl").read_text().splitlines()
        metrics[processes] = [json.loads(line) for line in lines]
        assert find_checkpoint(run_dir).step == 3
    assert [line["step"] for line in metrics[2]] == [1, 2, 3]
    for a, b in zip(metrics[1], metrics[2], strict=True):
        assert b["critic_gap"] == pytest.approx(a["critic_gap"], rel=1e-3)


def test_a_failure_of_one_process_ends_all_with_a_line_each(tmp_path):
    run_dir, log = tmp_path / "run", tmp_path / "log"
    run_dir.mkdir()
    (run_dir / "checkpoints").write_text("in the way of the main process")
    argv = ["train", "--run-dir", str(run_dir), "--resume=auto", "--train.timeout=60", *TINY]
    statuses = forked.ended(forked.start(lambda: main(argv), 2, log), 120)
    text = log.read_text()
    assert statuses is not None and 0 not in statuses, text
    ours = [line for line in text.splitlines() if line.startswith("tgan train: ")]
    assert len(ours) == 2 and sum("cannot write checkpoint" in line for line in ours) == 1, text
    assert "tgan/training" not in text  # no traceback of ours


def test_sigterm_to_the_launcher_of_one_process_saves(tmp_path):
    settings = [*TINY, "--train.steps=100000"]
    process = start(1, "tools/train.py", "--run-dir", tmp_path / "run", *settings)
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.exists() and metrics.read_text().count("\n") > 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.terminate()
    process.communicate(timeout=60)  # the child holds the pipes open until it ends, too
    assert find_checkpoint(tmp_path / "run").step > 2


def test_a_tracker_that_is_not_installed_is_refused():
    with pytest.raises(ValueError, match="log.trackers: no_such_tracker is not installed"):
        make_accelerator(trackers=["tensorboard", "no_such_tracker"])


def test_processes_that_do_not_find_each_other_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    alone = SimpleNamespace(num_processes=1, device=torch.device("cpu"))
    monkeypatch.setattr("tgan.training.processes.Accelerator", lambda **settings: alone)
    with pytest.raises(ValueError, match="2 processes were launched but 1 found"):
        make_accelerator()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_fp16_is_refused_without_cuda():
    with pytest.raises(ValueError, match="fp16 needs a CUDA device"):
        make_accelerator(mixed_precision="fp16")


def test_a_device_is_for_a_single_process(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="device 'cpu' is for a single process; 2 were launched"):
        make_accelerator(device="cpu")


def test_an_accelerator_takes_the_device_that_is_named(monkeypatch):
    monkeypatch.setattr("tgan.training.processes.pick_device", lambda name: "cuda:1")
    made = []

    def make(**settings):
        made.append((os.environ.get("ACCELERATE_TORCH_DEVICE"), settings["cpu"]))
        return SimpleNamespace(num_processes=1, device=torch.device("cuda:1"))

    monkeypatch.setattr("tgan.training.processes.Accelerator", make)
    assert make_accelerator(device="cuda:1").device == torch.device("cuda:1")
    assert made == [("cuda:1", False)]
    assert "ACCELERATE_TORCH_DEVICE" not in os.environ


def test_bf16_computes_in_bf16_and_answers_in_float32():
    from tgan.benchmarks.step.timing import Sizes, make_networks, make_task
    from tgan.training.steps import Batch

    torch.manual_seed(0)
    sizes = Sizes(generator_width=32, critic_width=8, channels=1)
    seen = []
    generator, critic = make_networks(sizes)
    critic.convs[1].register_forward_hook(lambda m, i, out: seen.append(out.dtype))
    task = make_task(generator, critic, mixed_precision="bf16")
    z, real = torch.rand(2, 100), torch.rand(2, 1, 16, 64, 64)
    terms = task.step(0, iter([Batch(real)]), iter([z]))
    assert set(seen) == {torch.bfloat16}
    assert all(value.dtype == torch.float32 for value in terms.values())
    assert all(p.dtype == torch.float32 for p in critic.parameters())


def test_features_are_computed_in_the_precision_of_scores():
    from tgan.constraints import Constraint
    from tgan.losses import OBJECTIVES
    from tgan.models.mlp import MLPCritic
    from tgan.rng.noise import Noise
    from tgan.training.steps import Critic

    rules = {"objective": OBJECTIVES["hinge"], "constraint": Constraint()}
    for precision, dtype in (("no", torch.float32), ("bf16", torch.bfloat16)):
        critic = MLPCritic(3, width=4, depth=2)
        learner = Critic(critic, torch.optim.SGD(critic.parameters(), 0.1), **rules)
        learner = prepare(make_accelerator(mixed_precision=precision), learner)
        assert learner.features(torch.rand(2, 3), (), Noise(0)).dtype == dtype
