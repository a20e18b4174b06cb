"""Records of the comparison on disk: its folder, and there of each run its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.engine.records import RESULT, check_folder, path_of, read_result
from tgan.metrics.overlap import Agreement, Counts

# The only part of this benchmark.
PART = "detectors"


@dataclass(frozen=True)
class Run:
    """A method on a series with a seed.

    Attributes:
        method: its name.
        group, series: names.
        seed: 0 where the method has none.
    """

    method: str
    group: str
    series: str
    seed: int

    @property
    def job_name(self) -> str:
        """The name of its job."""
        return f"{PART}/{self.method}/{self.group}/{self.series}/seed_{self.seed}"


@dataclass(frozen=True)
class Result:
    """Findings of a run.

    Attributes:
        found: how well intervals agree with known ones, by combination of scores.
        seconds, error, components_error: see `Outcome`.
        made_by: commit, versions and hardware.
    """

    found: dict[str, Agreement]
    seconds: float
    error: float | None
    components_error: float | None
    made_by: dict[str, str]


def check_out(out: Path) -> None:
    """Raise a ValueError unless the comparison may use a folder: a new one, or one of its own."""
    if (out / "runs").is_dir():
        raise ValueError(
            f"'{out}' holds runs of an earlier version, which cannot be read; name a new folder"
        )
    check_folder(out, [PART])


def read_run(run: Run, job: Job, out: Path, *, combination: str) -> Result | str | None:
    """What `out` has of a run: its result, the reason why it failed, or None.

    Args:
        combination: the one that decides, of which there have to be intervals.

    Raises:
        ValueError: the result is damaged, or was made with other settings.
    """
    recorded = read_result(out, job)
    if recorded is None:
        return None
    content, made_by = recorded
    if "failed" in content:
        return content["failed"]
    try:
        found = {name: _agreement(entry) for name, entry in content["found"].items()}
        if combination not in found:
            raise ValueError(f"it has no intervals by {combination}")
        errors = (
            None if content[name] is None else float(content[name])
            for name in ("error", "components_error")
        )
        return Result(found, float(content["seconds"]), *errors, dict(made_by))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        path = out / path_of(job.name, RESULT)
        raise ValueError(f"'{path}' cannot be used: {error}; delete it to do it anew") from error


def _agreement(entry: Mapping[str, Any]) -> Agreement:
    counts = {
        name: Counts(**{kind: int(number) for kind, number in entry[name].items()})
        for name in ("intervals", "samples")
    }
    return Agreement(**counts, covered=int(entry["covered"]), total=int(entry["total"]))
