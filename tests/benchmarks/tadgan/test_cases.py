"""Which series are compared, and which half each belongs to."""

from functools import cache, partial

import numpy as np
import pytest

import tgan.benchmarks.tadgan.cases
from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.sets import NAB_INTERVALS
from tgan.benchmarks.tadgan.cases import (
    CHOOSING,
    REPORTING,
    _read_set,
    find_series,
    read_cases,
)


@pytest.fixture
def data(tmp_path):
    """A folder of data with two series in the form of UCR's archive."""
    (tmp_path / "ucr").mkdir()
    for number in (2, 10):
        values = np.sin(np.arange(900) / number)
        name = f"{number}_UCR_Anomaly_sine_400_700_709.txt"
        (tmp_path / "ucr" / name).write_text("\n".join(map(str, values)))
    return tmp_path


def test_cases_are_in_the_order_of_their_names_and_can_be_found_by_them(data):
    cases = read_cases(data, ["ucr"])
    # As texts are ordered.
    assert [case.series.name for case in cases] == ["10-sine", "2-sine"]
    assert {case.set for case in cases} == {"ucr"} and {c.half for c in cases} == {REPORTING}
    found = find_series("ucr", "UCR", "2-sine", data=str(data.resolve()))
    assert np.array_equal(found.test.values, cases[1].series.test.values)
    with pytest.raises(ValueError, match="has no series UCR/3-sine"):
        find_series("ucr", "UCR", "3-sine", data=str(data.resolve()))


def test_a_set_is_read_once(data):
    first = find_series("ucr", "UCR", "2-sine", data=str(data))
    (data / "ucr/2_UCR_Anomaly_sine_400_700_709.txt").unlink()
    assert find_series("ucr", "UCR", "2-sine", data=str(data)) is first


def test_simulated_series_need_no_data(monkeypatch):
    shorter = partial(robot_with_faults, minutes=60, train_minutes=1)
    monkeypatch.setattr(tgan.benchmarks.tadgan.cases, "robot_with_faults", shorter)
    # Sets are read once in a process: whoever needs this one later needs all of it.
    monkeypatch.setattr(tgan.benchmarks.tadgan.cases, "_read_set", cache(_read_set.__wrapped__))
    cases = read_cases(None, ["robot"], only=["robot/seed-1"])
    assert [case.series.name for case in cases] == ["seed-1"]
    assert find_series("robot", "robot", "seed-1", data=None) is cases[0].series


def test_nab_is_halved_by_name(shared):
    cases = read_cases(shared("datasets"), ["nab"])
    assert len(cases) == 45 and [c.half for c in cases] == ([CHOOSING, REPORTING] * 23)[:45]
    assert {case.series.group for case in cases} == set(NAB_INTERVALS)
    names = [f"exchange-{name}_results" for name in ("2_cpc", "3_cpc", "4_cpm")]
    half = read_cases(shared("datasets"), ["nab"], half=REPORTING, only=["realAdExchange/*"])
    assert [case.series.name for case in half] == names
    with pytest.raises(ValueError, match="none of 45 series is of the choosing half"):
        read_cases(
            shared("datasets"), ["nab"], half=CHOOSING, only=["realAdExchange/exchange-3_cpc*"]
        )
    with pytest.raises(ValueError, match="no series SET/SERIES matches 'realTwits/\\*'"):
        read_cases(shared("datasets"), ["nab"], only=["realTwits/*"])
