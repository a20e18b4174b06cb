"""Checks of an index of packed videos: types, ranges, and what has to fit together."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any

# A test of a value, and what it asks for in words.
Check = tuple[Callable[[Any], bool], str]


def _is_int(value: Any, low: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_rate(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and 0 < value < math.inf)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_text, value))


def _is_checksum(value: Any) -> bool:
    return _is_text(value) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


_POSITIVE: Check = (lambda value: _is_int(value, 1), "a whole number from 1 on")
_NATURAL: Check = (_is_int, "a whole number from 0 on")
_MAYBE_NATURAL: Check = (lambda value: value is None or _is_int(value), "a whole number or null")
_TEXT: Check = (_is_text, "a text")
_COUNTS: Check = (
    lambda value: isinstance(value, dict) and all(map(_is_int, value.values())),
    "an object of whole numbers",
)
_RATE: Check = (_is_rate, "a positive number or null")
_TEXTS: Check = (_list_of(_is_text), "a list of texts")
_PAIRS: Check = (_list_of(_is_pair), "a list of pairs of texts")

SETTINGS: dict[str, Check] = {
    "resolution": _POSITIVE,
    "channels": _POSITIVE,
    "stride": _POSITIVE,
    "min_frames": _POSITIVE,
    "aspect": _TEXT,
    "loop": _MAYBE_NATURAL,
    "fps": _RATE,
}
VIDEO: dict[str, Check] = {
    "source": _TEXT,
    "shard": _NATURAL,
    "offset": _NATURAL,
    "frames": _POSITIVE,
    "fps": _RATE,
    "width": _POSITIVE,
    "height": _POSITIVE,
    "label": _MAYBE_NATURAL,
    "remarks": _TEXTS,
}
INDEX: dict[str, Check] = {
    "settings": (lambda value: isinstance(value, dict), "an object"),
    "num_sources": _NATURAL,
    "fingerprint": _TEXT,
    "labels": _TEXTS,
    "shards": (_list_of(_POSITIVE[0]), "a list of whole numbers from 1 on"),
    "videos": (_list_of(lambda value: isinstance(value, dict)), "a list of objects"),
    "skipped": _PAIRS,
    "too_short": _PAIRS,
    "checksums": (_list_of(_is_checksum), "a list of SHA-256 in hexadecimal digits"),
    "files": _COUNTS,
    "ignored": _COUNTS,
    "not_taken": _PAIRS,
    "unmatched": _PAIRS,
    "notes": _PAIRS,
}
# Earlier versions did not write them.
_NEWER = {"fps", "remarks", "checksums", "files", "ignored", "not_taken", "unmatched", "notes"}


def check_fields(
    content: Mapping[str, Any], checks: Mapping[str, Check], kind: type, of: str
) -> None:
    """Check that a JSON object has the fields of a dataclass and no others, each of its type.

    Raises:
        ValueError: with the first field that is wrong.
    """
    known = {field.name for field in fields(kind)}
    for name in sorted((known ^ content.keys()) - _NEWER):
        raise ValueError(f"{of} {'has a' if name in content else 'lacks the'} field '{name}'")
    for name, value in content.items():
        fits, wanted = checks[name]
        if not fits(value):
            raise ValueError(f"{name} of {of} is {value!r:.50}, not {wanted}")


def check_places(index: Any) -> None:
    """Check that the videos of an index fill its shards one after the other, and have classes.

    Raises:
        ValueError: with the first video that does not fit.
    """
    shard, end = 0, 0
    for video in index.videos:
        if video.shard == shard + 1 and end == index.shards[shard]:
            shard, end = shard + 1, 0
        if video.shard != shard or video.offset != end or shard >= len(index.shards):
            raise ValueError(f"the frames of {video.source} lie elsewhere")
        end += video.frames
        if end > index.shards[shard]:
            raise ValueError(f"the frames of {video.source} lie outside their shard")
        if video.label is not None and video.label >= len(index.labels):
            raise ValueError(f"the label of {video.source} has no name")
        if video.frames < max(index.settings.min_frames, index.settings.loop or 1):
            raise ValueError(f"{video.source} has too few frames, {video.frames}")
    if index.shards and (shard, end) != (len(index.shards) - 1, index.shards[-1]):
        raise ValueError("videos do not fill the shards")


def check_counts(index: Any) -> None:
    """Check that the numbers of videos, of shards and of their checksums, and classes agree.

    Raises:
        ValueError: they do not.
    """
    kept = len(index.videos) + len(index.too_short)
    if not kept <= index.num_sources <= kept + len(index.skipped):
        raise ValueError(f"num_sources is {index.num_sources}, with {kept} videos")
    if index.files and sum(index.ignored.values()) != index.files.get("ignored", 0):
        raise ValueError("the numbers of ignored files do not add up")
    if len(index.checksums) not in (0, len(index.shards)):
        raise ValueError(f"{len(index.checksums)} checksums of {len(index.shards)} shards")
    if any(one == other for one, other in pairwise(sorted(index.labels))):
        raise ValueError("a class is listed twice")
