"""The comparison as a whole: what is run, what is known already, and the report."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import torch
from tqdm import tqdm

from tgan.anomaly.series.baselines.linear import BASELINES
from tgan.anomaly.series.data import sets
from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.sets import Labelled
from tgan.anomaly.series.scoring.settings import SCORINGS
from tgan.anomaly.series.training.settings import CONFIGURATIONS
from tgan.benchmarks.tadgan.jobs import Method, do_runs, later_seeds, read_result, runs_of
from tgan.benchmarks.tadgan.methods import BaselineMethod, TadGANMethod
from tgan.benchmarks.tadgan.tables import BENCHMARKS, CHOOSING, REPORTING, Row, report
from tgan.lookup import counted
from tgan.system.files import write_whole
from tgan.system.machine import cores, processor

# Groups of sets of which every second series served to choose settings.
CHOSEN_ON = (BENCHMARKS["NAB"], BENCHMARKS["NASA"])
RESULTS, TABLES = "results.json", "tables.md"
# The folder of each set within that of the data; None of one that is simulated.
FOLDERS: dict[str, str | None] = {"nab": "nab", "nasa": "smap_msl", "ucr": "ucr", "robot": None}
_ROBOTS = 3


def _tadgan(name: str, **changes: int | str) -> TadGANMethod:
    """A configuration with changes, and its own scoring."""
    return TadGANMethod(replace(CONFIGURATIONS[name], **changes), SCORINGS[name])


METHODS: dict[str, Method] = {
    **{name: BaselineMethod(name) for name in BASELINES},
    "lstm_forecaster": BaselineMethod("lstm_forecaster", seeded=True),
    **{name: _tadgan(name) for name in CONFIGURATIONS},
    **{f"{name}_untrained": _tadgan(name, steps=0) for name in CONFIGURATIONS},
    "published_svc": _tadgan("published", constraint="svc"),
    "published_clip": _tadgan("published", constraint="weight_clip"),
}
# All but the published configuration, which takes minutes a series.
QUICK = [name for name in METHODS if not name.startswith("published")]


def read_sets(
    data: Path, names: Sequence[str], *, half: str | None = None, only: Sequence[str] = ("*",)
) -> dict[Labelled, str]:
    """The series of sets, in order of their names, with the half that each belongs to.

    Settings were chosen on every second series of NAB by order of set and name, from the first on,
    and on every second one of NASA's. The others report, as do all series of other sets.

    Args:
        data: with the folders of sets that are not simulated.
        names: in `FOLDERS`.
        half: `CHOOSING` or `REPORTING` to leave out the others.
        only: patterns of the shell, of which one matches `SET/SERIES`.

    Raises:
        ValueError: a set that is not there or cannot be read, or a pattern that matches nothing.
    """
    found: list[Labelled] = []
    for name in names:
        folder = FOLDERS[name]
        if folder is None:
            found += [robot_with_faults(seed=seed) for seed in range(_ROBOTS)]
        else:
            found += sets.SETS[name](data / folder)
    found.sort(key=lambda one: (one.group, one.name))
    halves = dict.fromkeys(found, REPORTING)
    for groups in CHOSEN_ON:
        halves |= dict.fromkeys([one for one in found if one.group in groups][::2], CHOOSING)
    for pattern in only:
        if not any(fnmatch(f"{one.group}/{one.name}", pattern) for one in found):
            groups = ", ".join(sorted({one.group for one in found}))
            raise ValueError(f"no series SET/SERIES matches '{pattern}'; the sets are {groups}")
    kept = {
        one: part
        for one, part in halves.items()
        if half in (None, part)
        and any(fnmatch(f"{one.group}/{one.name}", pattern) for pattern in only)
    }
    if not kept:
        raise ValueError(f"none of {len(found)} series is of the {half} half and of those named")
    return kept


def run(
    series: Mapping[Labelled, str],
    methods: Mapping[str, Method],
    *,
    out: Path,
    seeds: int,
    processes: int,
) -> str:
    """Do what is not done yet, write results and tables, and return the tables.

    They tell of further seeds, too, if `out` has them.

    Raises:
        ValueError: a result in `out` was made with other settings, or is damaged.
    """
    runs = runs_of(methods, list(series), seeds=seeds)
    runs += later_seeds(runs, out)
    known = {one: read_result(one, methods[one.method], out) for one in runs}
    left = [one for one, result in known.items() if result is None]
    with tqdm(total=len(runs), initial=len(runs) - len(left), unit="run") as bar:
        made_by = maker(processes)
        done = do_runs(left, methods, list(series), out=out, processes=processes, made_by=made_by)
        for one in done:
            known[one] = read_result(one, methods[one.method], out)
            bar.set_description(f"{one.method} {one.series}"[:40])
            bar.update()
    halves = {(one.group, one.name): half for one, half in series.items()}
    rows = [
        Row(one, result, halves[one.group, one.series], methods[one.method].combination)
        for one, result in known.items()
    ]
    text = report(rows, _makers(rows))
    content = [{**asdict(row.run), "half": row.half, **asdict(row.result)} for row in rows]
    write_whole(out / RESULTS, lambda part: part.write_text(json.dumps(content, indent=1)))
    write_whole(out / TABLES, lambda part: part.write_text(text))
    return text


def _makers(rows: Sequence[Row]) -> list[str]:
    """A line for each maker of results with the methods that it ran."""
    methods: dict[str, dict[str, None]] = {}
    for row in rows:
        maker = ", ".join(f"{name} {value}" for name, value in row.result.made_by.items())
        methods.setdefault(maker, {})[row.run.method] = None
    return [f"{', '.join(names)}: {maker}." for maker, names in methods.items()]


def maker(processes: int) -> dict[str, str]:
    """What results are made by and on."""
    running = counted(processes, "process", "processes")
    return {
        "commit": _commit(),
        "tgan": version("tgan-video"),
        "torch": torch.__version__,
        "processor": f"{processor()}, {counted(cores(), 'logical core')}, {running}",
    }


def _commit() -> str:
    here = Path(__file__).parent
    asked = ["git", "-C", str(here), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not from a repository"
