from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.conftest import make_tiny_config
from tests.made.stand_ins import Normal, Videos
from tgan.evaluation.gam import Gam, Rival, check_rivals, shared_conditions
from tgan.evaluation.streams import RealClips
from tgan.models.conditions import Conditioning, OnClass
from tgan.runs.trained import TrainedRun


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
        return ()


# Real clips of these videos have means of about -1 to -0.5.
def rival(mean, factor=1.0):
    return Rival(Fakes(mean, 0.01, (1, 4, 8, 8)), Brightness(factor))


def gam(a, b, samples=40):
    real = RealClips(Videos(64), seed=0)
    return Gam(a, b, train=real, held_out=real, samples=samples, batch_size=16)


def run(job, first=0):
    for number in range(first, job.batches):
        job.step(number)
    return job.result()["gam"]


def test_the_samples_that_look_more_real_win():
    """A's samples are darker than half of the real clips, B's darker than all of them."""
    a, b = rival(-0.85), rival(-1.2)
    found = run(gam(a, b))
    assert found["errors"] == ["40 of 40", "0 of 40"]
    assert found["value"] is None and found["verdict"] == "the first run wins"
    assert run(gam(b, a))["value"] == 0


def test_scores_are_those_of_the_right_critic_on_the_right_clips():
    job = gam(rival(-0.7, factor=2.0), rival(-0.9, factor=3.0))
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
    a, b = (Rival(Classes(-0.7, 0.01, (1, 4, 8, 8)), BrightClasses()) for _ in range(2))
    real, plain = RealClips(Videos(64, labels="xyz"), seed=0), RealClips(Videos(64), seed=0)
    job = Gam(a, b, train=real, held_out=real, samples=40, batch_size=16)
    run(job)
    state = job.state()
    assert state["a_own"].mean() == pytest.approx(0.3, abs=0.01)
    assert state["b_other"].mean() == pytest.approx(0.3, abs=0.01)
    means = plain(0, 40).mean((1, 2, 3, 4)).double() + real.draw(0, 40)[1]
    assert state["a_train"] == pytest.approx(means.numpy())


def test_thresholds_are_set_on_other_samples_than_errors():
    job = gam(rival(-0.7), rival(-0.7))
    run(job)
    state = job.state()
    assert not set(state["a_own"]) & set(state["b_other"])


def test_a_resumed_comparison_is_the_same_bit_for_bit():
    def make():
        return gam(rival(-0.8), rival(-0.75, 2.0))

    first, second = make(), make()
    first.step(0)
    second.load_state(first.state())
    assert run(second, first=1) == run(make())


def test_scores_that_are_not_finite_are_an_error():
    with pytest.raises(ArithmeticError, match="critic of run B"):
        run(gam(rival(-0.7), rival(-0.7, factor=float("nan"))))


def trained(conditional=True, **data):
    """A run of such data, of which nothing is opened."""
    config = make_tiny_config()
    config.conditional = conditional
    config.data = replace(config.data, **data)
    return TrainedRun(Path("run"), config, classes=["a", "b"])


def test_runs_that_saw_other_data_are_warned_about():
    assert check_rivals(trained(), trained(workers=3, held_out_path="other")) == []
    assert check_rivals(trained(num_digits=1), trained(num_digits=2)) == [
        "gam: the runs were trained on different data (num_digits differ)"
    ]


def test_runs_whose_critics_cannot_be_swapped_are_refused():
    with pytest.raises(ValueError, match="differ in data.channels, 1 and 3"):
        check_rivals(trained(), trained(channels=3))
    with pytest.raises(ValueError, match="differ in what networks are conditioned on"):
        check_rivals(trained(), trained(conditional=False))


@pytest.mark.parametrize("setting", [{"packs": 2}, {"sees_batch": "discrimination"}])
def test_a_critic_that_does_not_judge_samples_one_by_one_is_refused(setting):
    others = trained()
    others.config.critic = replace(others.config.critic, **setting)
    for pair in ((others, trained()), (trained(), others)):
        with pytest.raises(ValueError, match="^gam needs "):
            check_rivals(*pair)


def test_conditions_are_shared_where_the_data_are_the_same():
    run, source = trained(), Videos(labels=["a", "b"])
    run.data = source
    assert shared_conditions(run, trained(workers=3)) is source
    for other in (trained(path="other"), trained(classes=["a"]), trained(held_out_path="x")):
        assert shared_conditions(run, other) is None
    own = trained(name="own")
    own.data = source
    assert shared_conditions(own, trained(name="own")) is None
