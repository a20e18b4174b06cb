"""Plan of the benchmark of strategies, the record of its results, and who may go on with it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tgan.benchmarks.clipping.strategies import Strategy
from tgan.benchmarks.engine.jobs import Result
from tgan.benchmarks.engine.records import JOBS, RESULTS, check_folder, write_json
from tgan.config.reading import differences


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        config: the experiment on video that strategies are variations of, as YAML text.
        strategies: by name.
        seeds: number of training seeds per strategy, 0, 1, ...
        budget: `steps`, `seconds` or `both`: whether strategies are given equal steps or equal
            time.
        quick: cut every part down to seconds, to see that all of it runs.
    """

    config: str
    strategies: Mapping[str, Strategy]
    seeds: int = 5
    budget: str = "both"
    quick: bool = False

    def settings(self) -> dict[str, Any]:
        """All that the results depend on, fit for JSON."""
        return {
            "config": yaml.safe_load(self.config),
            "strategies": list(self.strategies),
            "seeds": self.seeds,
            "budget": self.budget,
            "quick": self.quick,
        }


@dataclass(frozen=True)
class Record:
    """The results of a benchmark, by name of job.

    Attributes:
        makers: commit, versions, hardware, processes and threads of each, likewise.
    """

    results: dict[str, Result] = field(default_factory=dict)
    makers: dict[str, dict[str, str]] = field(default_factory=dict)

    def of_parts(self, names: Collection[str]) -> "Record":
        """Those of some parts."""
        jobs = [job for job in self.results if job.partition("/")[0] in names]
        return Record({j: self.results[j] for j in jobs}, {j: self.makers[j] for j in jobs})

    def write(
        self, out: Path, plan: Plan, *, about: Mapping[str, str], crashed: Mapping[str, str]
    ) -> None:
        """Write it with what was asked for, on what it was run, and the jobs that crashed."""
        content = {"settings": plan.settings(), "about": about, "crashed": crashed}
        write_json(out / RESULTS, content | {"made_by": self.makers, "results": self.results})


def claim_folder(out: Path, plan: Plan, parts: Collection[str]) -> Record:
    """Check that a benchmark may use `out`: a new folder, or its own with these settings.

    Strategies and seeds may have become more.

    Args:
        parts: names of all parts there are.

    Returns:
        What is on record there.

    Raises:
        ValueError: it holds something else, results of other settings, or cannot be written.
    """
    check_folder(out, parts)
    if not (out / RESULTS).is_file():
        return Record()
    try:
        record = json.loads((out / RESULTS).read_text())
        before = record["settings"]
        found = Record(dict(record["results"]), dict(record["made_by"]))
    except (ValueError, LookupError, TypeError):
        raise ValueError(
            f"'{out / RESULTS}' is damaged, or no result of this benchmark; delete it to have the "
            f"results read from '{out / JOBS}' again"
        ) from None
    if narrower := _narrower(before, plan.settings()):
        raise ValueError(
            f"'{out}' holds a benchmark of other settings ({narrower}); "
            "repeat those, or name a new folder"
        )
    return found


def _narrower(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The settings that keep a benchmark from going on, in words; empty if none does.

    Strategies in another order, or more of them, and more seeds only add jobs.
    """
    missing = [name for name in before["strategies"] if name not in now["strategies"]]
    if missing:
        return f"strategies had {', '.join(missing)} too"
    old = {
        **before,
        "strategies": now["strategies"],
        "seeds": max(before["seeds"], now["seeds"]),
    }
    return "; ".join(differences(old, now)[:3])
