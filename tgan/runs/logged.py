"""What training logged, as arrays: the lines of `metrics.jsonl`."""

from pathlib import Path
from typing import Any

import numpy as np

from tgan.system.folders import parse_json, read_bytes

# Bytes of a log; a million lines are about a fifth of it.
MAX_LOG = 2**30


def read_metrics(folder: Path, name: str) -> dict[str, np.ndarray]:
    """`step` and every metric of a log: float64 arrays of the same length, NaN where not measured.

    A last line that was cut short is left out.

    Raises:
        ValueError: there is no log, or a line of it is no table of numbers with a `step`.
    """
    path = Path(folder) / name
    text = read_bytes(folder, name, at_most=MAX_LOG).decode(errors="replace")
    whole = text[: text.rfind("\n") + 1]
    rows: dict[float, dict[str, float]] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        found = _numbers(line, source=f"line {number} of '{path}'")
        rows.setdefault(found["step"], {}).update(found)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    return {
        name: np.array([row.get(name, np.nan) for row in rows.values()], float)
        for name in ["step", *(name for name in names if name != "step")]
    }


def _numbers(line: str, *, source: str) -> dict[str, float]:
    found: Any = parse_json(line, source=source)
    try:
        if not isinstance(found, dict) or "step" not in found:
            raise TypeError
        return {name: _number(value) for name, value in found.items()}
    except (TypeError, OverflowError):
        raise ValueError(f"{source} is no table of numbers with a step") from None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)
