"""Packing videos into a folder of memory-mapped shards, over several processes, resumably.

Every file appears under its name only when it is whole and on the disk: parts (a few videos
each) are joined into shards in the order of the sources, shards are recorded, and `index.json`
comes last. So a run killed at any moment goes on from its last part, and the result does not
depend on how many processes worked or how often they were stopped.
"""

import hashlib
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

import numpy as np

from tgan.data.account import SKIPPED, TOO_SHORT
from tgan.data.packed.index import (
    INDEX_NAME,
    PARTS_NAME,
    Index,
    PackedVideo,
    Settings,
    flush_to_disk,
    put_in_place,
    read_index,
    write_index,
    write_json,
)
from tgan.data.packed.parts import BLOCK, Job, Part, frames_path, remove_part
from tgan.data.packed.plan import begin, check_complete, check_folder, make_plan
from tgan.data.packed.shards import frames_start, shard_name
from tgan.data.packed.space import check_space
from tgan.data.packed.workers import finished_parts
from tgan.data.videos.scan import Scan, Source

# A shard is closed when it has reached this size; a video is never split.
SHARD_BYTES = 256 * 2**20
# Small videos share a part: to hand one over takes longer than to decode a small file. It is full
# with so many frames, or so many bytes of files where frames are not known, or so many videos.
_FRAMES_PER_PART, _BYTES_PER_PART, _VIDEOS_PER_PART = 1024, 4 * 2**20, 64


@dataclass(frozen=True)
class _Shard:
    """A finished shard: jobs `first` to `last`, inclusive, and what became of them together.

    `checksum` is of its file; None where no video was kept.
    """

    first: int
    last: int
    part: Part
    checksum: str | None


def pack(
    scan: Scan, out: Path, settings: Settings, *, workers: int = 1, strict: bool = False
) -> Index:
    """Decode all videos of a scan into the folder `out`, and go on where an earlier run stopped.

    A folder that is complete already, from the same videos and settings, is left as it is.
    `strict` refuses to leave out: the first video that cannot be decoded or is too short, the
    first duplicate, broken link or row of a list without a video ends the packing. What was
    decoded before is kept for the same call without it.

    Raises:
        ValueError: `out` holds other files, or was begun with other videos or settings; too
            little space; nothing to keep; under `strict`, something that is left out.
        OSError: the disk is full, or a worker process died; the finished part stays.
    """
    plan = make_plan(scan, settings)
    if (out / INDEX_NAME).exists():
        return _complete(out, plan, strict=strict)
    if strict:
        _refuse_first(scan.skipped, scan.unmatched, scan.ledger.reasons)
    parts = out / PARTS_NAME
    check_folder(out, plan)
    check_space(scan.sources, out, settings, spare=SHARD_BYTES)
    new_folders = [folder for folder in (out, *out.parents) if not folder.exists()]
    begin(out, plan)
    shards = _pack_shards(_jobs(scan.sources), out, settings, workers=workers, strict=strict)
    index = _index(scan, plan, settings, list(shards))
    if not index.videos:
        shutil.rmtree(parts)
        for folder in new_folders:
            folder.rmdir()
        raise ValueError(_nothing_kept(index))
    write_index(out, index)
    shutil.rmtree(parts)
    return index


def _complete(out: Path, plan: dict, *, strict: bool) -> Index:
    index = read_index(out)
    check_complete(out, index, plan)
    if strict:
        _refuse_first(index.skipped, index.too_short, index.unmatched, index.not_taken)
    shutil.rmtree(out / PARTS_NAME, ignore_errors=True)
    return index


def _jobs(sources: Sequence[Source]) -> list[Job]:
    """One job for a large video, one for several small ones in a row."""
    jobs, group, filled = [], [], 0.0
    for source in sources:
        group.append(source)
        filled += max(_size_of(source), 1 / _VIDEOS_PER_PART)
        if filled >= 1 or source is sources[-1]:
            jobs.append(Job(len(jobs), tuple(group)))
            group, filled = [], 0.0
    return jobs


def _size_of(source: Source) -> float:
    """How much of a part a video takes."""
    if source.num_frames is not None:
        return source.num_frames / _FRAMES_PER_PART
    return source.path.stat().st_size / _BYTES_PER_PART


def _pack_shards(
    jobs: Sequence[Job], out: Path, settings: Settings, *, workers: int, strict: bool
) -> Iterator[_Shard]:
    """Every shard in order, those of earlier runs first."""
    finished = _finished_shards(out, settings)
    for shard in finished:
        for number in range(shard.first, shard.last + 1):
            remove_part(out / PARTS_NAME, number)
        _check_strict(shard.part, strict=strict)
    yield from finished
    rest = jobs[finished[-1].last + 1 :] if finished else jobs
    done = sum(len(job.sources) for job in jobs) - sum(len(job.sources) for job in rest)
    number, group = len(finished), []
    parts = finished_parts(rest, out / PARTS_NAME, settings, workers=workers, done=done)
    with closing(parts):
        for job, part in zip(rest, parts, strict=True):
            _check_strict(part, strict=strict)
            group.append((job.number, part))
            num_bytes = sum(part.num_frames for _, part in group) * settings.frame_bytes
            if num_bytes >= SHARD_BYTES or job is rest[-1]:
                yield _write_shard(number, group, out, settings)
                number, group = number + 1, []


def _finished_shards(out: Path, settings: Settings) -> list[_Shard]:
    shards = []
    while (shard := _finished_shard(len(shards), out, settings)) is not None:
        shards.append(shard)
    return shards


def _finished_shard(number: int, out: Path, settings: Settings) -> _Shard | None:
    try:
        record = json.loads(_shard_record(out, number).read_text(encoding="utf-8"))
        part = Part(**record["part"])
        if part.num_frames:
            shape = (part.num_frames, *settings.frame_shape)
            frames_start(out / shard_name(number), shape)
        return _Shard(record["first"], record["last"], part, record["checksum"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _write_shard(
    number: int, group: Sequence[tuple[int, Part]], out: Path, settings: Settings
) -> _Shard:
    """Join parts into a shard, record it, and delete the parts."""
    parts = out / PARTS_NAME
    part, checksum = _joined([part for _, part in group]), None
    if part.num_frames:
        temporary = parts / f"{shard_name(number)}.tmp-0"
        shape = (part.num_frames, *settings.frame_shape)
        with temporary.open("wb", buffering=0) as file:
            hashed = _Hashed(file)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(hashed, header)
            for job_number, _ in group:
                with frames_path(parts, job_number).open("rb", buffering=0) as frames:
                    shutil.copyfileobj(frames, hashed, BLOCK)
            flush_to_disk(file)
        checksum = hashed.digest.hexdigest()
        put_in_place(temporary, out / shard_name(number))
    shard = _Shard(group[0][0], group[-1][0], part, checksum)
    write_json(_shard_record(out, number), asdict(shard), aside=parts)
    for job_number, _ in group:
        remove_part(parts, job_number)
    return shard


class _Hashed:
    """A file that is hashed while it is written."""

    def __init__(self, file: FileIO) -> None:
        self.digest, self._file = hashlib.sha256(), file

    def write(self, block: bytes) -> int:
        """Write all of a block."""
        self.digest.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(block)


def _shard_record(out: Path, number: int) -> Path:
    return out / PARTS_NAME / f"{shard_name(number)}.json"


def _joined(parts: Sequence[Part]) -> Part:
    return Part(
        videos=[video for part in parts for video in part.videos],
        skipped=[pair for part in parts for pair in part.skipped],
        too_short=[pair for part in parts for pair in part.too_short],
    )


def _index(scan: Scan, plan: dict, settings: Settings, shards: Sequence[_Shard]) -> Index:
    labels = sorted({source.label for source in scan.sources if source.label is not None})
    ids = {label: position for position, label in enumerate(labels)}
    videos = []
    for number, shard in enumerate(shards):
        offset = 0
        for video in shard.part.videos:
            place = {"shard": number, "offset": offset, "label": ids.get(video["label"])}
            videos.append(PackedVideo(**video | place))
            offset += video["frames"]
    whole = _joined([shard.part for shard in shards])
    fates = dict.fromkeys((name for name, _ in whole.skipped), SKIPPED)
    account = scan.account(fates | dict.fromkeys((name for name, _ in whole.too_short), TOO_SHORT))
    return Index(
        settings=settings,
        num_sources=plan["videos"],
        fingerprint=plan["fingerprint"],
        labels=labels,
        shards=[shard.part.num_frames for shard in shards if shard.part.num_frames],
        videos=videos,
        skipped=[*scan.skipped, *map(tuple, whole.skipped)],
        too_short=[tuple(pair) for pair in whole.too_short],
        checksums=[shard.checksum for shard in shards if shard.checksum is not None],
        files=dict(account.counts),
        ignored=dict(account.ignored),
        not_taken=scan.ledger.reasons,
        unmatched=scan.unmatched,
        notes=scan.notes,
    )


def _check_strict(part: Part, *, strict: bool) -> None:
    if strict:
        _refuse_first(part.skipped, part.too_short)


def _refuse_first(*left_out: Sequence[tuple[str, str]]) -> None:
    for name, reason in itertools.chain(*left_out):
        raise ValueError(f"{name}: {reason}; strict leaves nothing out")


def _nothing_kept(index: Index) -> str:
    name, reason = (index.skipped + index.too_short)[0]
    counts = f"{len(index.skipped)} skipped, {len(index.too_short)} too short"
    return f"no video was kept ({counts}), the first is {name}: {reason}"
