import pytest

from tgan.training.tolerance import Tolerance


def test_failures_are_said_once_counted_and_named(capsys):
    tolerance = Tolerance()
    for number in range(3):
        with tolerance.of("previews"):
            raise OSError(28, f"no space left {number}")
    with tolerance.of("metrics"):
        raise RuntimeError
    with tolerance.of("trackers"):
        pass
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "warning: previews failed, training goes on: [Errno 28] no space left 0",
        "warning: metrics failed, training goes on: RuntimeError",
    ]
    assert tolerance.summary() == [
        "previews failed 3 times (first: [Errno 28] no space left 0)",
        "metrics failed once (first: RuntimeError)",
    ]


def test_requests_to_stop_pass():
    with pytest.raises(KeyboardInterrupt), Tolerance().of("previews"):
        raise KeyboardInterrupt
