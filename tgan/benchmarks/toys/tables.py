"""Rows of tables on toy GANs: measurements of runs, and of the mixtures themselves."""

import math
from collections.abc import Mapping, Sequence

from tgan.benchmarks.engine.jobs import Result
from tgan.benchmarks.page.content import Column
from tgan.benchmarks.toys.toygan import SAMPLES, judge
from tgan.data.made.toy import GaussianMixture
from tgan.rng import Stream, numpy_rng

TITLES = {"ring": "Ring of 8 Gaussians", "grid": "Grid of 25 Gaussians"}
# Of the row that a generator without fault would have.
REAL = "the mixture itself"


def columns_of(spread: str) -> dict[str, Column]:
    """The columns of what is measured of a run, by its name in a result.

    Args:
        spread: what beside a mean tells how runs differ, as `Column` has it.
    """
    return {
        "modes": Column("modes", best="high", spread=spread),
        "good": Column("share of good samples", best="high", spread=spread),
        "reverse_kl": Column("reverse KL", best="low", spread=spread),
        "transport": Column("Wasserstein-1", best="low", spread=spread),
        "seconds": Column("seconds", digits=2, spread=spread),
    }


def cells_of_runs(
    found: Sequence[Result], columns: Mapping[str, Column]
) -> list[list[float] | str]:
    """What is measured of runs, in each column, and how many of them diverged."""
    whole = [result for result in found if "failed" not in result]
    # A run that diverged counts as not finite, so that nothing is best by losing its worst.
    lost = [math.nan] * (len(found) - len(whole))
    measured = [[result[name] for result in whole if name in result] + lost for name in columns]
    return [*measured, f"{len(lost)} of {len(found)}"]


def cells_of_mixture(mixture: GaussianMixture, columns: Mapping[str, Column]) -> list[str]:
    """The measurements of a generator without fault; in words, since it does not compete."""
    found = judge(mixture.draw(SAMPLES, numpy_rng(Stream.SAMPLES, 0, 2)), mixture, 0)
    return [f"{found[name]:.3g}" if name in found else "" for name in columns] + [""]
