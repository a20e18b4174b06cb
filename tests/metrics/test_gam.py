import numpy as np
import pytest

from tgan.metrics.gam import (
    Judgement,
    best_threshold,
    compare,
    judge_fakes,
    judge_reals,
    ratio_of,
)


def search(real, fake):
    """The least balanced error over every threshold that could matter."""
    scores = sorted({*real, *fake})
    middles = [(a + b) / 2 for a, b in zip(scores, scores[1:], strict=False)]
    return min((np.mean(fake > t) + np.mean(real <= t)) / 2 for t in middles)


def test_separated_scores_are_cut_in_the_middle_of_the_gap():
    threshold, error = best_threshold(np.array([5.0, 7.0]), np.array([-1.0, 1.0, 0.0]))
    assert (threshold, error) == (3.0, 0.0)


def test_overlapping_scores_by_hand():
    """Reals 1 2 3 4, fakes 0 1 2: between 2 and 3 errors are 2 of 4 reals and no fake, ..."""
    threshold, error = best_threshold(np.array([1.0, 2, 3, 4]), np.array([0.0, 1, 2]))
    assert (threshold, error) == (2.5, 0.25)


def test_no_other_threshold_is_better():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.3, 2.0, -2.0):
        real, fake = rng.normal(shift, 1, 40), rng.normal(0, 2, 60)
        threshold, error = best_threshold(real, fake)
        assert error == pytest.approx(search(real, fake), abs=1e-12)
        wrong = judge_fakes(fake, threshold).rate + judge_reals(real, threshold).rate
        assert error == pytest.approx(wrong / 2, abs=1e-12)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        ([1.0, 1.0], [1.0], "every clip the score 1"),
        ([1.0], [float("nan")], "finite"),
        ([], [1.0], "finite"),
    ],
)
def test_scores_without_a_threshold_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        best_threshold(np.array(real), np.array(fake))


def test_judgements_by_hand():
    scores = np.array([-1.0, 0.5, 0.5, 2.0])
    assert judge_fakes(scores, 0.5) == Judgement(1, 4)
    assert judge_reals(scores, 0.5) == Judgement(3, 4)


def test_the_first_run_wins_when_its_samples_fool_more():
    fair = Judgement(50, 500)
    found = compare(
        b_on_a=Judgement(200, 500), a_on_b=Judgement(50, 500), a_on_real=fair, b_on_real=fair
    )
    assert found["value"] == pytest.approx(4) and found["verdict"] == "the first run wins"
    assert found["test_ratio"]["value"] == 1 and "warning" not in found
    swapped = compare(
        b_on_a=Judgement(50, 500), a_on_b=Judgement(200, 500), a_on_real=fair, b_on_real=fair
    )
    assert swapped["value"] == pytest.approx(1 / 4)
    assert swapped["verdict"] == "the second run wins"


def test_equal_runs_are_undecided():
    same = Judgement(40, 500)
    found = compare(b_on_a=same, a_on_b=same, a_on_real=same, b_on_real=same)
    assert found["value"] == 1 and found["verdict"] == "undecided"
    assert found["interval"][0] < 1 < found["interval"][1]


def test_a_stricter_critic_makes_the_comparison_unfair():
    found = compare(
        b_on_a=Judgement(200, 500),
        a_on_b=Judgement(50, 500),
        a_on_real=Judgement(300, 500),
        b_on_real=Judgement(30, 500),
    )
    assert found["test_ratio"]["value"] == pytest.approx(10)
    assert "not a fair comparison" in found["warning"] and "300 of 500" in found["warning"]


def test_no_errors_give_no_ratio_but_an_interval():
    fair = Judgement(5, 100)
    none = Judgement(0, 100)
    found = compare(b_on_a=Judgement(60, 100), a_on_b=none, a_on_real=fair, b_on_real=fair)
    assert found["value"] is None and found["verdict"] == "the first run wins"
    assert "the first run's critic never errs on the other's 100" in found["warning"]
    both = compare(b_on_a=none, a_on_b=none, a_on_real=fair, b_on_real=fair)
    assert both["value"] is None and both["verdict"] == "undecided"
    assert "neither critic errs" in both["warning"]
    # One error against none proves nothing.
    assert ratio_of(Judgement(1, 100), none)["interval"][0] < 1


def test_interval_agrees_with_the_bootstrap_where_errors_are_many():
    a, b, n = 0.3, 0.2, 1000
    rng = np.random.default_rng(0)
    wrong = [rng.permutation(np.arange(n) < rate * n) for rate in (a, b)]
    resampled = [
        wrong[0][rng.integers(0, n, n)].mean() / wrong[1][rng.integers(0, n, n)].mean()
        for _ in range(3000)
    ]
    found = ratio_of(Judgement(300, n), Judgement(200, n))["interval"]
    np.testing.assert_allclose(found, np.quantile(resampled, [0.025, 0.975]), rtol=0.02)
