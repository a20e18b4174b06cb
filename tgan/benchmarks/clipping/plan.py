"""Plan of the benchmark of strategies: what a user asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tgan.benchmarks.clipping.strategies import Strategy


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        config: the experiment on video that strategies are variations of, as YAML text.
        strategies: by name.
        seeds: number of training seeds per strategy, 0, 1, ...
        budget: `steps`, `seconds` or `both`: whether strategies are given equal steps or equal
            time.
        quick: cut every part down to seconds, to see that all of it runs.
    """

    config: str
    strategies: Mapping[str, Strategy]
    seeds: int = 5
    budget: str = "both"
    quick: bool = False

    def settings(self) -> dict[str, Any]:
        """All that the results depend on, fit for JSON."""
        return {
            "config": yaml.safe_load(self.config),
            "strategies": list(self.strategies),
            "seeds": self.seeds,
            "budget": self.budget,
            "quick": self.quick,
        }
