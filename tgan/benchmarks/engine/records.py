"""Records of a benchmark on disk: its folder, and there of each job its description and result."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tgan.benchmarks.engine.jobs import Job, Result
from tgan.config.reading import differences
from tgan.system.files import check_writable, write_whole
from tgan.system.lock import LOCK

# In the folder of a benchmark.
RESULTS, REPORT, TABLES = "results.json", "report.html", "tables.md"
JOBS = "jobs"
_OWN = {RESULTS, REPORT, TABLES, JOBS, LOCK}
# In the folder of a job.
JOB, RESULT, LOG, SCRIPT = "job.json", "result.json", "log.txt", "reproduce.py"
# Old names of settings, in job files of an earlier version.
_RENAMED = {"arm": "strategy", "arms": "strategies"}


def check_folder(out: Path, parts: Collection[str]) -> None:
    """Raise a ValueError unless a benchmark of these parts may use `out`: new, or its own."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"'{out}' is a file; name a folder")
    check_writable(out / RESULTS)
    foreign = {path_of(path.name) for path in (out / JOBS).glob("*/")} - set(map(path_of, parts))
    # A folder that has results may have got other files beside them.
    if out.is_dir() and not (out / RESULTS).is_file():
        foreign |= {path.name for path in out.iterdir()} - _OWN
    if foreign:
        some = ", ".join(sorted(foreign)[:3])
        raise ValueError(
            f"'{out}' holds something else than this benchmark ({some}); name a new folder"
        )


def path_of(job: str, file: str = "") -> str:
    """The path of a job's folder, or of a file in it, below the folder of the benchmark."""
    return str(Path(JOBS, job, file))


def write_job(out: Path, job: Job, made_by: Mapping[str, str]) -> Path:
    """Describe a job, and who does it, in its folder, for the process that does; the folder."""
    folder = out / path_of(job.name)
    about = {"name": job.name, "made_by": dict(made_by), "places": job.places}
    write_json(folder / JOB, about | {"settings": job.settings})
    return folder


def read_job(folder: Path) -> Job:
    """The job that `write_job` described."""
    about = _read(folder, JOB)
    return Job(about["name"], _settings(about), about["places"])


def read_result(out: Path, job: Job) -> tuple[Result, dict[str, str]] | None:
    """The result of a job and who made it, or None where it is not done yet.

    Raises:
        ValueError: the folder holds the same job with other settings, as another version of the
            program makes, or a file that is damaged.
    """
    folder = out / path_of(job.name)
    if not (folder / RESULT).is_file():
        return None
    about = _read(folder, JOB)
    if found := differences(_settings(about), job.settings):
        raise ValueError(
            f"'{folder}' was made with other settings ({'; '.join(found[:3])}); delete it to do "
            "the job anew"
        )
    result = _read(folder, RESULT)
    if not isinstance(result, dict) or not result:
        raise ValueError(f"'{folder / RESULT}' is no result; delete '{folder}' to do the job anew")
    return result, about["made_by"]


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    write_whole(path, lambda part: part.write_text(text + "\n"))


def _settings(about: Mapping[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in about["settings"].items()}


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return json.loads((folder / name).read_text())
    except (OSError, ValueError):
        raise ValueError(
            f"'{folder / name}' is missing or damaged; delete '{folder}' to do the job anew"
        ) from None
