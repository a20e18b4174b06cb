"""Results of searches: levels as text and as a picture, with what they came of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tgan.data.tiles.rules import Walker
from tgan.data.tiles.text import level_text
from tgan.levels.making import LevelMaker
from tgan.levels.names import LATENTS, RESULTS, SHEET, level_name
from tgan.levels.properties import Property
from tgan.levels.repair import repair
from tgan.levels.search import Found
from tgan.media.tiles import legend, paint
from tgan.media.video import write_samples
from tgan.system.files import write_files

# Of the picture.
COLUMNS, SCALE = 4, 8


class Unplayable(ValueError):
    """No level of a search can be played."""


@dataclass(frozen=True)
class Accepted:
    """A level that a search came to, repaired or not.

    Attributes:
        level: (rows, columns) of numbers of tiles, uint8.
        found: what the search found.
        distances: of the level from each wanted property.
        changed: places that the repair changed.
    """

    level: np.ndarray
    found: Found
    distances: dict[str, float]
    changed: int

    def __str__(self) -> str:
        parts = [f"{text}: off by {distance:.3g}" for text, distance in self.distances.items()]
        repaired = f", {self.changed} places repaired" if self.changed else ""
        return f"{', '.join(parts)} ({self.found.evaluations} evaluations{repaired})"


def accepted(
    found: Found,
    maker: LevelMaker,
    properties: Sequence[Property],
    walker: Walker | None,
    *,
    repairs: bool = False,
) -> Accepted:
    """Take the level of a search, repaired where that is wanted.

    Raises:
        ValueError: (`Unplayable`) under rules it cannot be played, and is not to be repaired.
    """
    level = found.level
    if walker is not None and repairs:
        level = repair(level, maker.tiles, walker)
    elif walker is not None and found.progress != 1:
        raise Unplayable(
            f"none of {found.evaluations} levels can be played; in the best a walker comes "
            f"{found.progress:.0%} of the way"
        )
    distances = {each.text: each.distance(level) for each in properties}
    return Accepted(level, found, distances, int((level != found.level).sum()))


def write_results(
    folder: Path | str, levels: Sequence[Accepted], maker: LevelMaker, *, method: str
) -> None:
    """Write levels as text, one picture of all, their latents, and a JSON file on all of it."""
    with write_files(folder) as part:
        for number, each in enumerate(levels):
            text = level_text(each.level, maker.tiles)
            (part / level_name(number)).write_text(text, encoding="utf-8")
        stack = np.stack([each.level for each in levels])
        write_samples(
            part / SHEET,
            paint(stack, maker.tiles)[:, None],
            columns=min(COLUMNS, len(levels)),
            scale=SCALE,
            legend=lambda width: legend(maker.tiles, width),
        )
        np.save(part / LATENTS, np.stack([each.found.latent for each in levels]))
        about = {"run": str(maker.run.path), "step": maker.run.step, "method": method}
        content = about | {"levels": [_facts(each) for each in levels]}
        (part / RESULTS).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _facts(each: Accepted) -> dict[str, Any]:
    found = each.found
    return {
        "distances": each.distances,
        "evaluations": found.evaluations,
        "progress": found.progress,
        "repaired_places": each.changed,
        "distance_before_repair": found.distance,
    }
