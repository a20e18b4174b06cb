import pytest
import torch

from tgan.benchmarks.clipping.cost.part import QUICK_SIZES
from tgan.benchmarks.clipping.cost.update_cost import _Critic, time_updates
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.constraints import Constraint


@pytest.fixture(autouse=True)
def same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_added_seconds_are_the_difference_to_the_twin_without_constraint(monkeypatch):
    """By a clock that a penalty's critic moves twice as fast as its twin."""
    strategy = STRATEGIES["wgan_gp"].settings()
    monkeypatch.setattr(_Critic, "seconds_per_update", lambda critic, updates: _pace(critic))
    found = time_updates(strategy, QUICK_SIZES)["every"]
    assert found["added"] == [1.0] and found["share"] == [0.5]


def _pace(critic: _Critic) -> float:
    return 2.0 if "Penalty" in type(critic.learner.constraint).__name__ else 1.0


def test_a_fifth_step_clip_is_in_every_round_once(monkeypatch):
    seen = []
    update = _Critic._update

    def noted(critic, number):
        constraint = critic.learner.constraint
        seen.append((None if type(constraint) is Constraint else constraint.interval, number))
        return update(critic, number)

    monkeypatch.setattr(_Critic, "_update", noted)
    time_updates(STRATEGIES["svc"].settings(), QUICK_SIZES)
    by_interval = {i: [n for interval, n in seen if interval == i] for i in (None, 1, 5)}
    # From one that is not timed to the last one before a clip.
    assert by_interval == {
        None: [0, 1, 2],
        1: [0, 1, 2, 3, 4],
        5: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    }


def test_a_strategy_that_sets_an_interval_is_timed_over_as_many_updates(monkeypatch):
    """By a clock that ticks at every step of the optimiser: a lazy penalty has one more in four."""
    update = _Critic._update

    def ticks(critic, number):
        steps = []
        hook = critic.learner.optimizer.register_step_post_hook(lambda *_: steps.append(1.0))
        update(critic, number)
        hook.remove()
        return sum(steps)

    monkeypatch.setattr(_Critic, "_update", ticks)
    found = time_updates(STRATEGIES["wgan_gp_every4"].settings(), QUICK_SIZES)
    assert found.keys() == {"own"} and found["own"]["added"] == [0.25]
    assert found["own"]["share"] == [0.2]


def test_a_critic_that_diverges_is_an_arithmetic_error():
    with pytest.raises(ArithmeticError):
        settings = STRATEGIES["none"].settings() | {"critic_optimizer.lr": 1e30}
        time_updates(settings, QUICK_SIZES)
