import pytest

from tgan.benchmarks.step.equality import compare, load_baseline
from tgan.benchmarks.step.sizes import Sizes

SMALL = Sizes(batch=2, generator_width=32, critic_width=4)
STRANGE = "VideoGenerator = VideoCritic = clip_singular_values = print"


def test_our_first_step_computes_what_the_plain_one_does(shared):
    difference = compare(load_baseline(shared("bench/plain_step.py")), SMALL)
    assert difference["loss_difference"] < 1e-5
    assert difference["gradient_difference"] < 1e-10


def test_a_baseline_that_computes_something_else_is_seen(shared):
    baseline = load_baseline(shared("bench/plain_step.py"))
    original = baseline.VideoCritic.forward
    baseline.VideoCritic.forward = lambda self, video: original(self, video) * (1 + 1e-3)
    difference = compare(baseline, SMALL)
    assert difference["gradient_difference"] > 1e-4


@pytest.mark.parametrize("name", ["plain.py", "plain"])
def test_a_baseline_may_have_any_name_and_is_not_run_as_a_program(tmp_path, name):
    path = tmp_path / name
    path.write_text(f"{STRANGE}; assert __name__ != '__main__'")
    assert load_baseline(path).VideoCritic is print


def test_a_baseline_whose_networks_fail_is_named(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(STRANGE)
    with pytest.raises(ValueError, match="plain.py' fails: AttributeError: 'NoneType'"):
        compare(load_baseline(path), SMALL)


def test_a_size_that_our_networks_do_not_take_is_not_blamed_on_the_baseline(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(STRANGE)
    with pytest.raises(ValueError, match="^image generator width 17 is not a multiple of 16"):
        compare(load_baseline(path), Sizes(generator_width=17))
