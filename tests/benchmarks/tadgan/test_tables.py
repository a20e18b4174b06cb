"""What the tables say of results."""

import pytest

from tgan.benchmarks.tadgan.cases import CHOOSING, REPORTING
from tgan.benchmarks.tadgan.records import Result, Run
from tgan.benchmarks.tadgan.tables import Row, capped_f1, mean_f1, report
from tgan.metrics.overlap import Agreement, Counts


def row(method, group, name, *, counts, covered=10, seed=0, half=REPORTING, error=None):
    found = Agreement(Counts(*counts), Counts(1, 1, 0), covered, 100)
    return Row(
        Run(method, group, name, seed),
        Result({"mean": found, "critic": Agreement(total=100)}, 2.0, error, error and 1.0, {}),
        half,
        "mean",
    )


def test_counts_are_summed_within_a_set_and_means_are_over_sets():
    rows = [
        row("a", "realTraffic", "x", counts=(1, 0, 0)),
        row("a", "realTraffic", "y", counts=(0, 2, 1)),
        row("a", "realTweets", "x", counts=(1, 1, 0)),
    ]
    # 2 / (2 + 2 + 1) and 2 / (2 + 1).
    assert mean_f1(rows) == pytest.approx((0.4 + 2 / 3) / 2)
    text = report(rows, ["a heading"])
    assert text.startswith("# TadGAN beside baselines\n\na heading\n\nF1 of intervals")
    assert "| a | 0.400 (1/2/1) c0.10 | 0.667 (1/1/0) c0.10 | 0.533 | 0.667 | 6 |" in text
    assert "components" not in text


def test_a_set_that_is_covered_too_far_counts_for_nothing():
    perfect = Agreement(Counts(5, 0, 0), Counts(), 13, 100)
    assert capped_f1(perfect, "realTweets") == 0 and capped_f1(perfect, "realTraffic") == 1
    rows = [row("a", group, "x", counts=(5, 0, 0), covered=13) for group in ("realTweets", "UCR")]
    text = report(rows, [])
    assert "| 0.000 (5/0/0) c0.13! |" in text and "| 1.000 (5/0/0) c0.13 |" in text


def test_seeds_halves_errors_and_combinations_are_told():
    rows = [
        row("a", "realTraffic", name, counts=counts, seed=seed, half=half, error=error)
        for seed, counts, error in ((0, (1, 0, 0), 1.2), (1, (0, 1, 1), 1.4))
        for name, half in (("x", CHOOSING), ("y", REPORTING))
    ]
    text = report(rows, [])
    assert "| a | 0.500 ± 0.707 c0.10 | 0.500 ± 0.707 | 0.667 ± 0.000 | 4 |" in text
    assert "| a | 0.500 ± 0.707 | 0.500 ± 0.707 | 0.500 ± 0.707 |" in text
    # Of 1.2, 1.2, 1.4, 1.4; both series of the first seed and none of the other.
    assert "| a | 1.30 | 1 | 2 |" in text
    assert "| mean F1 | mean | critic |\n| --- | --- | --- |\n| a | 0.500 ± 0.707 | 0.000" in text
    # A seed that is not complete is left out.
    assert "| a | 1.000 (2/0/0) c0.10 |" in report(rows[:3], [])
