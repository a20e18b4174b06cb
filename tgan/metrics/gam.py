"""The generative adversarial metric: two GANs compared by swapping their critics.

Each critic judges the other's samples; the GAN whose samples fool more often wins. A critic
calls a clip real if its score is above the critic's threshold.

Source: Im et al. 2016, section 4; the ratio and the threshold as in Saito et al. 2017.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tgan.rng import Stream, numpy_rng

DRAWS, COVERAGE = 10_000, 0.95
UNDECIDED = "undecided"
# A test ratio in here is near enough to 1.
FAIR = (0.8, 1.25)


@dataclass(frozen=True)
class Judgement:
    """How often a critic was wrong: `errors` of `count` clips."""

    errors: int
    count: int

    @property
    def rate(self) -> float:
        """0 to 1."""
        return self.errors / self.count


def best_threshold(real_scores: np.ndarray, fake_scores: np.ndarray) -> tuple[float, float]:
    """The threshold that separates a critic's own scores best, and its balanced error.

    The error is the mean of the shares of fakes above and of reals not above the threshold.
    Candidates lie halfway between neighbouring scores; of several best ones, the one in the
    widest gap is taken.

    Args:
        real_scores: (M,), of training clips.
        fake_scores: (N,), of samples of the critic's own generator.

    Raises:
        ValueError: no scores, some that are not finite, or all the same.
    """
    scores = np.unique(np.concatenate([real_scores, fake_scores]))
    if not (len(real_scores) and len(fake_scores) and np.isfinite(scores).all()):
        raise ValueError("a threshold needs finite scores of real and of generated clips")
    if len(scores) == 1:
        raise ValueError(f"the critic gives every clip the score {scores[0]:.6g}")
    middles, gaps = scores[:-1] / 2 + scores[1:] / 2, np.diff(scores)
    fakes_above = 1 - np.searchsorted(np.sort(fake_scores), middles, "right") / len(fake_scores)
    reals_below = np.searchsorted(np.sort(real_scores), middles, "right") / len(real_scores)
    errors = (fakes_above + reals_below) / 2
    best = np.flatnonzero(np.isclose(errors, errors.min(), rtol=0, atol=1e-12))
    chosen = best[gaps[best].argmax()]
    return float(middles[chosen]), float(errors[chosen])


def judge_fakes(scores: np.ndarray, threshold: float) -> Judgement:
    """A critic is wrong about each sample above its threshold."""
    return Judgement(int((scores > threshold).sum()), len(scores))


def judge_reals(scores: np.ndarray, threshold: float) -> Judgement:
    """A critic is wrong about each real clip that is not above its threshold."""
    return Judgement(int((scores <= threshold).sum()), len(scores))


def ratio_of(above: Judgement, below: Judgement) -> dict[str, Any]:
    """The ratio of two error rates, with a 95 % interval over which clips happened to be drawn.

    `value` is None where the lower critic never errs; the interval then still says what follows.
    For many errors it is the bootstrap's, but no errors in N clips do not count as certainty:
    rates are drawn from Jeffreys' posterior. Thresholds are taken as given.
    """
    rng = numpy_rng(Stream.BOOTSTRAP, 0)
    drawn = [
        rng.beta(side.errors + 0.5, side.count - side.errors + 0.5, DRAWS)
        for side in (above, below)
    ]
    tail = (1 - COVERAGE) / 2
    return {
        "value": above.rate / below.rate if below.errors else None,
        "interval": np.quantile(drawn[0] / drawn[1], [tail, 1 - tail]).tolist(),
        "errors": [f"{side.errors} of {side.count}" for side in (above, below)],
    }


def compare(
    *, b_on_a: Judgement, a_on_b: Judgement, a_on_real: Judgement, b_on_real: Judgement
) -> dict[str, Any]:
    """GAM of A against B; above 1 A wins: its samples fool B's critic more often than B's do A's.

    Args:
        b_on_a: B's critic on A's samples.
        a_on_b: A's critic on B's samples.
        a_on_real, b_on_real: on real clips that neither has seen; their ratio, `test_ratio`, must
            be near 1, or one critic is simply the stricter.

    Returns:
        `value`, `interval`, `errors`, `test_ratio` (A's over B's), `verdict`, and `warning` if
        critics are not comparable or err too rarely.
    """
    ratio, test = ratio_of(b_on_a, a_on_b), ratio_of(a_on_real, b_on_real)
    found = ratio | {"test_ratio": test, "verdict": _verdict(ratio["interval"])}
    problems = []
    if ratio["value"] is None:
        never = "neither critic errs" if not b_on_a.errors else "the first run's critic never errs"
        problems.append(f"no ratio: {never} on the other's {a_on_b.count} samples")
    low, high = test["interval"]
    if low > FAIR[1] or high < FAIR[0]:
        problems.append(
            "not a fair comparison: on held-back real clips the first run's critic errs on "
            f"{test['errors'][0]}, the second's on {test['errors'][1]}"
        )
    return found | ({"warning": "; ".join(problems)} if problems else {})


def _verdict(interval: list[float]) -> str:
    low, high = interval
    if low > 1:
        return "the first run wins"
    return "the second run wins" if high < 1 else UNDECIDED
