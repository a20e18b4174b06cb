"""Plan of the benchmark of cures."""

from collections.abc import Mapping
from dataclasses import dataclass

from tgan.benchmarks.collapse.cures import Cure


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        cures: by name.
        seeds: runs of each, under seeds 0, 1, ...
        quick: cut every part down to seconds, to see that all of it runs.
        config: the experiment on stacked digits that cures change, as YAML text; None without
            that part.
    """

    cures: Mapping[str, Cure]
    seeds: int = 10
    quick: bool = False
    config: str | None = None
