"""The part of the comparison that does its runs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tgan.anomaly.series.data.sets import Labelled
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.tadgan.cases import find_series
from tgan.benchmarks.tadgan.methods import METHODS, Method, Outcome
from tgan.benchmarks.tadgan.plan import Plan
from tgan.lookup import look_up
from tgan.metrics.overlap import agreement


class Detectors:
    """Methods on series, with seeds."""

    methods: Mapping[str, Method] = MappingProxyType(METHODS)

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return list(plan.values())

    def run(self, job: Job, folder: Path) -> Result:
        """Fit a method and find intervals; an interrupted job starts anew."""
        about = job.settings
        method = look_up(self.methods, about["method"], kind="method")
        series = find_series(
            about["set"], about["group"], about["series"], data=job.places.get("data")
        )
        outcome = method.run(series, seed=about["seed"])
        return {**asdict(outcome), "found": _found(outcome, series)}


def _found(outcome: Outcome, series: Labelled) -> dict[str, Any]:
    times = np.asarray(series.test.timestamps)
    return {
        combination: asdict(agreement(series.known, intervals, times))
        for combination, intervals in outcome.intervals.items()
    }
