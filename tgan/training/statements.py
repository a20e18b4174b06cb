"""What a checkpoint says of itself: manifest, facts and configuration, checked field by field."""

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tgan.config import Config
from tgan.config.reading import parse_config
from tgan.system.folders import are_names, is_count, is_plain_name, parse_json, quoted, read_bytes
from tgan.training.tables import TENSORS, Damaged, read_verified

FORMAT_VERSION = 1
MANIFEST, FACTS, CONFIG = "manifest.json", "state.json", "config.yaml"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_manifest(path: Path) -> dict[str, str]:
    """SHA-256 of all files by name."""
    if not os.path.lexists(path / MANIFEST):
        raise Damaged(f"no checkpoint at '{path}'")
    try:
        manifest: Any = parse_json(read_bytes(path, MANIFEST), source=f"'{MANIFEST}'")
    except ValueError as error:
        raise Damaged(f"checkpoint '{path}' is damaged: {error}") from None
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise Damaged(
            f"checkpoint '{path}' has format {version!r:.40}; this version reads {FORMAT_VERSION}"
        )
    digests = manifest.get("sha256")
    is_table = isinstance(digests, dict) and all(
        isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests.values()
    )
    if not is_table or not {FACTS, CONFIG, f"generator{TENSORS}"} <= digests.keys():
        raise Damaged(f"checkpoint '{path}' is damaged: '{MANIFEST}' does not list its files")
    for name in digests:
        if not is_plain_name(name):
            raise Damaged(
                f"checkpoint '{path}' is damaged: '{MANIFEST}' has {quoted(name)}, which names no "
                "file of it"
            )
    return digests


def read_facts(path: Path, digests: Mapping[str, str]) -> dict[str, Any]:
    """The facts of a checkpoint: whole numbers `step` and `num_videos` are among them."""
    try:
        facts = parse_json(read_verified(path, FACTS, digests), source=f"'{FACTS}'")
    except Damaged:
        raise
    except ValueError as error:
        raise Damaged(f"checkpoint '{path}' is damaged: {error}") from None
    for name in ("step", "num_videos"):
        if not isinstance(facts, dict) or not is_count(facts.get(name)):
            raise Damaged(f"checkpoint '{path}' is damaged: '{FACTS}' has no whole number '{name}'")
    return facts


def read_config(path: Path, digests: Mapping[str, str]) -> tuple[str, Config]:
    """The configuration of a checkpoint, as text and as settings."""
    content = read_verified(path, CONFIG, digests)
    try:
        text = content.decode()
        if not text.strip():
            raise ValueError(f"'{CONFIG}' is empty")
        settings = deepcopy(_parsed(text))
    except ValueError as error:
        reason = f"'{CONFIG}' is no text" if isinstance(error, UnicodeDecodeError) else error
        raise Damaged(f"checkpoint '{path}' cannot be used: {reason}") from None
    settings.data.download = False
    return text, settings


@lru_cache(maxsize=8)
def _parsed(text: str) -> Config:
    # All checkpoints of a run have the same.
    return parse_config(text, source=f"'{CONFIG}'")


def read_classes(path: Path, facts: Mapping[str, Any], config: str) -> tuple[str, ...]:
    """The names of the classes of a checkpoint; version 0.1 had them among its settings."""
    found = facts["classes"] if "classes" in facts else _classes_of_old(config)
    if not are_names(found):
        raise Damaged(f"checkpoint '{path}' is damaged: its classes are no list of different names")
    return tuple(found)


def _classes_of_old(config: str) -> Any:
    data = yaml.safe_load(config).get("data")
    return (data.get("labels") if isinstance(data, dict) else None) or []
