from tgan.benchmarks.step.loader import clips_per_second
from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.timing import time_step


def test_times_are_positive_and_of_the_right_number():
    report = time_step(Sizes(batch=2, generator_width=32, critic_width=4, steps=1))
    assert len(report["all_steps"]) == 1 and min(report["all_steps"]) > 0
    assert report["seconds_per_step_with_clip"] > report["step_seconds"] > 0


def test_loader_reads_and_counts():
    assert clips_per_second(batch_size=4, seconds=0.05) > 0
