"""What schedules, and critics of several samples, refuse in one line."""

import pytest

from tgan.runs.checks import check_alone, check_packs, check_schedule
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


@pytest.mark.parametrize(("processes", "refused"), [(1, False), (2, False), (4, True)])
def test_parents_share_each_process_s_batch(tiny_config, processes, refused):
    train = tiny_config.train
    train.schedule, train.survivors, train.batch_size = "evolutionary", 2, 12
    found = refusal(tiny_config, processes=processes)
    message = "train.batch_size 12 is 3 in each of 4 processes, which is no multiple of "
    assert found == (f"{message}train.survivors 2" if refused else None)


@pytest.mark.parametrize(("batch_size", "refused"), [(12, False), (24, False), (18, True)])
def test_packs_are_of_one_parent_each(tiny_config, batch_size, refused):
    train = tiny_config.train
    train.schedule, train.survivors, train.batch_size = "evolutionary", 2, batch_size
    tiny_config.critic.packs = 6
    message = "train.batch_size 18 is no multiple of "
    message += "train.survivors 2 times critic.packs 6, and a pack is of one generator"
    assert refusal(tiny_config) == (message if refused else None)


def test_those_that_all_runs_had_refuse_nothing():
    assert all(SCHEDULES[name].trains_in_fp16 for name in ("simultaneous", "alternating"))
    assert all(SCHEDULES[name].is_recordable for name in ("simultaneous", "alternating"))
    assert not SCHEDULES["unrolled"].trains_in_fp16


@pytest.mark.parametrize(("packs", "processes"), [(1, 4), (2, 1), (2, 2), (4, 1)])
def test_packs_within_a_process_pass(tiny_config, packs, processes):
    tiny_config.critic.packs = packs
    check_packs(tiny_config, processes=processes)


def test_packs_that_would_be_torn_are_refused_with_their_numbers(tiny_config):
    tiny_config.critic.packs = 4
    message = "train.batch_size 4 is 2 in each of 2 processes, which is no multiple of critic.packs"
    with pytest.raises(ValueError, match=f"^{message} 4$"):
        check_packs(tiny_config, processes=2)


def test_critics_of_several_samples_are_refused_where_one_is_to_be_judged(tiny_config):
    check_alone(tiny_config, "this")
    tiny_config.critic.sees_batch = "deviation"
    check_alone(tiny_config, "this", features=True)
    with pytest.raises(ValueError, match="^this needs scores .* critic.sees_batch is deviation$"):
        check_alone(tiny_config, "this")
    tiny_config.critic.packs = 2
    for features in (False, True):
        with pytest.raises(ValueError, match="^this needs a critic of single .*packs is 2$"):
            check_alone(tiny_config, "this", features=features)
