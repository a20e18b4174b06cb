import signal

import numpy as np
import pytest

from tgan.evaluation.runner import OtherSettings, run_jobs

SETTINGS = {"samples": 5, "run": {"sha256": "ab", "step": 3}}


class Sums:
    """Adds up random numbers of its own; can be stopped at a step."""

    def __init__(self, seed, batches, stop_at=None):
        self.seed, self.batches, self.stop_at = seed, batches, stop_at
        self.total, self.steps = np.zeros(3), []

    def step(self, number):
        if number == self.stop_at:
            raise KeyboardInterrupt
        self.steps.append(number)
        self.total += np.random.default_rng((self.seed, number)).normal(size=3) / 3

    def result(self):
        return {"total": self.total.tolist()}

    def state(self):
        return {"total": self.total}

    def load_state(self, state):
        self.total = state["total"].copy()


def jobs(**stops):
    return {"a": Sums(0, 4, stops.get("a")), "b": Sums(1, 5, stops.get("b"))}


def test_interrupted_work_goes_on_bit_for_bit(tmp_path):
    path = tmp_path / "out.json.partial.npz"
    expected = run_jobs(jobs(), path=path, settings=SETTINGS)
    assert not path.exists()
    for stops, steps in (({"a": 2}, ([0, 1], [])), ({"b": 3}, ([2, 3], [0, 1, 2]))):
        stopped = jobs(**stops)
        with pytest.raises(KeyboardInterrupt):
            run_jobs(stopped, path=path, settings=SETTINGS, seconds=0)
        assert tuple(job.steps for job in stopped.values()) == steps
    rest = jobs()
    assert run_jobs(rest, path=path, settings=SETTINGS, seconds=0) == expected
    assert (rest["a"].steps, rest["b"].steps) == ([], [3, 4])


def interrupted(path):
    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs(a=2), path=path, settings=SETTINGS, seconds=0)


class Interrupted(Sums):
    """Ctrl-C comes in the middle of a step."""

    def step(self, number):
        super().step(number)
        if number == 1:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_writes_the_state_of_the_batch_at_hand(tmp_path):
    path = tmp_path / "out.json.partial.npz"
    expected = run_jobs({"a": Sums(0, 4)}, path=path, settings=SETTINGS)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_jobs({"a": Interrupted(0, 4)}, path=path, settings=SETTINGS)
    assert signal.getsignal(signal.SIGINT) is before
    rest = Sums(0, 4)
    assert run_jobs({"a": rest}, path=path, settings=SETTINGS) == expected
    assert rest.steps == [2, 3]


def test_other_settings_are_refused_and_named(tmp_path):
    path = tmp_path / "state.npz"
    interrupted(path)
    before = path.read_bytes()
    for settings, difference in (
        (SETTINGS | {"samples": 6}, "samples was 5 and is 6"),
        (SETTINGS | {"run": {"sha256": "cd", "step": 3}}, "run.sha256 was 'ab' and is 'cd'"),
        (SETTINGS | {"seed": 1}, "seed was None and is 1"),
    ):
        with pytest.raises(OtherSettings, match=difference):
            run_jobs(jobs(), path=path, settings=settings)
    assert path.read_bytes() == before


def test_others_are_discarded_and_the_same_goes_on_when_told_so(tmp_path):
    path = tmp_path / "state.npz"
    for settings, steps in ((SETTINGS, [2, 3]), ({"samples": 6}, [0, 1, 2, 3])):
        interrupted(path)
        rest = jobs()
        run_jobs(rest, path=path, settings=settings, discards_others=True)
        assert rest["a"].steps == steps


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"PK\x03\x04 cut"], ids=["none", "text", "cut"]
)
def test_a_file_that_is_no_state_is_refused(tmp_path, content):
    path = tmp_path / "state.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no interrupted evaluation"):
        run_jobs(jobs(), path=path, settings=SETTINGS)


def test_without_a_file_no_state_is_asked_for():
    class Stateless(Sums):
        state = None

    assert run_jobs({"a": Stateless(0, 4)}, seconds=0) == run_jobs({"a": Sums(0, 4)})
    with pytest.raises(KeyboardInterrupt):
        run_jobs({"a": Interrupted(0, 4)})


def test_the_bar_counts_what_was_done_before(tmp_path):
    class Bar:
        count = 0

        def update(self, steps):
            self.count += steps

    interrupted(tmp_path / "state.npz")
    bar = Bar()
    run_jobs(jobs(), path=tmp_path / "state.npz", settings=SETTINGS, bar=bar)
    assert bar.count == 9
