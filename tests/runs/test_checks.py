"""What schedules refuse to do with other settings, in one line."""

import pytest

from tgan.runs.checks import check_schedule
from tgan.training.schedules import SCHEDULES, make_schedule


def refusal(config, *, processes=1):
    """Why a schedule refuses its settings; None if it takes them."""
    try:
        check_schedule(config, make_schedule(config.train), processes=processes)
    except ValueError as error:
        assert "\n" not in str(error)
        return str(error)
    return None


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_refuse_what_they_say_that_they_do_not_do(tiny_config, name):
    train, kind = tiny_config.train, SCHEDULES[name]
    train.schedule = name
    assert refusal(tiny_config) is None
    train.mixed_precision = "bf16"
    assert refusal(tiny_config) is None
    train.mixed_precision = "fp16"
    fp16 = f"train.schedule {name} does not train in fp16; choose bf16 or no"
    assert refusal(tiny_config) == (None if kind.trains_in_fp16 else fp16)
    train.mixed_precision, train.cuda_graph = "no", True
    recorded = f"train.cuda_graph true cannot record the steps of train.schedule {name}; set it "
    assert refusal(tiny_config) == (None if kind.is_recordable else f"{recorded}false")


def test_those_that_all_runs_had_refuse_nothing():
    assert all(SCHEDULES[name].trains_in_fp16 for name in ("simultaneous", "alternating"))
    assert all(SCHEDULES[name].is_recordable for name in ("simultaneous", "alternating"))
    assert not SCHEDULES["unrolled"].trains_in_fp16
