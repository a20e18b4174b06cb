import os
import signal
import threading
from types import SimpleNamespace

import pytest

from tgan.training import stopping
from tgan.training.stopping import requests_to_stop

NUMBERS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP]


def accelerator(*, is_main=True):
    return SimpleNamespace(is_main_process=is_main)


@pytest.fixture
def other(monkeypatch):
    """Another process, and what it asks for: a signal, and whether it failed."""
    asked = [0, 0]
    monkeypatch.setattr(stopping, "largest", lambda own: list(map(max, own, asked)))
    return asked


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_noted_said_and_agreed_on(number, capsys):
    with requests_to_stop(accelerator()) as request:
        assert not request.agreed()
        send(number)
        assert request.agreed() and request.number == number and not request.failed
    line = capsys.readouterr().err.strip()
    assert line.startswith(f"{signal.Signals(number).name}: stopping after this step, saving first")
    assert ("Ctrl-C once more" in line) == (number == signal.SIGINT)


def test_handlers_are_those_of_before_afterwards():
    before = [signal.getsignal(number) for number in NUMBERS]
    with requests_to_stop(accelerator()):
        assert all(signal.getsignal(n) != b for n, b in zip(NUMBERS, before, strict=True))
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with requests_to_stop(accelerator()) as request:
            send(signal.SIGHUP)
            assert not request.agreed()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", NUMBERS)
@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_only_a_later_ctrl_c_ends_at_once(monkeypatch, first, second, patience):
    monkeypatch.setattr(stopping, "PATIENCE", patience)
    with requests_to_stop(accelerator()) as request:
        send(first)
        if second == signal.SIGINT and patience == 0:
            with pytest.raises(KeyboardInterrupt):
                send(second)
        else:
            send(second)
        assert request.agreed() and request.number == first


def test_what_the_run_does_not_need_is_cut_off_and_not_begun_any_more():
    done = []

    def work():
        done.append("begun")
        send(signal.SIGTERM)
        done.append("ended")

    with requests_to_stop(accelerator()) as request:
        request.idle(lambda: done.append("before"))
        request.idle(work)
        assert done == ["before", "begun"] and request.agreed()
        request.idle(lambda: done.append("after"))
    assert done == ["before", "begun"]


def test_errors_of_what_the_run_does_not_need_are_raised():
    def work():
        raise ValueError("mine")

    with requests_to_stop(accelerator()) as request, pytest.raises(ValueError, match="mine"):
        request.idle(work)


def test_what_another_process_was_asked_is_known_to_all(other, capsys):
    other[0] = signal.SIGUSR1
    with requests_to_stop(accelerator()) as request:
        assert request.agreed() and request.number == signal.SIGUSR1 and not request.failed
    assert "SIGUSR1: stopping" in capsys.readouterr().err


def test_a_failure_is_known_to_all(other):
    other[1] = 1
    with requests_to_stop(accelerator()) as request:
        assert request.agreed() and request.failed
        assert request.number == 0 and request.failure is None
    other[1] = 0
    with requests_to_stop(accelerator()) as request:
        request.failure = OSError("gone")
        assert request.agreed() and request.failed


def test_one_process_of_several_says_it(capsys):
    with requests_to_stop(accelerator(is_main=False)) as request:
        send(signal.SIGTERM)
        assert request.agreed()
    assert capsys.readouterr().err == ""


def test_in_another_thread_signals_go_where_they_went_before():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work():
        with requests_to_stop(accelerator()) as request:
            seen.append((signal.getsignal(signal.SIGTERM), request.agreed()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
