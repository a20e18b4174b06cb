"""The folder of a benchmark: whose it is, and the results that jobs leave in it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tgan.benchmarks.engine.part import Job, Plan, Result
from tgan.config.reading import flat_settings
from tgan.system.files import check_writable, write_whole

RESULTS, REPORT, TABLES = "results.json", "report.html", "tables.md"
JOBS, LOCK = "jobs", ".lock"
_OWN = {RESULTS, REPORT, TABLES, JOBS, LOCK}
JOB, RESULT, LOG = "job.json", "result.json", "log.txt"


@dataclass(frozen=True)
class Record:
    """What is known of a benchmark.

    Attributes:
        results: by name of job.
        makers: commit, versions, hardware, processes and threads of each, likewise.
    """

    results: dict[str, Result] = field(default_factory=dict)
    makers: dict[str, dict[str, str]] = field(default_factory=dict)


def plan_settings(plan: Plan) -> dict[str, Any]:
    """All that the results of a benchmark depend on, fit for JSON."""
    return {
        "config": yaml.safe_load(plan.config),
        "strategies": list(plan.arms),
        "seeds": plan.seeds,
        "budget": plan.budget,
        "quick": plan.quick,
    }


def claim_folder(out: Path, settings: Mapping[str, Any]) -> Record:
    """Check that a benchmark of these settings may use `out`: a new folder, or one of its own.

    Strategies and seeds may have become more.

    Returns:
        What is on record there.

    Raises:
        ValueError: it holds something else, results of other settings, or cannot be written.
    """
    check_writable(out / RESULTS)
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out '{out}' is a file; name a folder")
    if not out.is_dir() or {path.name for path in out.iterdir()} <= _OWN - {RESULTS}:
        return Record()
    if not (out / RESULTS).is_file():
        raise ValueError(f"--out '{out}' holds something else than a benchmark; name a new folder")
    try:
        record = json.loads((out / RESULTS).read_text())
        before = record["settings"]
        found = Record(dict(record["results"]), dict(record["made_by"]))
    except (ValueError, LookupError, TypeError):
        raise ValueError(
            f"'{out / RESULTS}' is damaged, or no result of this benchmark; delete it to have the "
            f"results read from '{out / JOBS}' again"
        ) from None
    if difference := _narrower(before, settings):
        raise ValueError(
            f"--out '{out}' holds a benchmark of other settings ({difference}); "
            "repeat those, or name a new folder"
        )
    return found


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Nobody else works on a benchmark's folder inside; where the system cannot tell, trust.

    Raises:
        ValueError: another process is at work on it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"another benchmark is at work on --out '{out}'") from None
        yield


def folder_of(out: Path, name: str) -> Path:
    """The folder of the job `name`."""
    return out / JOBS / name


def write_job(out: Path, part: str, job: Job, made_by: Mapping[str, str]) -> Path:
    """Describe a job, and who does it, in its folder, for the process that does; the folder."""
    folder, about = folder_of(out, job.name), {"part": part, "name": job.name}
    write_json(folder / JOB, about | {"made_by": dict(made_by), "settings": job.settings})
    return folder


def read_job(folder: Path) -> tuple[str, Job]:
    """What `write_job` wrote: the part's name, and the job."""
    about = _read(folder, JOB)
    return about["part"], Job(about["name"], about["settings"])


def read_result(out: Path, job: Job) -> tuple[Result, dict[str, str]] | None:
    """The result of a job and who made it, or None where it is not done yet.

    Raises:
        ValueError: the folder holds the same job with other settings, as another version of the
            program makes, or a file that is damaged.
    """
    folder = folder_of(out, job.name)
    if not (folder / RESULT).is_file():
        return None
    about = _read(folder, JOB)
    if difference := _difference(about["settings"], json.loads(json.dumps(job.settings))):
        raise ValueError(
            f"'{folder}' was made with other settings ({difference}); delete it to do the job anew"
        )
    result = _read(folder, RESULT)
    if not isinstance(result, dict) or not result:
        raise ValueError(f"'{folder / RESULT}' is no result; delete '{folder}' to do the job anew")
    return result, about["made_by"]


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    write_whole(path, lambda part: part.write_text(text + "\n"))


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return json.loads((folder / name).read_text())
    except (OSError, ValueError):
        raise ValueError(
            f"'{folder / name}' is missing or damaged; delete '{folder}' to do the job anew"
        ) from None


def _narrower(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """The first setting that keeps a benchmark from going on, in words.

    Strategies in another order, or more of them, and more seeds only add jobs.
    """
    missing = [name for name in before["strategies"] if name not in now["strategies"]]
    if missing:
        return f"strategies had {', '.join(missing)} too"
    if before["seeds"] > now["seeds"]:
        return f"seeds was {before['seeds']} and is {now['seeds']}"
    ignored = {"strategies", "seeds"}
    old, new = ({n: v for n, v in each.items() if n not in ignored} for each in (before, now))
    return _difference(old, json.loads(json.dumps(new)))


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """The first setting that differs, in words."""
    old, new = flat_settings(dict(before)), flat_settings(dict(now))
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            return f"{name} was {old.get(name)!r:.80} and is {new.get(name)!r:.80}"
    return None
