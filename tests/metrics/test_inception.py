import numpy as np
import pytest

from tgan.metrics.inception import EPSILON, InceptionScore, inception_score


def probabilities(seed, count, classes=7):
    logits = np.random.default_rng(seed).normal(0, 3, (count, classes))
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def literal(p) -> float:
    """The formula as the paper has it, with the epsilons of its program."""
    marginal = p.mean(0)
    divergences = [(row * np.log((row + 1e-7) / (marginal + 1e-7))).sum() for row in p]
    return float(np.exp(np.mean(divergences)))


def fill(metric, p, batch, real=None):
    for begin in range(0, len(p), batch):
        part = slice(begin, begin + batch)
        metric.add(None if real is None else real[part], p[part])
    return metric


def test_score_is_the_one_that_the_authors_program_recorded(shared):
    recorded = np.load(shared("reference/c3d/inception_score.npz"))
    assert inception_score(recorded["prob"]) == pytest.approx(float(recorded["score"]), rel=1e-5)
    streamed = fill(InceptionScore(101, group=500), recorded["prob"], 48).result()
    assert streamed["value"] == pytest.approx(float(recorded["score"]), rel=1e-5)


def test_equals_the_literal_formula():
    p = probabilities(0, 40)
    assert inception_score(p) == pytest.approx(literal(p), rel=1e-9)


def test_unsure_of_everything_is_1_and_sure_of_every_class_is_k():
    assert inception_score(np.full((30, 5), 0.2)) == pytest.approx(1, rel=1e-12)
    assert inception_score(np.eye(5)[np.arange(30) % 5]) == pytest.approx(5, rel=1e-5)
    assert inception_score(np.eye(5)[[2] * 30]) == pytest.approx(1, rel=1e-9)
    # Two of five classes, equally often.
    assert inception_score(np.eye(5)[np.arange(30) % 2]) == pytest.approx(2, rel=1e-5)


def test_epsilon_is_inside_both_logarithms():
    p = np.eye(3)[[0, 1, 2]]
    expected = np.exp(np.log(1 + EPSILON) - np.log(1 / 3 + EPSILON))
    assert inception_score(p) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("batch", [1, 13, 90])
def test_groups_are_scored_apart_and_the_rest_is_left(batch):
    p = probabilities(1, 85)
    found = fill(InceptionScore(7, group=20), p, batch, real=p[::-1]).result()
    each = [literal(p[b : b + 20]) for b in (0, 20, 40, 60)]
    assert found["scores"] == pytest.approx(each, rel=1e-9)
    assert found["value"] == pytest.approx(np.mean(each), rel=1e-9)
    assert found["std"] == pytest.approx(np.std(each, ddof=1), rel=1e-7)
    assert found["real"]["scores"][0] == pytest.approx(literal(p[::-1][:20]), rel=1e-9)


def test_without_real_clips_there_is_no_score_of_them():
    assert "real" not in fill(InceptionScore(7, group=20), probabilities(2, 20), 5).result()


def test_few_samples_per_class_are_warned_about():
    few, enough = (InceptionScore(7, group=group) for group in (69, 70))
    assert (
        "69 samples per score and 7 classes"
        in fill(few, probabilities(4, 70), 35).result()["warning"]
    )
    assert "warning" not in fill(enough, probabilities(4, 70), 35).result()


def test_a_resumed_score_is_the_same_bit_for_bit():
    p = probabilities(3, 90)
    whole = fill(InceptionScore(7, group=40), p, 10, real=p)
    first, second = InceptionScore(7, group=40), InceptionScore(7, group=40)
    second.load_state(fill(first, p[:50], 10, real=p[:50]).state())
    assert fill(second, p[50:], 10, real=p[50:]).result() == whole.result()
