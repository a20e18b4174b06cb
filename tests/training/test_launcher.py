import pytest

from tests.made.launched import launch
from tgan.training.launcher import check_request, shortfall
from tgan.training.processes import make_accelerator


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ACCELERATE_MIXED_PRECISION", "bf16", "the launcher asks for bf16"),
        ("ACCELERATE_MIXED_PRECISION", "fp8", "the launcher asks for fp8"),
        ("ACCELERATE_USE_FSDP", "true", "the launcher asks for FSDP"),
        ("ACCELERATE_USE_DEEPSPEED", "true", "the launcher asks for DEEPSPEED"),
        ("ACCELERATE_USE_MEGATRON_LM", "True", "the launcher asks for MEGATRON_LM"),
        ("ACCELERATE_USE_PARALLELISM_CONFIG", "true", "asks for PARALLELISM_CONFIG"),
        ("ACCELERATE_DYNAMO_BACKEND", "INDUCTOR", "compiled by INDUCTOR"),
        ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4", "accumulated over 4 steps"),
    ],
)
def test_what_the_launcher_asks_for_is_not_passed_over(monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=message):
        make_accelerator()


def test_what_the_launcher_sets_by_default_passes():
    check_request(
        "bf16",
        {
            "ACCELERATE_MIXED_PRECISION": "no",
            "ACCELERATE_DYNAMO_BACKEND": "NO",
            "ACCELERATE_USE_FSDP": "false",
            "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "1",
        },
    )
    check_request("bf16", {"ACCELERATE_MIXED_PRECISION": "bf16"})


LAUNCHED = {"ACCELERATE_MIXED_PRECISION": "no"}
MEETING = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("processes", "environment", "is_short"),
    [
        (1, LAUNCHED | MEETING, True),
        (1, LAUNCHED, False),
        (1, MEETING, False),
        (1, {}, False),
        (2, LAUNCHED | MEETING | {"WORLD_SIZE": "2"}, False),
        (1, LAUNCHED | MEETING | {"WORLD_SIZE": "1"}, False),
    ],
)
def test_fewer_processes_than_asked_for_are_known(processes, environment, is_short):
    assert bool(shortfall(processes, environment)) == is_short


@pytest.mark.slow
@pytest.mark.parametrize("asked", [1, 2])
def test_the_plan_says_that_fewer_processes_run(tmp_path, asked):
    done = launch(
        1,
        "tools/train.py",
        "--dry-run",
        f"--run-dir={tmp_path}/run",
        options=["--num_processes", asked],
    )
    assert done.returncode == 0, done.stderr
    assert ("asked for several processes but started one" in done.stdout) == (asked == 2)
