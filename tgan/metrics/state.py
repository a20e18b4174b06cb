"""The state of a metric between two batches, as flat tables of arrays."""

from collections.abc import Mapping

import numpy as np

State = dict[str, np.ndarray]


def join(**parts: Mapping[str, np.ndarray]) -> State:
    """One table out of several: `<part>.<name>`."""
    return {
        f"{part}.{name}": np.asarray(value)
        for part, table in parts.items()
        for name, value in table.items()
    }


def part_of(state: Mapping[str, np.ndarray], part: str) -> State:
    """What `join` was given under the name `part`."""
    prefix = f"{part}."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
