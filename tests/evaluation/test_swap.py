import pytest
import torch
from torch import nn

from tests.made.stand_ins import Normal, Videos
from tgan.evaluation.streams import RealClips
from tgan.evaluation.swap import Player, Swap
from tgan.models.conditions import Conditioning, OnClass


class Brightness(nn.Module):
    """A critic: the mean pixel, times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, video, labels=None):
        return video.mean((1, 2, 3, 4)) * self.factor


class Fakes(Normal):
    conditioning = Conditioning()

    def condition(self, first, count):
        return self.conditioning.prior(None, range(first, first + count))


# Real clips of these videos have means of about -1 to -0.5.
def player(mean, factor=1.0):
    return Player(Fakes(mean, 0.01, (1, 4, 8, 8)), Brightness(factor))


def swap(a, b, samples=40):
    real = RealClips(Videos(64), seed=0)
    return Swap(a, b, train=real, held_out=real, samples=samples, batch_size=16)


def run(job, first=0):
    for number in range(first, job.batches):
        job.step(number)
    return job.result()["gam"]


def test_the_samples_that_look_more_real_win():
    """A's samples are darker than half of the real clips, B's darker than all of them."""
    a, b = player(-0.85), player(-1.2)
    found = run(swap(a, b))
    assert found["errors"] == ["40 of 40", "0 of 40"]
    assert found["value"] is None and found["verdict"] == "the first run wins"
    assert run(swap(b, a))["value"] == 0


def test_scores_are_those_of_the_right_critic_on_the_right_clips():
    job = swap(player(-0.7, factor=2.0), player(-0.9, factor=3.0))
    run(job)
    means = {name: array.mean() for name, array in job.state().items()}
    assert means["a_own"] == pytest.approx(-1.4, abs=0.01)
    assert means["a_other"] == pytest.approx(-1.8, abs=0.01)
    assert means["b_own"] == pytest.approx(-2.7, abs=0.01)
    assert means["b_other"] == pytest.approx(-2.1, abs=0.01)
    assert means["b_train"] == pytest.approx(1.5 * means["a_train"])
    assert len({len(array) for array in job.state().values()}) == 1


class BrightClasses(Brightness):
    """Adds the class to the mean pixel."""

    def forward(self, video, labels):
        return super().forward(video) + labels


class Classes(Fakes):
    """Fakes of class 1, whatever classes the real clips have."""

    conditioning = OnClass(3)

    def condition(self, first, count):
        return (torch.ones(count, dtype=torch.long),)


def test_critics_receive_the_conditions_of_the_clips_that_they_score():
    a, b = (Player(Classes(-0.7, 0.01, (1, 4, 8, 8)), BrightClasses()) for _ in range(2))
    real, plain = RealClips(Videos(64, labels="xyz"), seed=0), RealClips(Videos(64), seed=0)
    job = Swap(a, b, train=real, held_out=real, samples=40, batch_size=16)
    run(job)
    state = job.state()
    assert state["a_own"].mean() == pytest.approx(0.3, abs=0.01)
    assert state["b_other"].mean() == pytest.approx(0.3, abs=0.01)
    means = plain(0, 40).mean((1, 2, 3, 4)).double() + real.draw(0, 40)[1]
    assert state["a_train"] == pytest.approx(means.numpy())


def test_thresholds_are_set_on_other_samples_than_errors():
    job = swap(player(-0.7), player(-0.7))
    run(job)
    state = job.state()
    assert not set(state["a_own"]) & set(state["b_other"])


def test_a_resumed_swap_is_the_same_bit_for_bit():
    def make():
        return swap(player(-0.8), player(-0.75, 2.0))

    first, second = make(), make()
    first.step(0)
    second.load_state(first.state())
    assert run(second, first=1) == run(make())


def test_scores_that_are_not_finite_are_an_error():
    with pytest.raises(ArithmeticError, match="critic of run B"):
        run(swap(player(-0.7), player(-0.7, factor=float("nan"))))
