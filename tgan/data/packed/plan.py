"""Plan of a packed folder: what all runs that fill it must agree on."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from tgan.config.reading import differences
from tgan.data.packed.index import FORMAT, PARTS_NAME, Index, Settings, write_json
from tgan.data.packed.parts import clear_unfinished
from tgan.data.videos.scan import Scan

_PLAN_NAME = "plan.json"
# Counts the ways in which videos were grouped into parts, and pictures taken, which have to be the
# same to go on.
_GROUPING = 3


def make_plan(scan: Scan, settings: Settings) -> dict:
    """Put together settings and a fingerprint of names, labels, sizes and times of change."""
    digest = hashlib.sha256()
    for source in scan.sources:
        known_by = [source.name, source.label]
        for status in map(Path.stat, source.files):
            known_by += [status.st_size, status.st_mtime_ns]
        digest.update(json.dumps(known_by).encode())
    left_out = [scan.skipped, scan.unmatched, scan.ledger.reasons]
    # How long a video has to be is a setting.
    reading = asdict(replace(scan.reading, least=1))
    digest.update(json.dumps([left_out, reading]).encode())
    return _plan_of(settings, len(scan.sources), digest.hexdigest())


def _plan_of(settings: Settings, num_sources: int, fingerprint: str) -> dict:
    return {
        "format": FORMAT,
        "grouping": _GROUPING,
        **asdict(settings),
        "videos": num_sources,
        "fingerprint": fingerprint,
    }


def check_complete(out: Path, index: Index, plan: dict) -> None:
    """Refuse a complete folder that was made by another plan.

    Raises:
        ValueError: with the settings that differ.
    """
    _check_same(out, _plan_of(index.settings, index.num_sources, index.fingerprint), plan)


def check_folder(out: Path, plan: dict) -> None:
    """Refuse a folder that holds other things than an interrupted run of the same plan.

    Raises:
        ValueError: with the settings that differ, or the files that are in the way.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out} is a file; a new or empty folder is needed")
    begun = out / PARTS_NAME / _PLAN_NAME
    if begun.exists():
        _check_same(out, json.loads(begun.read_text(encoding="utf-8")), plan)
    foreign = [path.name for path in sorted(out.iterdir()) if not _is_ours(path, begun.exists())]
    if foreign:
        names = ", ".join(foreign[:3])
        raise ValueError(f"{out} holds other files ({names}); a new or empty folder is needed")


def _is_ours(path: Path, begun: bool) -> bool:
    """Whether something in the folder is from a run that was begun, or was about to be."""
    if path.name == PARTS_NAME:
        return begun or all(".tmp-" in part.name for part in path.iterdir())
    return begun and path.match("shard-*.npy")


def _check_same(out: Path, old: dict, new: dict) -> None:
    names = new.keys() - {"fingerprint"}
    found = differences(*({n: plan.get(n) for n in new if n in names} for plan in (old, new)))
    if not found and old.get("fingerprint") != new["fingerprint"]:
        found = ["other video files or labels, axes, rates or bounds, or files changed since"]
    if found:
        raise ValueError(
            f"{out} was prepared before, but not from this: {'; '.join(found)}; choose another "
            "folder or delete it"
        )


def begin(out: Path, plan: dict) -> None:
    """Make the folder, or clear away what an interrupted run was in the middle of writing."""
    parts = out / PARTS_NAME
    parts.mkdir(parents=True, exist_ok=True)
    clear_unfinished(parts)
    if not (parts / _PLAN_NAME).exists():
        write_json(parts / _PLAN_NAME, plan, aside=parts)
